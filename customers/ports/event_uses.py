"""What waits for an event by name: apps that start something when an event happens say so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.kit.registry import Registry
from customers.ports.segment_uses import Use


@dataclass(frozen=True, slots=True)
class EventUses:
    """`find(names)` gives the uses by event name, for all of them in a fixed number of queries."""

    key: str
    find: Callable[[Sequence[str]], dict[str, list[Use]]]


registry: Registry[EventUses] = Registry("event_uses", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all


def of(names: Sequence[str]) -> dict[str, list[Use]]:
    """Everything that waits for these events."""
    found: dict[str, list[Use]] = {name: [] for name in names}
    for port in all():
        for name, uses in port.find(names).items():
            found.setdefault(name, []).extend(uses)
    return found
