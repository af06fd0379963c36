"""The catalogue of events that Perennial itself records; `docs/events.md` and the catalogue page list it."""

from dataclasses import dataclass, field

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class EventType:
    """One name: what it means, its properties with their meaning, and the lucide icon of its row on a timeline.

    `sentence` is a template for the timeline in words, filled with the properties: "Reached tier {tier}".
    """

    name: str
    label: str
    icon: str
    properties: dict[str, str] = field(default_factory=dict)
    sentence: str = ""


registry: Registry[EventType] = Registry("event_types", key=lambda item: item.name)
register, get, has, all = registry.register, registry.get, registry.has, registry.all
