"""When a message happened, by clocks that cannot be trusted."""

from datetime import UTC, datetime, timedelta
from typing import Any

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
# The way through the network takes a moment; that is no wrong clock.
LATENCY = timedelta(seconds=10)
AHEAD = timedelta(days=1)


class BadTime(ValueError):
    """The text is no moment."""


def parse(text: Any) -> datetime | None:
    """An ISO 8601 moment in UTC (without zone: UTC); None for null and an empty text. Raises `BadTime`."""
    if text is None or text == "":
        return None
    if type(text) is not str or len(text) > 40:
        raise BadTime
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadTime from None


def happened(
    *, timestamp: datetime | None, original: datetime | None, sent: datetime | None, received: datetime
) -> tuple[datetime, bool]:
    """The moment of a message, and whether it was told to be more than a day ahead.

    1. With `originalTimestamp` and `sentAt`, both by the sender's clock: received - (sent - original), as Segment does.
    2. With `timestamp` and a `sentAt` more than 10 s away from the receipt, the clock is wrong: the same formula.
    3. Otherwise `timestamp`, otherwise the receipt.

    Nothing happens after it was received: a later moment becomes the receipt.
    """
    try:
        if sent is not None and original is not None:
            moment = received - (sent - original)
        elif sent is not None and timestamp is not None and abs(received - sent) > LATENCY:
            moment = received - (sent - timestamp)
        else:
            moment = timestamp or original or received
    except OverflowError:
        moment = timestamp or original or received
    if moment > received:
        return received, moment - received > AHEAD
    return moment, False
