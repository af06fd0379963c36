"""The draft as the page shows it: every rule with its inputs, choices and mistakes."""

from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache

from customers.enums import Channel
from customers.models import EventAggregate, Product, Segment, Topic
from customers.ports import event_types, fields
from customers.ports.fields import FieldType
from customers.segments.forms.draft import MAX_PROPERTIES, Draft, operator
from customers.segments.rules.operators import ATTRIBUTE_TYPES, CONSENT_STATES, COUNTS, MEASURES, OPERATORS, Takes
from customers.segments.rules.parse import MAX_DEPTH, Mistake
from customers.tracking import queries as tracking

Choices = list[tuple[str, str]]
KINDS: Choices = [
    ("event", "Something they did (event)"),
    ("event_time", "First or last time of an event"),
    ("orders", "Orders and what was bought"),
    ("consent", "Consent to a topic"),
    ("segment", "Membership of a segment"),
    ("attribute", "Your own attribute"),
    ("random", "Random share of customers"),
]
AS: Choices = [
    (item.value, label) for item, label in zip(ATTRIBUTE_TYPES, ["text", "number", "date", "yes or no"], strict=True)
]
WINDOWS: Choices = [("", "at any time"), ("days", "in the last"), ("dates", "between dates")]
TEN_MINUTES, ONE_MINUTE = 600, 60


class Typed(dict[str, Any]):
    """A draft whose missing parts are empty."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(slots=True)
class TestInputs:
    """Operator and value of one test. `widget` names the partial template's branch."""

    ops: Choices
    op: str
    widget: str
    value: str
    value2: str
    values: list[str]
    choices: Choices
    suffix: str = ""


@dataclass(slots=True)
class Row:
    """One rule on the page; `rules` is None for a condition."""

    path: str
    draft: Draft
    number: int
    errors: list[str] = field(default_factory=list)
    rules: list["Row"] | None = None
    can_nest: bool = False
    what: str = ""
    test: TestInputs | None = None
    where: list[dict[str, Any]] = field(default_factory=list)
    has_focus: bool = False


def rows(draft: Draft, mistakes: list[Mistake], *, focus: str = "") -> Row:
    """The tree of rows, each with the mistakes that were made in it."""
    by_path: dict[str, list[str]] = {}
    for mistake in mistakes:
        path = mistake.path[: mistake.path.index("where")] if "where" in mistake.path else mistake.path
        place = "r" + "".join(f".{step}" for step in path if isinstance(step, int))
        by_path.setdefault(place, []).append(mistake.message)
    return _row(draft, "r", 1, 0, by_path, focus)


def _row(draft: Draft, path: str, depth: int, number: int, errors: dict[str, list[str]], focus: str) -> Row:
    row = Row(path, Typed(draft), number + 1, errors.get(path, []), has_focus=path == focus)
    if "rules" in draft:
        row.rules = [_row(rule, f"{path}.{i}", depth + 1, i, errors, focus) for i, rule in enumerate(draft["rules"])]
        row.can_nest = depth < MAX_DEPTH
        return row
    row.what = draft.get("what", "").partition(":")[0]
    kind = _type(draft)
    if kind is not None:
        row.test = _inputs(draft, kind, _choices(draft))
    if row.what == "event":
        row.where = [_where(item) for item in draft.get("where", [])[:MAX_PROPERTIES]]
        if len(row.where) < MAX_PROPERTIES:
            row.where.append(_where({}))
    return row


def _type(draft: Draft) -> FieldType | None:
    what, _, key = draft.get("what", "").partition(":")
    if what == "field":
        return fields.get(key).type if fields.has(key) else None
    if what == "attribute":
        return _typed(draft.get("as", ""))
    if what == "event_time":
        return FieldType.DATETIME
    if what == "orders":
        return FieldType.MONEY if draft.get("measure") == "total" else FieldType.NUMBER
    return None


def _typed(text: str) -> FieldType:
    return FieldType(text) if text in [item.value for item in ATTRIBUTE_TYPES] else FieldType.TEXT


def _choices(draft: Draft) -> Choices:
    what, _, key = draft.get("what", "").partition(":")
    known = fields.get(key) if what == "field" and fields.has(key) else None
    return list(known.choices()) if known and known.choices else []


def _where(item: Draft) -> dict[str, Any]:
    kind = FieldType.MONEY if item.get("property") == "amount" else _typed(item.get("as", ""))
    return {"draft": Typed(item), "test": _inputs(item, kind, [])}


def _inputs(draft: Draft, kind: FieldType, choices: Choices) -> TestInputs:
    op = operator(draft, kind)
    takes = OPERATORS[kind][op].takes
    widget = takes.value
    if choices and takes in (Takes.TEXT, Takes.TEXTS):
        widget = "choice" if takes is Takes.TEXT else "choices"
    hidden = {"empty", "not_empty"} if draft.get("what") == "orders" else set()
    ops = [(item.key, item.label) for item in OPERATORS[kind].values() if item.key not in hidden]
    suffix = "days ago" if op == "more_ago" else "days" if takes is Takes.DAYS else ""
    return TestInputs(
        ops,
        op,
        widget,
        draft.get("value", ""),
        draft.get("value2", ""),
        draft.get("values", []),
        _kept(choices, draft),
        suffix,
    )


def _kept(choices: Choices, draft: Draft) -> Choices:
    """The choices, and the chosen value when it is no longer among them."""
    known = {value for value, _ in choices}
    chosen = [draft.get("value", ""), *draft.get("values", [])] if choices else []
    return [
        *choices,
        *((value, value) for value in dict.fromkeys(chosen) if value and value not in known and ", " not in value),
    ]


def options(segment_id: int | None) -> dict[str, Any]:
    """What the selects and suggestions of the whole page offer."""
    groups: dict[str, Choices] = {}
    for known in fields.all():
        groups.setdefault(str(known.group), []).append((f"field:{known.key}", str(known.label)))
    return {
        "what_groups": [*groups.items(), ("Behaviour and more", KINDS)],
        "types": AS,
        "windows": WINDOWS,
        "counts": [*COUNTS.items(), ("never", "never")],
        "measures": list(MEASURES.items()),
        "topics": list(Topic.objects.order_by("name").values_list("slug", "name")),
        "channels": Channel.choices,
        "states": list(CONSENT_STATES.items()),
        "segments": [(str(pk), name) for pk, name in Segment.objects.exclude(pk=segment_id or 0).values_list("pk", "name")],
        "event_names": cache.get_or_set("segments.event_names", _event_names, TEN_MINUTES),
        "attribute_keys": cache.get_or_set("segments.attribute_types", _attribute_keys, ONE_MINUTE),
        "categories": cache.get_or_set("segments.categories", _categories, TEN_MINUTES),
    }


def _event_names() -> Choices:
    seen = {name: name for name in EventAggregate.objects.order_by().values_list("name", flat=True).distinct()[:500]}
    known = {item.name: item.label for item in event_types.all()}
    return sorted((name, label) for name, label in (seen | known).items() if not name.startswith("segment."))


def _attribute_keys() -> Choices:
    """Attributes found in the data with their types, in the words of the type select."""
    words = dict(AS) | {"string": "text", "integer": "number", "date-time": "date", "boolean": "yes or no"}
    return [(name, words.get(kind, kind)) for name, kind in tracking.attribute_types().items()][:500]


def _categories() -> list[str]:
    return list(
        Product.objects.exclude(category="").order_by("category").values_list("category", flat=True).distinct()[:300]
    )
