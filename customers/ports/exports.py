"""Lists that can be taken out as files; each app and sub-domain registers its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Criteria:
    """What of a list is wanted: days in the account's time zone (both included), and one of the list's choices."""

    since: date | None = None
    until: date | None = None
    choice: str = ""


Row = Sequence[Any]
Choices = Callable[[], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Export:
    """One list. `rows(criteria)` yields the header, then plain values, in chunks of flat memory and few queries.

    `permissions` are needed beside `customers.export_customer`. `dated` says in words which day the criteria mean, empty
    when the list has none; `choices` are offered under the label `choosing` (a segment, the name of an event). `imports`
    names the kind of file that takes the list in again.
    """

    key: str
    label: str
    text: str
    icon: str
    rows: Callable[[Criteria], Iterator[Row]]
    permissions: tuple[str, ...]
    order: int
    dated: str = ""
    choosing: str = ""
    choices: Choices | None = None
    is_choice_required: bool = False
    imports: str = ""


registry: Registry[Export] = Registry("exports", key=lambda item: item.key)
register, get, has = registry.register, registry.get, registry.has


def all() -> list[Export]:
    """Lists in the order of the page."""
    return sorted(registry.all(), key=lambda export: (export.order, export.key))
