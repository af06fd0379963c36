"""A customer with a row in every table that has a key to a customer, made by looking at the models themselves."""

import itertools
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from django.apps import apps
from django.db import models

from customers.models import Customer

MARK = "Quasimodo"
OWN = ("customers", "campaigns", "loyalty", "referrals", "surveys", "metrics")
numbers = itertools.count(1000)
# What the constraints of a table ask for and chance does not give.
FIXED = {
    "campaigns.Enrolment": {"state": "exited", "due_at": None},
    "surveys.Response": {"score": 9, "band": "promoter", "state": "confirmed"},
    "surveys.LatestScore": {"score": 9, "band": "promoter"},
    "loyalty.Lot": {"granted": 5, "remaining": 5},
    "loyalty.Account": {"deficit": 0},
    "loyalty.Entry": {"reverses": None, "kind": "bonus"},
    "referrals.Code": {"leads_to": None},
    "referrals.Programme": {"is_active": False},
    "customers.SegmentTouch": {"name": MARK},
    "customers.Subscription": {"status": "active"},
    "customers.Suppression": {"channel": "email"},
    "customers.DataRequest": {"file": "", "kind": "export", "state": "done"},
}


def with_a_key():
    """Models of the product with a direct key to a customer and a text of their own."""
    return [
        model for model in apps.get_models()
        if any(field.related_model is Customer for field in model._meta.concrete_fields) and _texts(model)
    ]  # fmt: skip


def _texts(model):
    label = model._meta.label
    return [field for field in model._meta.concrete_fields if _is_text(field) and field.name not in FIXED.get(label, {})]


def _is_text(field):
    if isinstance(field, models.JSONField):
        return True
    return (
        isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and (field.max_length or 99) >= len(MARK) + 4
    )


def _keyed():
    direct = [m for m in apps.get_models() if any(f.related_model is Customer for f in m._meta.concrete_fields)]
    below = [
        model for model in apps.get_models()
        if model not in direct and model is not Customer and model._meta.app_label in OWN
        and any(field.related_model in direct for field in model._meta.concrete_fields)
    ]  # fmt: skip
    return [*direct, *below]


def person(at):
    """The customer; every text that can hold words holds `MARK`."""
    made = {}
    customer = build(
        Customer, at, made, {"email": f"{MARK}@example.com".lower(), "market": "", "stage": "", "usage_level": ""}
    )
    made[Customer] = customer
    for model in _keyed():
        if model not in made:
            made[model] = build(model, at, made)
    return customer


def build(model, at, made, values=None, *, is_marked=True):
    """One row with a value in every column."""
    chosen = {**FIXED.get(model._meta.label, {}), **(values or {})}
    if model._meta.label == "referrals.Referral":  # the person is the friend: nobody refers themselves
        chosen["advocate"] = Customer.objects.create(first_name="Bob", created_at=at, updated_at=at)
    for field in model._meta.concrete_fields:
        if field.name in chosen or (field.primary_key and not field.is_relation):
            continue
        chosen[field.name] = _value(field, at, made, is_marked)
    row = model(**chosen)
    row.save(force_insert=True)
    made.setdefault(model, row)
    return row


def _value(field, at, made, is_marked):
    number = next(numbers)
    if field.is_relation:
        target = field.related_model
        if target in made:
            return made[target]
        if target._meta.app_label not in OWN or (field.null and target is field.model):
            return None
        return build(target, at, made, is_marked=target in _keyed())
    if field.has_default() and not (is_marked and _is_text(field)):
        return field.get_default()
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.FileField):
        return ""
    if isinstance(field, models.JSONField):
        return {"word": f"{MARK} {number}"} if is_marked else field.get_default()
    if isinstance(field, models.EmailField):
        return f"{MARK}{number}@example.com".lower() if is_marked else "x@example.com"
    if isinstance(field, models.CharField | models.TextField):
        text = f"{MARK}{number}" if is_marked and _is_text(field) else f"x{number}"
        return text[-(field.max_length or 99) :]
    if isinstance(field, models.DateTimeField):
        return at - timedelta(days=1)
    if isinstance(field, models.DateField):
        return at.date()
    if isinstance(field, models.DecimalField):
        return Decimal(1)
    if isinstance(field, models.UUIDField):
        return uuid5(UUID(int=0), str(number))
    return False if isinstance(field, models.BooleanField) else 1
