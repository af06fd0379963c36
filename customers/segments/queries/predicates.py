"""A test on a value as a condition of the ORM.

Two-valued by construction: a condition built here is true or not true, never unknown in effect, and `holds_without_value`
says what a customer without a value gets. Lookups come from the tables below, never from a definition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import CharField, F, Func, IntegerField, Q
from django.db.models.functions import ExtractDay, ExtractMonth, Substr, TruncDate
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IEndsWith,
    In,
    IsNull,
    IStartsWith,
    LessThan,
    LessThanOrEqual,
)

from config.kit.clock import zone as zone_of
from customers.ports.fields import FieldType
from customers.segments.queries.expressions import IsNotTrue, JsonText, TextAsDay, TextAsMoment, TextAsNumber
from customers.segments.rules import windows
from customers.segments.rules.operators import OPPOSITES
from customers.segments.rules.tree import Test

TEXTUAL = (FieldType.TEXT, FieldType.CHOICE)
NUMERIC = (FieldType.NUMBER, FieldType.MONEY)
YES, NO = ("true", "yes", "1"), ("false", "no", "0")
Lookup = Callable[[Any, Any], Any]
TEXT_LOOKUPS: dict[str, Lookup] = {"is": Exact, "contains": IContains, "starts": IStartsWith, "ends": IEndsWith}
NUMBER_LOOKUPS: dict[str, Lookup] = {
    "at_least": GreaterThanOrEqual, "at_most": LessThanOrEqual, "more": GreaterThan, "less": LessThan, "is": Exact,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """When a definition is evaluated, and in which time zone its days lie."""

    at: datetime
    zone: str


def holds_without_value(test: Test) -> bool:
    """Whether a test is true of a customer who has no value at all: of the negative ones only."""
    return test.op in OPPOSITES


def condition(value: Any, test: Test, moment: Moment) -> Q:
    """The condition that a column (or expression) passes the test. NULL is no value, and so is an empty text."""
    positive = OPPOSITES.get(test.op)
    if positive is None:
        return _positive(value, test, moment)
    return Q(IsNotTrue(_positive(value, Test(test.type, positive, test.value), moment)))


def json_condition(column: Any, key: str, test: Test, moment: Moment) -> Q:
    """The same for a key of a JSON column. A value of another type than the test's is no value."""
    positive = OPPOSITES.get(test.op)
    if positive is not None:
        return Q(IsNotTrue(json_condition(column, key, Test(test.type, positive, test.value), moment)))
    text = JsonText(column, key, is_scalar=_is_scalar(test))
    if test.type in NUMERIC:
        return _positive(TextAsNumber(text), test, moment)
    if test.type is FieldType.BOOLEAN:
        answers = {"true": YES, "false": NO}.get(test.op, YES + NO)
        return Q(In(Func(text, function="LOWER", output_field=CharField()), list(answers)))
    if test.type is FieldType.DATE:
        return _dated_text(TextAsDay(text), test, moment)
    if test.type is FieldType.DATETIME:
        return _positive(TextAsMoment(text), test, moment) | _midnight(TextAsDay(text, is_whole=True), test, moment)
    return _positive(text, test, moment)


def told_within(column: str, key: str, low: datetime, high: datetime, zone: str) -> Q:
    """The condition that a key of a JSON column tells a moment from `low` to `high`, both included."""
    text = JsonText(F(column), key, is_scalar=True)
    days = windows.midnights(windows.Range(low, high), zone)
    first, last = (day.isoformat() if day else None for day in (days.low, days.high))
    return within(TextAsMoment(text), windows.Range(low, high)) | within(
        TextAsDay(text, is_whole=True), windows.Range(first, last)
    )


def _is_scalar(test: Test) -> bool:
    """Whether the text of a list or an object ("[…", "{…") can never pass a positive test."""
    if test.type not in TEXTUAL:
        return True
    if test.op not in ("is", "any_of"):
        return False
    return not any(text.startswith(("[", "{")) for text in (test.value if test.op == "any_of" else (test.value,)))


def within(value: Any, found: windows.Range[Any]) -> Q:
    """The condition that a value lies in a range."""
    result = Q()
    if found.low is not None:
        result &= Q((GreaterThan if found.without_low else GreaterThanOrEqual)(value, found.low))
    if found.high is not None:
        result &= Q((LessThan if found.without_high else LessThanOrEqual)(value, found.high))
    return result


def number(value: Any, test: Test) -> Q:
    """The condition that a number passes the test."""
    if test.op == "between":
        return Q(GreaterThanOrEqual(value, test.value[0])) & Q(LessThanOrEqual(value, test.value[1]))
    if test.op == "is_not":
        return Q(IsNotTrue(Q(Exact(value, test.value))))
    return Q(NUMBER_LOOKUPS[test.op](value, test.value))


def _positive(value: Any, test: Test, moment: Moment) -> Q:
    if test.op == "not_empty":
        return Q(GreaterThan(value, "")) if test.type in TEXTUAL else Q(IsNull(value, False))
    if test.type in TEXTUAL:
        return Q(In(value, list(test.value))) if test.op == "any_of" else Q(TEXT_LOOKUPS[test.op](value, test.value))
    if test.type in NUMERIC:
        return number(value, test)
    if test.type is FieldType.BOOLEAN:
        return Q(Exact(value, test.op == "true"))
    return _dated(value, test, moment)


def _dated(value: Any, test: Test, moment: Moment) -> Q:
    is_day = test.type is FieldType.DATE
    if test.op not in windows.ANNIVERSARIES:
        return within(value, (windows.days if is_day else windows.moments)(test, moment.at, moment.zone))
    today, days = windows.anniversaries(test, moment.at, moment.zone)
    tz = None if is_day else zone_of(moment.zone)
    of_year = Func(
        ExtractMonth(value, tzinfo=tz), ExtractDay(value, tzinfo=tz), template="(%(expressions)s)", arg_joiner=" * 100 + ",
        output_field=IntegerField(),
    )  # fmt: skip
    return Q(LessThan(value if is_day else TruncDate(value, tzinfo=tz), today)) & Q(In(of_year, days))


def _midnight(value: Any, test: Test, moment: Moment) -> Q:
    """The condition that the local midnight of a day's text passes a test on moments.

    Moments become days before SQL sees them: midnight lies in a range exactly when the day lies in the range of days.
    """
    if test.op == "not_empty" or test.op in windows.ANNIVERSARIES:
        return _dated_text(value, test, moment)
    found = windows.midnights(windows.moments(test, moment.at, moment.zone), moment.zone)
    low, high = (day.isoformat() if day else None for day in (found.low, found.high))
    return within(value, windows.Range(low, high))


def _dated_text(value: Any, test: Test, moment: Moment) -> Q:
    if test.op == "not_empty":
        return Q(IsNull(value, False))
    if test.op in windows.ANNIVERSARIES:
        today, days = windows.anniversaries(test, moment.at, moment.zone)
        texts = [f"{day // 100:02d}-{day % 100:02d}" for day in days]
        return Q(LessThan(value, today.isoformat())) & Q(In(Substr(value, 6, 5), texts))
    found: windows.Range[date] = windows.days(test, moment.at, moment.zone)
    low, high = (day.isoformat() if day else None for day in (found.low, found.high))
    return within(value, windows.Range(low, high, found.without_low, found.without_high))
