"""How many messages a key (or a visitor's address) may send: counted in windows of ten seconds over all processes."""

import time
from dataclasses import dataclass

from django.core.cache import cache

WINDOW = 10
FLUSH_SECONDS = 0.25
LARGEST = 10_000


@dataclass(slots=True)
class _Count:
    window: int
    total: int = 0
    unsent: int = 0
    sent_at: float = 0.0


_counts: dict[str, _Count] = {}


def wait(name: str, cost: int, per_second: int) -> int:
    """Seconds to wait before `name` may send `cost` more messages; 0: go on, and they are counted.

    The count is shared through the cache four times a second, so that a request costs no round trip: for that long several
    processes may let a little more through.
    """
    if per_second <= 0:
        return 0
    moment = time.time()
    window = int(moment) // WINDOW
    count = _counts.get(name)
    if count is None or count.window != window:
        if len(_counts) > LARGEST:
            _counts.clear()
        count = _counts[name] = _Count(window)
    if count.total + count.unsent >= per_second * WINDOW:
        return max(1, (window + 1) * WINDOW - int(moment))
    count.unsent += cost
    if moment - count.sent_at >= FLUSH_SECONDS:
        count.total = _share(f"ingest:{name}:{window}", count.unsent)
        count.unsent, count.sent_at = 0, moment
    return 0


def _share(key: str, amount: int) -> int:
    try:
        return int(cache.incr(key, amount))
    except ValueError:
        if cache.add(key, amount, WINDOW * 2):
            return amount
        return int(cache.incr(key, amount))


def forget() -> None:
    """Count anew in this process."""
    _counts.clear()
