"""What a merge or an erasure would do, before anybody presses a button."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.formats import date_format

from customers.models import Customer
from customers.ports import personal_data
from customers.privacy.rules import profiles
from customers.rules import countries


@dataclass(frozen=True, slots=True)
class Line:
    """One field of two profiles: `is_choice` when both are filled and differ; `kept` is what stays otherwise."""

    name: str
    label: str
    source: Any
    target: Any

    @property
    def is_choice(self) -> bool:
        return profiles.is_filled(self.source) and profiles.is_filled(self.target) and self.source != self.target


def profile_lines(source: Customer, target: Customer) -> list[Line]:
    """The fields of both that are filled on either side, attributes included."""
    lines = [
        Line(name, str(Customer._meta.get_field(name).verbose_name), _shown(source, name), _shown(target, name))  # type: ignore[union-attr]
        for name in profiles.FIELDS
    ]
    for name in sorted({*source.attributes, *target.attributes}):
        lines.append(Line(profiles.ATTRIBUTE + name, name, source.attributes.get(name), target.attributes.get(name)))
    return [line for line in lines if profiles.is_filled(line.source) or profiles.is_filled(line.target)]


def _shown(customer: Customer, name: str) -> Any:
    display = getattr(customer, f"get_{name}_display", None)
    value = display() if display else getattr(customer, name)
    if name == "country":
        return countries.name(value)
    return date_format(value, "j M Y") if isinstance(value, date) else value


def owned(source: Customer, target: Customer) -> list[tuple[str, int, int]]:
    """What each owns, in all apps: label, rows of the source, rows of the target; lines without any are left out."""
    counted: dict[str, list[int]] = {}
    for side, customer in enumerate((source, target)):
        for policy in personal_data.all():
            for part in policy.count(customer.pk) if policy.count else []:
                counted.setdefault(part.label, [0, 0])[side] += part.count
    return [(label, *counts) for label, counts in counted.items() if any(counts)]  # type: ignore[misc]


def owned_by(customer: Customer) -> list[tuple[str, int]]:
    """What one customer owns, in all apps."""
    parts = [part for policy in personal_data.all() if policy.count for part in policy.count(customer.pk)]
    return [(part.label, part.count) for part in parts if part.count]


def warnings(source: Customer, target: Customer) -> list[str]:
    """What staff should know, from every app."""
    return [text for policy in personal_data.all() if policy.warn for text in policy.warn(source.pk, target.pk)]


def erasure() -> list[personal_data.PersonalData]:
    """Every app's word on what goes and what stays."""
    return [policy for policy in personal_data.all() if policy.erased]
