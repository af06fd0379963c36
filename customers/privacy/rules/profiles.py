"""Which value of two profiles stays: the target's where it is filled, the source's in the gaps, or what staff chose."""

from collections.abc import Iterable, Mapping
from typing import Any

FIELDS = (
    "external_id", "email", "phone", "first_name", "last_name", "company", "industry", "market", "persona", "born_on",
    "city", "country", "currency", "locale", "timezone", "plan", "renews_on", "stage", "usage_level",
    "acquisition_channel", "acquisition_cost_minor", "acquired_on",
)  # fmt: skip
ATTRIBUTE = "attributes."


def joined(source: Mapping[str, Any], target: Mapping[str, Any], *, chosen: Iterable[str] = ()) -> dict[str, Any]:
    """The profile of both. `chosen` names the fields (`"email"`, `"attributes.size"`) of which the source's value stays."""
    wanted = set(chosen)
    values = {
        name: source[name] if (name in wanted and is_filled(source[name])) or not is_filled(target[name]) else target[name]
        for name in FIELDS
    }
    attributes = {**source["attributes"], **target["attributes"]}
    for name, value in source["attributes"].items():
        if ATTRIBUTE + name in wanted:
            attributes[name] = value
    return values | {"attributes": attributes}


def is_filled(value: Any) -> bool:
    return value is not None and value != ""
