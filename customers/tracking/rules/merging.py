"""Several batches' summaries as one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Seen:
    """What was seen of one event name: `properties` by name and type as [count, example, source]."""

    count: int = 0
    first: datetime = NEVER
    last: datetime = datetime(1, 1, 1, tzinfo=UTC)
    source: str = ""
    sample: Any = None
    days: dict[str, int] = field(default_factory=dict)
    properties: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


def joined(summaries: Iterable[dict[str, dict[str, Any]]]) -> dict[str, Seen]:
    """Counts added up; sample and source are those of the event that happened last."""
    found: dict[str, Seen] = {}
    for events in summaries:
        for name, summary in events.items():
            _join(found.setdefault(name, Seen()), summary)
    return found


def _join(seen: Seen, summary: dict[str, Any]) -> None:
    last = datetime.fromisoformat(summary["last"])
    seen.count += summary["count"]
    seen.first = min(seen.first, datetime.fromisoformat(summary["first"]))
    if last >= seen.last:
        seen.last, seen.source, seen.sample = last, summary["source"], summary.get("sample")
    for day, count in summary["days"].items():
        seen.days[day] = seen.days.get(day, 0) + count
    for name, types in summary.get("properties", {}).items():
        kept = seen.properties.setdefault(name, {})
        for kind, (count, example, source) in types.items():
            kept[kind] = [kept.get(kind, [0])[0] + count, example, source]
