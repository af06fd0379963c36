"""What a condition begins with once it is known what it is about, so that it says something at once."""

from customers.ports import fields
from customers.ports.fields import FieldType
from customers.segments.forms import kinds
from customers.segments.forms.choices import Known
from customers.segments.forms.draft import Draft, blank_steps

BY_TYPE: dict[FieldType, Draft] = {
    FieldType.TEXT: {"op": "is"},
    FieldType.CHOICE: {"op": "is"},
    FieldType.NUMBER: {"op": "at_least", "value": "1"},
    FieldType.MONEY: {"op": "at_least", "value": "100"},
    FieldType.DATE: {"op": "in_last", "value": "30"},
    FieldType.DATETIME: {"op": "in_last", "value": "30"},
    FieldType.BOOLEAN: {"op": "true"},
}
# Days that come again, and days that lie ahead.
BIRTHDAY: Draft = {"op": "anniversary_next", "value": "7"}
AHEAD: Draft = {"op": "in_next", "value": "30"}
ITS_OWN: dict[str, Draft] = {
    "customer.born_on": BIRTHDAY, "customer.renews_on": AHEAD, "subscription.renews_on": AHEAD,
    "subscription.ends_at": AHEAD,
}  # fmt: skip
LAST_MONTH: Draft = {"window": "days", "days": "30", "unit": "days"}
LAST_QUARTER: Draft = {"window": "days", "days": "90", "unit": "days"}


def fill(draft: Draft, known: Known) -> None:
    """Give every condition that is about something else than before what it begins with; the rest stays as typed."""
    if "rules" in draft:
        for rule in draft["rules"]:
            fill(rule, known)
        return
    _types(draft, known)
    what = draft.setdefault("what", "")
    if "about" in draft and draft["about"] != what:
        fresh = begin(what, known) | {part: draft[part] for part in ("name", "key", "as") if draft.get("chosen")
                                               and part in draft}  # fmt: skip
        draft.clear()
        draft |= fresh
    draft["about"] = what


def begin(what: str, known: Known) -> Draft:
    """A new condition about something."""
    kind, _, key = what.partition(":")
    if kind == "field" and fields.has(key):
        own = ITS_OWN.get(key) or BY_TYPE[fields.get(key).type]
        return {"what": what, **own}
    found = {"what": what, **BEGIN.get(kind, {})}
    if kind == "consent":
        found["topic"] = known.topics[0][0] if known.topics else ""
    if kind == "segment":
        found["segment"] = known.segments[0][0] if known.segments else ""
    if kind == "sequence":
        found["steps"] = blank_steps()
    return found


BEGIN: dict[str, Draft] = {
    "attribute": {"as": "text", "op": "is"},
    "event": {"op": "at_least", "count": "1", **LAST_MONTH},
    "event_measure": {"measure": "sum", "property": kinds.AMOUNT, "op": "at_least", "value": "100", **LAST_QUARTER},
    "event_time": {"which": "last", "op": "more_ago", "value": "30"},
    "sequence": {"op": "did", **LAST_MONTH},
    "message": {"did": "opened", "op": "at_least", "count": "1", **LAST_MONTH},
    "orders": {"measure": "count", "op": "at_least", "value": "1", **LAST_QUARTER},
    "consent": {"state": "granted", "channel": "email"},
    "segment": {"op": "in", "days": "30", "unit": "days"},
    "random": {"share": "", "percent": "10"},
}  # fmt: skip


def _types(draft: Draft, known: Known) -> None:
    """An attribute or a property that was just named is read as the type it is known to have."""
    key = draft.get("key", "").strip()
    if key != draft.get("was", "") or draft.get("chosen"):
        _retyped(draft, known.attribute_types.get(key))
    draft["was"] = key
    for holder in (draft, *draft.get("steps", [])):
        types = known.property_types(holder.get("name", "").strip())
        for item in holder.get("where", []):
            name = item.get("property", "").strip()
            if name != item.get("was", ""):
                _retyped(item, FieldType.MONEY if name == kinds.AMOUNT else types.get(name))
            item["was"] = name


def _retyped(item: Draft, kind: FieldType | None) -> None:
    if kind is None:
        return
    item["as"] = kind.value
    if not item.get("value") or kinds.typed(item["as"]) is not FieldType.TEXT:
        item |= {"value": "", **BY_TYPE[kind]}
