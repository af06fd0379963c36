"""The draft as the page shows it: every rule with its inputs, choices, mistakes and what its buttons may do."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from config.kit.money import SYMBOLS
from customers.ports import fields
from customers.segments.forms import kinds
from customers.segments.forms.choices import Known
from customers.segments.forms.draft import MAX_PROPERTIES, MAX_STEPS, WITH_PROPERTIES, Draft
from customers.segments.forms.edits import height
from customers.segments.forms.inputs import TestInputs, Typed, inputs
from customers.segments.forms.kinds import Choices
from customers.segments.queries.counting import Alone
from customers.segments.rules.parse import MAX_DEPTH, Mistake


@dataclass(slots=True)
class PropertyRow:
    """One property condition of an event; `place` is "r.0.w2"."""

    place: str
    number: int
    draft: Draft
    test: TestInputs
    wrong: set[str]
    is_amount: bool


@dataclass(slots=True)
class StepRow:
    """One step of a sequence; only the last may say that it did not happen."""

    place: str
    number: int
    draft: Draft
    where: list[PropertyRow]
    properties: str
    wrong: set[str]
    is_last: bool
    can_remove: bool
    can_where: bool


@dataclass(slots=True)
class Row:
    """One rule on the page; `rules` is None for a condition. `label` is its number in the outline: 2.1."""

    path: str
    draft: Draft
    label: str
    match: str = ""  # how the group around it joins its rules
    errors: list[str] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    has_focus: bool = False
    is_first: bool = True
    can_wrap: bool = False
    rules: list["Row"] | None = None
    can_nest: bool = False
    depth: int = 1
    what: str = ""
    what_label: str = ""
    test: TestInputs | None = None
    where: list[PropertyRow] = field(default_factory=list)
    can_where: bool = False
    steps: list[StepRow] = field(default_factory=list)
    can_step: bool = False
    properties: str = ""
    alone: Alone | None = None


class Page:
    """Builds the rows of one page, remembering what several of them need."""

    def __init__(self, known: Known, currency: str, *, focus: str = "", alone: dict[str, Alone] | None = None) -> None:
        self.known, self.focus, self.alone = known, focus, alone or {}
        self.symbol = SYMBOLS.get(currency.upper(), currency.upper()).strip()
        self.event_lists: dict[str, str] = {}
        self._choices: dict[str, Choices] = {}
        self._errors: dict[str, list[str]] = {}
        self._wrong: dict[str, set[str]] = {}

    def rows(self, draft: Draft, mistakes: list[Mistake]) -> Row:
        """The tree of rows, each with the mistakes that were made in it."""
        for mistake in mistakes:
            rule, inside = split(mistake.path)
            self._errors.setdefault(rule, []).append(said(mistake.message, inside))
            self._wrong.setdefault(rule, set()).add(".".join(inside))
        self.known.sources = sources(draft)
        return self._row(draft, "r", 1, "", "")

    @property
    def property_lists(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Suggestions of property names by the id of their list, for the events that the rules name."""
        words = dict(self.known.types)
        return [
            (place, [(name, words.get(kind.value, "")) for name, kind in self.known.property_types(event).items()])
            for event, place in self.event_lists.items()
        ]

    def _row(self, draft: Draft, path: str, depth: int, label: str, match: str) -> Row:
        row = Row(path, Typed(draft), label, match, self._errors.get(path, []), self._wrong.get(path, set()))
        row.has_focus = bool(self.focus) and _belongs(self.focus, path, draft)
        row.depth, row.can_wrap = depth, depth + height(draft) <= MAX_DEPTH
        if "rules" in draft:
            row.rules = [
                self._row(rule, f"{path}.{index}", depth + 1, f"{label}.{index + 1}".lstrip("."), draft["match"])
                for index, rule in enumerate(draft["rules"])
            ]
            for index, rule in enumerate(row.rules):
                rule.is_first = index == 0
            row.can_nest = depth < MAX_DEPTH
            return row
        self._condition(row, draft)
        return row

    def _condition(self, row: Row, draft: Draft) -> None:
        what, row.alone = draft.get("what", ""), self.alone.get(row.path)
        row.what = what.partition(":")[0]
        row.what_label = self.known.labels.get(what, what.partition(":")[2] or what)
        kind = kinds.compared(draft)
        if kind is not None:
            row.test = inputs(draft, kind, self._choices_of(what), self.symbol)
        if row.what in WITH_PROPERTIES:
            row.where = self._where(draft, row.path, row.wrong, "")
            row.can_where = len(row.where) < MAX_PROPERTIES
            row.properties = self._properties(draft)
        if row.what == "sequence":
            row.steps = [self._step(step, row, index, draft) for index, step in enumerate(draft.get("steps", []))]
            row.can_step = len(row.steps) < MAX_STEPS
            row.properties = self._properties(draft["steps"][0]) if draft.get("steps") else ""

    def _step(self, step: Draft, row: Row, index: int, draft: Draft) -> StepRow:
        count, where = len(draft["steps"]), self._where(step, f"{row.path}.s{index}", row.wrong, f"s{index}.")
        prefix = f"s{index}."
        wrong = {part.removeprefix(prefix) for part in row.wrong if part.startswith(prefix)}
        return StepRow(
            f"{row.path}.s{index}", index + 1, Typed(step), where, self._properties(step), wrong, index == count - 1,
            count > 2, len(where) < MAX_PROPERTIES,
        )  # fmt: skip

    def _where(self, holder: Draft, place: str, wrong: set[str], prefix: str) -> list[PropertyRow]:
        rows = []
        for index, item in enumerate(holder.get("where", [])):
            start = f"{prefix}w{index}."
            bad = {part.removeprefix(start) for part in wrong if part.startswith(start)}
            test, is_amount = inputs(item, kinds.of_property(item), [], self.symbol), item.get("property") == kinds.AMOUNT
            rows.append(PropertyRow(f"{place}.w{index}", index + 1, Typed(item), test, bad, is_amount))
        return rows

    def _properties(self, holder: Draft) -> str:
        name = holder.get("name", "").strip()
        if not self.known.property_types(name):
            return ""
        return self.event_lists.setdefault(name, f"segment-properties-{len(self.event_lists)}")

    def _choices_of(self, what: str) -> Choices:
        kind, _sep, key = what.partition(":")
        if kind != "field" or not fields.has(key) or not fields.get(key).choices:
            return []
        if key not in self._choices:
            self._choices[key] = [(value, str(label)) for value, label in (fields.get(key).choices or list)()]
        return self._choices[key]


