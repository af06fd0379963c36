"""Which ready-made segments the company's data can fill, and how large they would be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from customers.enums import Channel, ConsentState
from customers.models import Consent, Customer, EventAggregate, Topic
from customers.ports import fields
from customers.ports.fields import Field, FieldType
from customers.segments.queries import run
from customers.segments.rules import recipes
from customers.segments.rules.parse import BadDefinition, parse
from customers.segments.rules.recipes import Known, Recipe

RFM = "metrics.rfm"


def fitting() -> list[Recipe]:
    """The recipes whose fields, events and topics hold anything, in the order of the gallery."""
    found = [recipe for recipe in recipes.all_of(_known()) if _is_readable(recipe)]
    keys = {key for recipe in found for key in recipes.fields(recipe.definition)}
    names = {name for recipe in found for name in recipes.events(recipe.definition)}
    held = _held(sorted(keys), sorted(names))
    return [recipe for recipe in found if _needs(recipe) <= held]


def sizes(found: Sequence[Recipe], at: datetime) -> dict[str, int]:
    """How many customers each recipe would have, by its key; one statement for all of them."""
    statements = [run.compiled(recipe.definition, at) for recipe in found]
    if not statements:
        return {}
    columns = ", ".join(f"(SELECT COUNT(*) FROM ({item.text}) c{number})" for number, item in enumerate(statements))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}", [value for item in statements for value in item.params])
        return {recipe.key: int(count) for recipe, count in zip(found, cursor.fetchone(), strict=True)}


def _needs(recipe: Recipe) -> set[str]:
    """Everything a recipe asks about; what a rule `none` asks about may be missing from the data altogether."""
    return recipes.fields(recipe.definition) | recipes.events(_without_none(recipe.definition))


def _without_none(raw: dict[str, Any]) -> dict[str, Any]:
    rules = [_without_none(rule) for rule in raw.get("rules", ()) if rule.get("match") != "none"]
    return raw | ({"rules": rules} if "rules" in raw else {})


def _is_readable(recipe: Recipe) -> bool:
    try:
        parse(recipe.definition)
    except BadDefinition:  # a field of an app that is not installed
        return False
    return True


def _known() -> Known:
    granted = Consent.objects.filter(topic=OuterRef("pk"), channel=Channel.EMAIL, state=ConsentState.GRANTED)
    topics = Topic.objects.filter(Exists(granted)).order_by("id").values_list("slug", "name")
    choices = fields.get(RFM).choices if fields.has(RFM) else None
    return Known(list(topics), choices() if choices else [])


def _held(keys: list[str], names: list[str]) -> set[str]:
    """Those of these fields and events of which there is any, in one statement."""
    asked: dict[str, QuerySet[Any]] = {key: _valued(fields.get(key)) for key in keys}
    asked |= {name: EventAggregate.objects.filter(name=name) for name in names}
    columns = {f"has_{number}": Exists(rows) for number, rows in enumerate(asked.values())}
    row = Customer.objects.order_by("pk").annotate(**columns).values_list(*columns).first() or ()  # nobody: nothing
    return {key for key, is_held in zip(asked, row, strict=False) if is_held}


def _valued(field: Field) -> QuerySet[Any]:
    """The rows of a field that say anything: 0 and an empty text do not."""
    rows = field.rows()
    if field.type in (FieldType.NUMBER, FieldType.MONEY) and field.missing == 0:
        return rows.filter(**{f"{field.value}__gt": 0})
    if field.type in (FieldType.TEXT, FieldType.CHOICE):
        return rows.filter(**{f"{field.value}__gt": ""})
    return rows.filter(**{f"{field.value}__isnull": False})
