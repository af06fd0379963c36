"""What can be asked of a value of each type, in the words of the screen."""

from dataclasses import dataclass
from enum import StrEnum

from customers.ports.fields import FieldType


class Takes(StrEnum):
    """The kind of value that an operator needs."""

    NOTHING = "nothing"
    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    NUMBERS = "numbers"  # two: from and to
    DATE = "date"
    DATES = "dates"  # two: from and to
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Operator:
    """`label` stands between the name and the value: "Country *is any of* DE, FR"."""

    key: str
    label: str
    takes: Takes


def _table(*rows: tuple[str, str, Takes]) -> dict[str, Operator]:
    return {key: Operator(key, label, takes) for key, label, takes in rows}


_EMPTY = (("empty", "is empty", Takes.NOTHING), ("not_empty", "has any value", Takes.NOTHING))
_TEXT = _table(
    ("is", "is", Takes.TEXT),
    ("is_not", "is not", Takes.TEXT),
    ("any_of", "is any of", Takes.TEXTS),
    ("none_of", "is none of", Takes.TEXTS),
    ("contains", "contains", Takes.TEXT),
    ("not_contains", "does not contain", Takes.TEXT),
    ("starts", "starts with", Takes.TEXT),
    ("ends", "ends with", Takes.TEXT),
    *_EMPTY,
)
_NUMBER = _table(
    ("at_least", "is at least", Takes.NUMBER),
    ("at_most", "is at most", Takes.NUMBER),
    ("more", "is more than", Takes.NUMBER),
    ("less", "is less than", Takes.NUMBER),
    ("is", "is exactly", Takes.NUMBER),
    ("is_not", "is not", Takes.NUMBER),
    ("between", "is between", Takes.NUMBERS),
    *_EMPTY,
)
_DATE = _table(
    ("in_last", "is in the last", Takes.DAYS),
    ("more_ago", "is more than", Takes.DAYS),
    ("days_ago", "was exactly", Takes.DAYS),
    ("in_next", "is in the next", Takes.DAYS),
    ("in_days", "is in exactly", Takes.DAYS),
    ("before", "is before", Takes.DATE),
    ("after", "is after", Takes.DATE),
    ("on", "is on", Takes.DATE),
    ("between", "is between", Takes.DATES),
    ("anniversary_next", "has its anniversary in the next", Takes.DAYS),
    ("anniversary_on", "has its anniversary in exactly", Takes.DAYS),
    *_EMPTY,
)
_CHOICE = _table(
    ("is", "is", Takes.TEXT),
    ("is_not", "is not", Takes.TEXT),
    ("any_of", "is any of", Takes.TEXTS),
    ("none_of", "is none of", Takes.TEXTS),
    *_EMPTY,
)
_BOOLEAN = _table(("true", "is yes", Takes.NOTHING), ("false", "is no", Takes.NOTHING), *_EMPTY)

OPERATORS: dict[FieldType, dict[str, Operator]] = {
    FieldType.TEXT: _TEXT,
    FieldType.CHOICE: _CHOICE,
    FieldType.NUMBER: _NUMBER,
    FieldType.MONEY: _NUMBER,
    FieldType.DATE: _DATE,
    FieldType.DATETIME: _DATE,
    FieldType.BOOLEAN: _BOOLEAN,
}
ATTRIBUTE_TYPES = (FieldType.TEXT, FieldType.NUMBER, FieldType.DATE, FieldType.DATETIME, FieldType.BOOLEAN)
COUNTS = {"at_least": "at least", "at_most": "at most", "exactly": "exactly", "between": "between"}
MEASURES = {
    "count": "Number of orders", "total": "Amount spent", "items": "Pieces bought", "average": "Average order value",
    "largest": "Largest order", "products": "Number of different products", "first_at": "First order",
    "last_at": "Last order",
}  # fmt: skip
EVENT_MEASURES = {
    "sum": "Sum", "avg": "Average", "min": "Smallest", "max": "Largest", "distinct": "Number of different values",
    "days": "Number of different days",
}  # fmt: skip
# Measures that are 0 where there is nothing to measure; the others have no value then.
ZERO_MEASURES = frozenset({"count", "total", "items", "products", "sum", "distinct", "days"})
MESSAGES = {
    "sent": "Was sent", "delivered": "Received", "opened": "Opened", "clicked": "Clicked in", "bounced": "Bounced on",
    "complained": "Reported as spam", "unsubscribed": "Unsubscribed through",
}  # fmt: skip
SOURCE_KINDS = ("campaign", "journey")
MEMBERSHIP = {"in": "is in", "not_in": "is not in", "entered": "entered", "left": "left"}
CONSENT_STATES = {"granted": "has subscribed", "denied": "has declined", "unasked": "was never asked"}

# Operators that are true of a customer without a value, and what they deny.
OPPOSITES = {"is_not": "is", "none_of": "any_of", "not_contains": "contains", "empty": "not_empty"}


def order_type(measure: str) -> FieldType:
    """What a measure of orders is compared with."""
    if measure in ("first_at", "last_at"):
        return FieldType.DATETIME
    return FieldType.MONEY if measure in ("total", "average", "largest") else FieldType.NUMBER


def event_measure_type(measure: str, key: str) -> FieldType:
    """What a measure of an event's property is compared with: `amount` is money, unless different values are counted."""
    return FieldType.MONEY if key == "amount" and measure not in ("distinct", "days") else FieldType.NUMBER
