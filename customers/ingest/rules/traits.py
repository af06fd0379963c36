"""Traits to the fields and attributes of a customer. One unusable trait is left out and noted; the rest is taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from customers.imports.rules import values
from customers.imports.rules.taking import line_of_text
from customers.imports.rules.values import BadValue
from customers.ingest.rules import clock

MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_NAME = 120
MAX_TEXT = 2_000


@dataclass(slots=True)
class Taken:
    """What the traits of one message say: fields of `Customer`, attributes, and (trait, reason) of what was left out."""

    email: str = ""
    created_at: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)


FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "firstName": ("first_name", line_of_text(120)),
    "first_name": ("first_name", line_of_text(120)),
    "lastName": ("last_name", line_of_text(120)),
    "last_name": ("last_name", line_of_text(120)),
    "locale": ("locale", values.locale),
    "language": ("locale", values.locale),
    "timezone": ("timezone", values.timezone),
    "currency": ("currency", values.currency),
    "country": ("country", values.country),
    "city": ("city", line_of_text(120)),
    "industry": ("industry", line_of_text(120)),
    "market": ("market", values.market),
    "persona": ("persona", line_of_text(80)),
    "plan": ("plan", line_of_text(80)),
    "birthday": ("born_on", values.day),
    "acquisitionChannel": ("acquisition_channel", line_of_text(80)),
}
SPECIAL = frozenset({"email", "phone", "name", "createdAt", "created_at", "address", "company"})


def of_person(traits: Mapping[str, Any]) -> Taken:
    """Traits of identify."""
    taken = Taken()
    country = ""
    for name, value in traits.items():
        if name in FIELDS:
            _field(taken, name, value)
        elif name not in SPECIAL:
            _attribute(taken, name, value)
    address = traits.get("address")
    if isinstance(address, Mapping):
        for part in ("country", "city"):
            if part in address and part not in traits:
                _field(taken, part, address[part], label=f"address.{part}")
        further = {name: value for name, value in address.items() if name not in ("country", "city")}
        if further:
            _attribute(taken, "address", further)
    elif address is not None:
        _attribute(taken, "address", address)
    country = taken.values.get("country", "")
    _name(taken, traits.get("name"))
    _company(taken, traits.get("company"))
    _contact(taken, traits, country)
    _since(taken, traits)
    return taken


def of_group(group_id: str, traits: Mapping[str, Any]) -> Taken:
    """Traits of group: company and industry, and attributes that begin with `group_`."""
    taken = Taken()
    taken.attributes["group_id"] = group_id
    for name, value in traits.items():
        if name == "name":
            _set(taken, "name", "company", line_of_text(200), value)
        elif name == "industry":
            _field(taken, "industry", value)
        else:
            _attribute(taken, f"group_{name}", value)
    return taken


def _text(value: Any) -> str:
    if type(value) is str:
        return value.strip()
    if type(value) is int or type(value) is float:
        return str(value)
    raise BadValue("must be a text")


def _set(taken: Taken, trait: str, column: str, parse: Callable[[str], Any], value: Any) -> None:
    """An empty value leaves the field as it is."""
    try:
        text = _text(value) if value is not None else ""
        if text:
            taken.values[column] = parse(text)
    except BadValue as problem:
        taken.left_out.append((trait, str(problem)))


def _field(taken: Taken, name: str, value: Any, *, label: str = "") -> None:
    column, parse = FIELDS[name]
    _set(taken, label or name, column, parse, value)


def _name(taken: Taken, value: Any) -> None:
    """`name` fills the first and the last name where they are not given themselves."""
    if value is None or {"first_name", "last_name"} & set(taken.values):
        return
    try:
        first, _, last = _text(value).partition(" ")
        if first:
            taken.values["first_name"] = line_of_text(120)(first)
            taken.values["last_name"] = line_of_text(120)(last.strip())
    except BadValue as problem:
        taken.left_out.append(("name", str(problem)))


def _company(taken: Taken, value: Any) -> None:
    if isinstance(value, Mapping):
        _set(taken, "company.name", "company", line_of_text(200), value.get("name"))
        if value.get("industry") is not None and "industry" not in taken.values:
            _field(taken, "industry", value["industry"], label="company.industry")
        further = {name: item for name, item in value.items() if name not in ("name", "industry")}
        for name, item in further.items():
            _attribute(taken, f"company_{name}", item)
    else:
        _set(taken, "company", "company", line_of_text(200), value)


def _contact(taken: Taken, traits: Mapping[str, Any], country: str) -> None:
    _set(taken, "email", "email", values.email, traits.get("email"))
    taken.email = taken.values.pop("email", "")
    _set(taken, "phone", "phone", lambda text: values.phone(text, country), traits.get("phone"))


def _since(taken: Taken, traits: Mapping[str, Any]) -> None:
    trait = "createdAt" if traits.get("createdAt") is not None else "created_at"
    value = traits.get(trait)
    if value is None or value == "":
        return
    try:
        if type(value) is int or type(value) is float:
            # Seconds since 1970, as several tools send it; milliseconds where seconds would lie beyond the year 5000.
            found: datetime | None = datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
        else:
            found = clock.parse(value)
        if found is None or not found >= clock.EARLIEST or found.year >= 2200:
            raise ValueError
        taken.created_at = found
    except (ValueError, OverflowError, OSError):
        taken.left_out.append((trait, "is not a moment; write it like 2026-03-16T09:30:00Z"))


def _attribute(taken: Taken, name: str, value: Any) -> None:
    problem = ""
    if not name.strip() or len(name) > MAX_ATTRIBUTE_NAME:
        problem = f"the name of a trait has 1 to {MAX_ATTRIBUTE_NAME} characters"
    elif len(taken.attributes) >= MAX_ATTRIBUTES:
        problem = f"a message holds at most {MAX_ATTRIBUTES} own traits"
    elif type(value) is str and len(value) > MAX_TEXT:
        problem = f"is longer than {MAX_TEXT:,} characters"
    if problem:
        taken.left_out.append((name[:MAX_ATTRIBUTE_NAME], problem))
    else:
        taken.attributes[name.strip()] = value