def split(path: tuple[str | int, ...]) -> tuple[str, list[str]]:
    """The place of the rule that a mistake's path leads to, and the inputs inside it: ("r.0", ["s1", "value"])."""
    place, rest = "r", list(path)
    while len(rest) > 1 and rest[0] == "rules" and isinstance(rest[1], int):
        place, rest = f"{place}.{rest[1]}", rest[2:]
    inside: list[str] = []
    for step in rest:
        if isinstance(step, int) and inside and inside[-1] in ("where", "steps"):
            inside[-1] = f"{inside[-1][0]}{step}"
        else:
            inside.append(str(step))
    return place, inside


def said(message: str, inside: list[str]) -> str:
    """A mistake with the step that it was made in."""
    steps = [int(part[1:]) + 1 for part in inside if part[:1] == "s" and part[1:].isdigit()]
    return _("Step %(number)d: %(message)s") % {"number": steps[0], "message": message} if steps else message


def sources(draft: Draft) -> list[str]:
    """The senders of messages that the rules name."""
    if "rules" in draft:
        return [key for rule in draft["rules"] for key in sources(rule)]
    return [draft["source"]] if draft.get("source") else []


def _belongs(focus: str, path: str, draft: Draft) -> bool:
    """Whether the focus goes to this rule or to something inside this condition."""
    return focus == path or ("rules" not in draft and focus.startswith((f"{path}.s", f"{path}.w")))


def context(page: Page, root: Row) -> dict[str, Any]:
    """What the templates of the rules need."""
    return {"root": root, "known": page.known, "plain": page.known.plain, "page": page}
