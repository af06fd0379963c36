"""What messages come from, by name: the app that sends them says so, segments ask about them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Source:
    """One sender of messages: `key` is "campaign:12" (its kind and id in the events of messages)."""

    key: str
    label: str
    group: str


@dataclass(frozen=True, slots=True)
class MessageSources:
    """`recent(limit)` gives the newest to choose from; `labels(keys)` the names of those that still exist."""

    key: str
    recent: Callable[[int], list[Source]]
    labels: Callable[[Sequence[str]], dict[str, str]]


registry: Registry[MessageSources] = Registry("message_sources", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
