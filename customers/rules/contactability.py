"""Whether marketing may reach a customer on a channel, in one glance: the first thing that stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Hindrance(StrEnum):
    """What stands in the way, strongest first."""

    NO_ADDRESS = "no_address"
    BLOCKED = "blocked"
    REFUSED = "refused"
    NEVER_ASKED = "never_asked"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Reach:
    """One channel: nothing in the way (`hindrance` empty) means that messages about `topics` may be sent."""

    channel: str
    hindrance: Hindrance | None
    topics: tuple[str, ...] = ()


def reach(
    channel: str,
    *,
    has_address: bool,
    is_blocked: bool,
    granted: Sequence[str],
    denied: Sequence[str],
    paused_until: datetime | None,
    at: datetime,
) -> Reach:
    """The verdict for one channel; `granted` and `denied` are names of topics."""
    if not has_address:
        return Reach(channel, Hindrance.NO_ADDRESS)
    if is_blocked:
        return Reach(channel, Hindrance.BLOCKED)
    if not granted:
        return Reach(channel, Hindrance.REFUSED if denied else Hindrance.NEVER_ASKED)
    if paused_until and paused_until > at:
        return Reach(channel, Hindrance.PAUSED, tuple(granted))
    return Reach(channel, None, tuple(granted))
