"""Pages for a customer that the preference centre leads to: a copy of their data, erasure, and whatever comes."""

from collections.abc import Callable
from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class PersonLink:
    """`url(customer_id)` gives the address of the person's own page, with a token of its own purpose; it writes nothing."""

    key: str
    label: str
    text: str
    url: Callable[[int], str]
    order: int = 50


registry: Registry[PersonLink] = Registry("person_links", key=lambda item: item.key)
register, get = registry.register, registry.get


def all() -> list[PersonLink]:
    """Links in the order of the page."""
    return sorted(registry.all(), key=lambda item: item.order)
