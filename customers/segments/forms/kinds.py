"""Which type of value each condition of a draft compares, and the words of the builder's own choices."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.forms.draft import Draft
from customers.segments.rules.operators import ATTRIBUTE_TYPES, OPERATORS, ZERO_MEASURES, event_measure_type, order_type

Choices = list[tuple[str, str]]
Words = list[tuple[str, Any]]  # labels are translated when shown
WITHOUT_EMPTY = frozenset({"empty", "not_empty"})
AMOUNT = "amount"

MEASURES: Words = [
    ("sum", _("the total of")), ("avg", _("the average of")), ("min", _("the smallest")), ("max", _("the largest")),
    ("distinct", _("the number of different")), ("days", _("the number of days on which they did")),
]  # fmt: skip
MESSAGES: Words = [
    ("sent", _("was sent")), ("delivered", _("received")), ("opened", _("opened")), ("clicked", _("clicked in")),
    ("bounced", _("did not get (bounced)")), ("complained", _("reported as spam")), ("unsubscribed", _("unsubscribed by")),
]  # fmt: skip
TIMES: Words = [
    ("at_least", _("at least")), ("at_most", _("at most")), ("exactly", _("exactly")), ("between", _("between")),
    ("never", _("never")),
]  # fmt: skip
MEMBERSHIP: Words = [("in", _("is in")), ("not_in", _("is not in")), ("entered", _("entered")), ("left", _("left"))]
UNITS: Words = [("days", _("days")), ("hours", _("hours"))]
STEP_UNITS: Words = [*UNITS, ("minutes", _("minutes"))]
WINDOWS: Words = [("", _("at any time")), ("days", _("in the last")), ("dates", _("between dates"))]
WHICH: Words = [("last", _("the last time")), ("first", _("the first time"))]
SHARES: Words = [("", _("the first")), ("range", _("the share from"))]
DID: Words = [("true", _("then did")), ("false", _("then did not"))]
SEQUENCE: Words = [("did", _("did all of it")), ("did_not", _("did not do all of it"))]


def compared(draft: Draft) -> FieldType | None:
    """The type of the value that a condition compares; None when it compares none."""
    what, _, key = draft.get("what", "").partition(":")
    if what == "field":
        return fields.get(key).type if fields.has(key) else FieldType.TEXT
    if what == "attribute":
        return typed(draft.get("as", ""))
    if what == "event_time":
        return FieldType.DATETIME
    if what == "orders":
        return order_type(draft.get("measure", ""))
    if what == "event_measure":
        return event_measure_type(draft.get("measure", ""), draft.get("property", "").strip())
    return None


def of_property(item: Draft) -> FieldType:
    """The type of a property condition; the amount of an event is money."""
    return FieldType.MONEY if item.get("property", "").strip() == AMOUNT else typed(item.get("as", ""))


def typed(text: str) -> FieldType:
    """The type that an attribute or property is read as; text unless one was chosen."""
    return FieldType(text) if text in [item.value for item in ATTRIBUTE_TYPES] else FieldType.TEXT


def hidden(draft: Draft) -> frozenset[str]:
    """Operators that make no sense for a condition."""
    begins = {"orders": "count", "event_measure": "sum"}.get(draft.get("what", ""))
    return WITHOUT_EMPTY if begins and (draft.get("measure") or begins) in ZERO_MEASURES else frozenset()


def operator(draft: Draft, kind: FieldType) -> str:
    """The operator chosen, or the first of the type when the draft came from another type."""
    op = draft.get("op", "")
    return op if op in OPERATORS[kind] and op not in hidden(draft) else next(iter(OPERATORS[kind]))
