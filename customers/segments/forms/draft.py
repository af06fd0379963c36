"""The rules while somebody edits them, as the page posts them.

A draft is a tree of plain dicts whose values are texts as typed. Names of inputs begin with the place of their rule in
the tree ("r" is the root, "r.0" its first rule, "r.0.s1" the second step of a sequence, "r.0.w2" the third property
condition), so that the page works without JavaScript: every button posts it all.
"""

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict

from customers.segments.rules.parse import MAX_DEPTH, MAX_LEAVES

Draft = dict[str, Any]
PARTS = (
    "what", "about", "key", "as", "was", "name", "which", "count", "count2", "op", "value", "value2", "window", "days",
    "unit", "from", "to", "measure", "property", "product", "category", "topic", "channel", "state", "segment", "did",
    "source", "join", "share", "percent", "low", "high", "salt",
)  # fmt: skip
PROPERTY_PARTS = ("property", "was", "as", "op", "value", "value2")
STEP_PARTS = ("name", "did", "days", "unit")
MAX_PROPERTIES = 5
MAX_STEPS = 5
WITH_PROPERTIES = ("event", "event_measure")


def blank() -> Draft:
    """A new condition, about nothing yet."""
    return {"what": ""}


def new() -> Draft:
    """The rules of a new segment."""
    return {"match": "all", "rules": [blank()]}


def blank_steps() -> list[Draft]:
    """A sequence to begin with: something, then something else within three days."""
    return [{"name": "", "where": []}, blank_step()]


def blank_step() -> Draft:
    """One more step of a sequence."""
    return {"name": "", "did": "true", "days": "3", "unit": "days", "where": []}


def from_post(post: QueryDict, path: str = "r", depth: int = 1) -> Draft:
    """The draft that a page posted; parts that are not known are not read."""
    if f"{path}.n" in post and depth <= MAX_DEPTH + 1:
        text = post.get(f"{path}.n", "")
        count = min(int(text), MAX_LEAVES) if text.isascii() and text.isdigit() and len(text) < 5 else 0
        rules = [from_post(post, f"{path}.{index}", depth + 1) for index in range(count)]
        return {"match": post.get(f"{path}.match", "all"), "rules": rules}
    draft: Draft = _parts(post, path, PARTS)
    draft["values"] = [value for value in post.getlist(f"{path}.values") if value]
    if draft["values"] and not draft.get("value"):
        draft["value"] = draft["values"][0]
    what, _, chosen = draft.get("what", "").partition(":")
    if what in ("event", "attribute") and chosen:
        draft |= {"what": what, "name" if what == "event" else "key": chosen, "chosen": chosen}
    if what in WITH_PROPERTIES:
        draft["where"] = _where(post, path)
    if what == "sequence":
        draft["steps"] = _steps(post, path)
    return draft


def _steps(post: QueryDict, path: str) -> list[Draft]:
    places = [f"{path}.s{index}" for index in range(MAX_STEPS) if f"{path}.s{index}.name" in post]
    return [{**_parts(post, place, STEP_PARTS), "where": _where(post, place)} for place in places]


def _where(post: QueryDict, path: str) -> list[Draft]:
    places = [f"{path}.w{index}" for index in range(MAX_PROPERTIES) if f"{path}.w{index}.property" in post]
    return [_parts(post, place, PROPERTY_PARTS) for place in places]


def _parts(post: QueryDict, place: str, names: Sequence[str]) -> Draft:
    return {name: post.get(f"{place}.{name}", "") for name in names if f"{place}.{name}" in post}


def lines(text: str) -> list[str]:
    """The texts of an input for several: one per line; a single line may separate them by commas."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = plain.split("\n") if "\n" in plain else plain.split(",")
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def from_lines(texts: Sequence[str]) -> str:
    """What `lines` reads back as these texts, also when one of them holds a comma."""
    return "\n".join(texts) + ("\n" if len(texts) == 1 and "," in texts[0] else "")
