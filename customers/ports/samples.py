"""The sample company: each app adds its part of the story, in order, when `load_sample` runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.kit.registry import Registry

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Story:
    """What all parts share. `at` is the moment the story ends; original moments move by `shift` to end yesterday.

    `seed` makes every generated figure repeatable; `progress(label, done)` adds to the progress bar.
    """

    at: datetime
    shift: timedelta
    seed: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class SamplePart:
    """`build(story)` writes one app's part; parts run by `order` (customers 10, orders 20, then programmes, messages …)."""

    key: str
    label: str
    order: int
    build: Callable[[Story], None]


registry: Registry[SamplePart] = Registry("samples", key=lambda item: item.key)
register, get = registry.register, registry.get


def all() -> list[SamplePart]:
    """Parts in the order in which they are built."""
    return sorted(registry.all(), key=lambda part: part.order)
