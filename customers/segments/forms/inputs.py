"""Operator and value of one test, as the page draws them."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from customers.ports.fields import FieldType
from customers.segments.forms import kinds
from customers.segments.forms.draft import Draft, lines
from customers.segments.forms.kinds import Choices
from customers.segments.rules.operators import OPERATORS, Takes


@dataclass(slots=True)
class TestInputs:
    """`widget` names the branch of the template `test.html`; `prefix` and `suffix` stand around the value."""

    __test__ = False

    ops: Choices
    op: str
    widget: str
    value: str
    value2: str
    values: list[str]
    choices: Choices
    suffix: str = ""
    prefix: str = ""
    suggest: str = ""


class Typed(dict[str, Any]):
    """A draft whose missing parts are empty."""

    def __missing__(self, key: str) -> str:
        return ""


def inputs(draft: Draft, kind: FieldType, choices: Choices, symbol: str = "") -> TestInputs:
    """What a test of a type needs; `choices` are the values that the field knows, `symbol` that of the currency."""
    op = kinds.operator(draft, kind)
    takes = OPERATORS[kind][op].takes
    widget = takes.value
    if choices and takes in (Takes.TEXT, Takes.TEXTS):
        widget = "choice" if takes is Takes.TEXT else "choices"
    hidden = kinds.hidden(draft)
    ops = [(item.key, str(item.label)) for item in OPERATORS[kind].values() if item.key not in hidden]
    values = draft.get("values") or lines(draft.get("value", ""))
    return TestInputs(
        ops, op, widget, draft.get("value", ""), draft.get("value2", ""), values, _kept(choices, draft, values),
        _suffix(op, takes), symbol if kind is FieldType.MONEY else "",
    )  # fmt: skip


def _suffix(op: str, takes: Takes) -> str:
    if takes is not Takes.DAYS:
        return ""
    words = {
        "more_ago": _("days ago"), "days_ago": _("days ago"), "in_days": _("days from today"),
        "anniversary_on": _("days from today"),
    }  # fmt: skip
    return words.get(op, _("days"))


def _kept(choices: Choices, draft: Draft, values: list[str]) -> Choices:
    """The choices, and what was chosen before when it is no longer among them."""
    known = {value for value, _label in choices}
    chosen = [draft.get("value", ""), *values] if choices else []
    gone = [value for value in dict.fromkeys(chosen) if value and value not in known and "\n" not in value]
    return [*choices, *((value, value) for value in gone)]
