"""What the webhooks of Shopify mean. Shapes: shopify.dev, REST Admin resources order, customer and refund.

An order counts once it is paid; test orders never. Its total is what the customer paid for the goods: net of discounts,
without tax and shipping, as placed (Shopify's own definition of the average order value since 2023-01-09). Refunds are
counted the same way: the goods given back and amounts off them, without tax and shipping. Amounts are in the currency of
the shop; the currency shown to the customer plays no part.
"""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from customers.enums import Channel, DataRequestKind
from customers.imports.rules import values
from customers.sources.rules import bodies, reading
from customers.sources.rules.facts import (
    Answer,
    Asked,
    Cancelled,
    Fact,
    Line,
    MoneyBack,
    PaidOrder,
    Person,
    Reading,
    Unusable,
)

TOPICS = (
    "customers/create", "customers/update", "customers/delete",
    "orders/create", "orders/paid", "orders/updated", "orders/cancelled", "refunds/create",
    "customers/data_request", "customers/redact", "shop/redact",
)  # fmt: skip
PAID = ("paid", "partially_refunded", "refunded")
CONSENTS = ((Channel.EMAIL.value, "email_marketing_consent"), (Channel.SMS.value, "sms_marketing_consent"))


def occurred_at(payload: Mapping[str, Any]) -> datetime | None:
    return reading.moment(payload, "updated_at", "created_at", "processed_at")


def read(topic: str, payload: Mapping[str, Any], occurred: datetime) -> Reading:
    """The facts of one webhook. `occurred` stands in for the version of a payload without one. Raises `Unusable`."""
    if topic in ("customers/create", "customers/update"):
        return _customer(payload, occurred)
    if topic == "customers/delete":
        return Reading(
            (), reading.identifier(payload, "id"), "Deleted in Shopify. The customer stays here; erase on request."
        )
    if topic.startswith("orders/"):
        return _order(payload, occurred)
    if topic == "refunds/create":
        order = reading.identifier(payload, "order_id")
        if not order:
            raise Unusable("The refund does not name its order.")
        refund = _refund(payload, order)
        return Reading(
            (refund,) if refund else (), "", "" if refund else "No goods and no amount off them were given back."
        )
    if topic in ("customers/data_request", "customers/redact"):
        return _asked(topic, payload)
    if topic == "shop/redact":
        text = "The app was removed, and Shopify asks to erase the shop's customers. Decide, then set this aside."
        return Reading(staff=text)
    return Reading((), "", f"{topic or 'This topic'} is not taken in.")


def _version(payload: Mapping[str, Any], occurred: datetime) -> datetime:
    """The moment of the last change; payloads of the same second are ordered by their contents, not by arrival."""
    return reading.later(occurred_at(payload) or occurred, 0, bodies.digest(payload))


def _customer(payload: Mapping[str, Any], occurred: datetime) -> Reading:
    source_id = reading.identifier(payload, "id")
    if not source_id:
        raise Unusable("The customer has no id.")
    notes: list[str] = []
    person = _person(payload, source_id, occurred, notes)
    return Reading((person, *_answers(payload, person)), source_id, notes=tuple(notes))


def _person(payload: Mapping[str, Any], source_id: str, occurred: datetime, notes: list[str]) -> Person:
    address = reading.part(payload, "default_address")
    code = reading.text(address, "country_code") or reading.text(address, "country")
    country = reading.cleaned("The country", code, values.country, notes)
    phone = reading.text(payload, "phone") or reading.text(address, "phone")
    found = {
        "first_name": reading.text(payload, "first_name", 120),
        "last_name": reading.text(payload, "last_name", 120),
        "phone": reading.cleaned("The phone number", phone, lambda cell: values.phone(cell, country), notes),
        "country": country,
        "city": reading.text(address, "city", 120),
        "company": reading.text(address, "company", 200),
    }
    tags = reading.text(payload, "tags", 1000)
    return Person(
        source_id,
        _version(payload, occurred),
        reading.cleaned("The e-mail address", reading.text(payload, "email", 300), values.email, notes),
        {name: value for name, value in found.items() if value},
        {"shopify_tags": tags} if tags else {},
        reading.moment(payload, "created_at"),
    )


