"""Which customers some segment must look at again."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from config.kit import sql
from config.kit.queue import enqueue
from customers.ports.subscribers import EVERY, TimelineEvent, on
from customers.segments.actions.refresh import TOUCHES
from customers.segments.queries import index


@on(EVERY)
def touch(events: Sequence[TimelineEvent], at: datetime) -> None:
    """Note customer and event name, once per batch, for events that some segment asks about; a job evaluates them.

    Writing the pair is all that the timeline's worker does: at 10,000 events a second it costs a few per cent, while
    evaluating here would run one query per segment for every batch and hold the inbox up.
    """
    segments = index.live()
    wanted = {name for name in {event.name for event in events} if any(live.is_touched_by(name) for live in segments)}
    if not wanted:
        return
    pairs = {(event.customer_id, event.name) for event in events if event.name in wanted}
    moment = connection.ops.adapt_datetimefield_value(at)
    sql.insert(TOUCHES, ["customer_id", "name", "touched_at"], [(*pair, moment) for pair in sorted(pairs)])
    enqueue("customers.refresh_touched_segments")
