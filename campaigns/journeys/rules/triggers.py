"""What journeys listen to: an event name, narrowed by equal properties; and how people come in.

`{"event": "segment.entered", "where": {"segment_id": 4}}`. The same shape starts, ends and moves people.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

EVENT_NAME = re.compile(r"^[a-z0-9_]{1,40}\.[a-z0-9_]{1,39}$")
MOST_LATE = timedelta(hours=24)
DATE_FIELDS = {"renews_on": False, "born_on": True}  # field of the customer: does it come round every year?


class NotATrigger(ValueError):
    """The JSON does not say what to listen to."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """An event by name whose properties equal those in `where`."""

    event: str
    where: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: object) -> "Trigger":
        """Read the JSON. Raises `NotATrigger`."""
        if not isinstance(spec, Mapping):
            raise NotATrigger("does not name an event")
        event, where = spec.get("event"), spec.get("where") or {}
        if not isinstance(event, str) or not EVENT_NAME.match(event):
            raise NotATrigger("does not name an event such as order.placed")
        if not isinstance(where, Mapping) or not all(
            isinstance(name, str) and isinstance(value, str | int | float | bool) for name, value in where.items()
        ):
            raise NotATrigger("has conditions that are not plain values")
        return cls(event, dict(where))

    def fits(self, name: str, properties: Mapping[str, Any]) -> bool:
        """Whether an event with this name and these properties is meant."""
        return name == self.event and all(properties.get(key) == value for key, value in self.where.items())


class EntryKind(StrEnum):
    EVENT = "event"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Entry:
    """How people come in.

    By event: `trigger`, with `first_only` only the customer's first event of that name. By date: `offset_days` from the
    date in `date_field` (-30 is 30 days before). `audience` (a segment definition, may be empty) must match as well.
    """

    kind: EntryKind
    trigger: Trigger | None = None
    first_only: bool = False
    date_field: str = ""
    offset_days: int = 0
    audience: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: object) -> "Entry":
        """Read the JSON of a journey's entry. Raises `NotATrigger`."""
        if not isinstance(spec, Mapping):
            raise NotATrigger("does not say how people come in")
        audience = spec.get("audience") or {}
        if not isinstance(audience, Mapping):
            raise NotATrigger("has an audience that is no segment definition")
        if spec.get("kind") == EntryKind.EVENT:
            return cls(EntryKind.EVENT, Trigger.of(spec), first_only=spec.get("first_only") is True, audience=audience)
        if spec.get("kind") == EntryKind.DATE:
            offset = spec.get("offset_days", 0)
            if spec.get("field") not in DATE_FIELDS:
                raise NotATrigger("does not name a date of the customer")
            if not isinstance(offset, int) or isinstance(offset, bool) or abs(offset) > 365:
                raise NotATrigger("is more than a year away from the date")
            return cls(EntryKind.DATE, date_field=str(spec["field"]), offset_days=offset, audience=audience)
        raise NotATrigger("does not say how people come in")


@dataclass(frozen=True, slots=True)
class Goal:
    """What the journey is for: `trigger` within `within_days` of the entry. With `ends` reaching it ends the run."""

    trigger: Trigger
    within_days: int
    ends: bool = True

    @classmethod
    def of(cls, spec: object) -> "Goal | None":
        """Read the JSON; None for a journey without a goal. Raises `NotATrigger`."""
        if not spec:
            return None
        trigger = Trigger.of(spec)
        days = spec.get("within_days", 30) if isinstance(spec, Mapping) else 30
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= 365:
            raise NotATrigger("has a window that is not between 1 and 365 days")
        return cls(trigger, days, not (isinstance(spec, Mapping) and spec.get("ends") is False))

    def counts(self, occurred_at: datetime, *, entered_at: datetime) -> bool:
        """Whether something that happened then counts for somebody who entered at `entered_at`."""
        return entered_at < occurred_at <= entered_at + timedelta(days=self.within_days)


def may_start(*, occurred_at: datetime, received_at: datetime, activated_at: datetime) -> bool:
    """Whether an event may start a journey: not from before the journey was live, and not told more than a day late.

    Imported history therefore never starts anything.
    """
    return occurred_at >= activated_at and received_at - occurred_at <= MOST_LATE


def entry_date(today: date, *, offset_days: int) -> date:
    """The date in the customer's field for which today is the day to enter (offset -30: 30 days from now)."""
    return today - timedelta(days=offset_days)
