"""Variables that messages can use, fetched for a batch of customers at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.kit.registry import Registry

Values = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable as the picker shows it: name below the source, meaning, a sample value."""

    name: str
    label: str
    sample: str


@dataclass(frozen=True, slots=True)
class MergeContext:
    """For whom and for what the values are: `reference` names the message source ("campaign:12", "preview")."""

    at: datetime
    reference: str
    is_preview: bool = False


@dataclass(frozen=True, slots=True)
class MergeSource:
    """The variables `{{ key.name }}`. `fetch(customer_ids, context)` returns plain values by customer id.

    Values are str, int, float, bool, None, or lists and dicts of these. A fetch in a preview must write nothing.
    """

    key: str
    label: str
    variables: tuple[Variable, ...]
    fetch: Callable[[Sequence[int], MergeContext], Values]


registry: Registry[MergeSource] = Registry("merge", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