def _answers(payload: Mapping[str, Any], person: Person) -> list[Answer]:
    """What the person answered in the shop: only "subscribed" and "unsubscribed", and only with its moment."""
    found = []
    for channel, name in CONSENTS:
        consent = reading.part(payload, name)
        state, at = reading.text(consent, "state").lower(), reading.moment(consent, "consent_updated_at")
        if state in ("subscribed", "unsubscribed") and at is not None:
            level = reading.text(consent, "opt_in_level", 60)
            wording = f"Shopify: {state}" + (f", {level}" if level else "")
            found.append(Answer(person, channel, state == "subscribed", at, wording))
    at = reading.moment(payload, "accepts_marketing_updated_at")
    if "email_marketing_consent" not in payload and at is not None and isinstance(payload.get("accepts_marketing"), bool):
        is_granted = bool(payload["accepts_marketing"])
        level = reading.text(payload, "marketing_opt_in_level", 60)
        wording = f"Shopify: {'accepts marketing' if is_granted else 'does not accept marketing'}"
        found.append(Answer(person, Channel.EMAIL.value, is_granted, at, wording + (f", {level}" if level else "")))
    return found


def order_number(order_id: str) -> str:
    return f"shopify-{order_id}"[:80]


def _order(payload: Mapping[str, Any], occurred: datetime) -> Reading:
    order_id = reading.identifier(payload, "id")
    if not order_id:
        raise Unusable("The order has no id.")
    buyer = reading.part(payload, "customer")
    subject = reading.identifier(buyer, "id")
    if payload.get("test") is True:
        return Reading((), subject, "A test order; it does not count.")
    if reading.text(payload, "financial_status").lower() not in PAID:
        state = reading.text(payload, "financial_status", 40) or "not paid"
        return Reading((), subject, f"The order is {state.replace('_', ' ')}; it counts once it is paid.")
    notes: list[str] = []
    person = _buyer(payload, buyer, subject, occurred, notes)
    if person is None:
        return Reading((), subject, "The order names neither a customer nor an e-mail address.")
    order = _paid(payload, order_id, person, occurred)
    facts: list[Fact] = [person, order]
    for item in reading.items(payload, "refunds"):
        refund = _refund(item, order_id)
        if refund:
            facts.append(refund)
    if cancelled_at := reading.moment(payload, "cancelled_at"):
        facts.append(Cancelled(order.number, cancelled_at))
    if subject and buyer:
        facts += _answers(buyer, person)
    return Reading(tuple(facts), subject, notes=tuple(notes))


def _buyer(
    payload: Mapping[str, Any], buyer: Mapping[str, Any], subject: str, occurred: datetime, notes: list[str]
) -> Person | None:
    if subject:
        return _person(buyer, subject, occurred_at(payload) or occurred, notes)
    email = reading.text(payload, "email", 300) or reading.text(payload, "contact_email", 300)
    address = reading.cleaned("The e-mail address", email, values.email, notes)
    if not address:
        return None
    billing = reading.part(payload, "billing_address")
    named = {name: reading.text(billing, name, 120) for name in ("first_name", "last_name")}
    return Person("", _version(payload, occurred), address, {name: value for name, value in named.items() if value})


