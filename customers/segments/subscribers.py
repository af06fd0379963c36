"""Which customers some segment must look at again."""

from collections.abc import Sequence
from datetime import datetime

from config.kit import sql
from config.kit.queue import enqueue
from customers.ports.subscribers import EVERY, TimelineEvent, on
from customers.segments.actions import changes
from customers.segments.queries import index
from customers.segments.queries.differences import TOUCHES


@on(EVERY)
def touch(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Note customer and event name, once per batch, for events that some segment asks about; a job evaluates them.

    Writing the pair is all that the timeline's worker does: at 10,000 events a second it costs a few per cent, while
    evaluating here would run one query per segment for every batch and hold the inbox up. Segments that are still being
    filled count too: the fill may have looked before the event came. An event dated ahead of time
    touches now, for facts follow it at once, and again when its moment comes.
    """
    segments = index.readable()
    wanted = {name for name in {event.name for event in events} if any(live.is_touched_by(name) for live in segments)}
    if not wanted:
        return
    found = {
        (event.customer_id, event.name, moment)
        for event in events if event.name in wanted for moment in (at, max(at, event.occurred_at))
    }  # fmt: skip
    rows = [(customer_id, name, changes.db_time(moment)) for customer_id, name, moment in sorted(found)]
    sql.insert(TOUCHES, ["customer_id", "name", "touched_at"], rows)
    enqueue("customers.refresh_touched_segments")