def _paid(payload: Mapping[str, Any], order_id: str, person: Person, occurred: datetime) -> PaidOrder:
    code = reading.currency(payload, "currency")
    has_tax_inside = payload.get("taxes_included") is True
    lines, gross, tax = [], 0, 0
    for item in reading.items(payload, "line_items"):
        quantity = reading.whole(item, "quantity") or 0
        price = reading.minor_or(item, "price", code)
        own_tax = sum(reading.minor_or(rate, "price", code) for rate in reading.items(item, "tax_lines"))
        gross += price * max(quantity, 0)
        tax += own_tax
        if quantity < 1 or price < 0:
            continue
        unit = price - (round(Fraction(own_tax, quantity)) if has_tax_inside else 0)
        lines.append(Line(_sku(item), quantity, unit, _title(item), reading.text(item, "product_type", 120)))
    discount = reading.minor_or(payload, "total_discounts", code)
    subtotal = reading.minor(payload, "subtotal_price", code) if reading.text(payload, "subtotal_price") else None
    if subtotal is None:
        if not lines:
            raise Unusable("The order says neither its subtotal nor its lines.")
        subtotal = gross - discount
    total = subtotal - (tax if has_tax_inside else 0)
    if total < 0 or discount < 0:
        raise Unusable("The order comes to less than nothing.")
    placed_at = reading.moment(payload, "processed_at", "created_at") or occurred
    return PaidOrder(order_number(order_id), person, placed_at, code, total, discount, tuple(lines), has_tax_inside)


def _sku(item: Mapping[str, Any]) -> str:
    known = reading.text(item, "sku", 80)
    variant, product = reading.identifier(item, "variant_id"), reading.identifier(item, "product_id")
    return known or (f"shopify-{variant or product}"[:80] if variant or product else "shopify-custom-item")


def _title(item: Mapping[str, Any]) -> str:
    title, variant = reading.text(item, "title"), reading.text(item, "variant_title", 100)
    return f"{title} – {variant}"[:200] if variant and variant != "Default Title" else title


def _refund(refund: Mapping[str, Any], order_id: str) -> MoneyBack | None:
    """Goods given back and amounts off them; None when neither was (shipping alone, an order edited before payment)."""
    number = reading.identifier(refund, "id")
    at = reading.moment(refund, "created_at", "processed_at")
    if not number or at is None:
        raise Unusable("The refund has no id or no moment.")
    lines = reading.items(refund, "refund_line_items")
    adjustments = reading.items(refund, "order_adjustments")
    code = _refund_currency(lines, adjustments, refund)
    amount = tax = 0
    for line in lines:
        amount += reading.minor_or(line, "subtotal", code)
        tax += reading.minor_or(line, "total_tax", code)
    for adjustment in adjustments:
        if reading.text(adjustment, "kind") != "shipping_refund":
            amount -= reading.minor_or(adjustment, "amount", code)
    if not lines and not adjustments:
        given = [item for item in reading.items(refund, "transactions") if _is_given(item)]
        amount = sum(reading.minor_or(item, "amount", code) for item in given)
    if amount <= 0:
        return None
    return MoneyBack(f"shopify-refund-{number}"[:80], order_number(order_id), at, amount, max(tax, 0), code)


def _is_given(transaction: Mapping[str, Any]) -> bool:
    is_refund = reading.text(transaction, "kind") in ("refund", "void")
    return is_refund and reading.text(transaction, "status") in ("success", "")


def _refund_currency(lines: list[dict[str, Any]], adjustments: list[dict[str, Any]], refund: Mapping[str, Any]) -> str:
    """The currency of the shop, which refunds name only inside of their amounts."""
    for holder, name in ((lines, "subtotal_set"), (adjustments, "amount_set")):
        for item in holder:
            code = reading.text(reading.part(item, name, "shop_money"), "currency_code")
            if code:
                return reading.currency({"currency": code}, "currency")
    for item in reading.items(refund, "transactions"):
        if reading.text(item, "currency"):
            return reading.currency(item, "currency")
    raise Unusable("The refund names no currency.")


def _asked(topic: str, payload: Mapping[str, Any]) -> Reading:
    person = reading.part(payload, "customer")
    source_id, email = reading.identifier(person, "id"), reading.text(person, "email", 254).lower()
    if not source_id and not email:
        raise Unusable("The request does not say whom it is about.")
    kind = DataRequestKind.EXPORT if topic.endswith("data_request") else DataRequestKind.ERASURE
    return Reading((Asked(kind.value, source_id, email),), source_id)
