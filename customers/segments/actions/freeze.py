"""A list of the people who are in a segment now, or were: a copy that the rules do not change any more."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from customers.actions import audit
from customers.enums import ChangeCause
from customers.models import Segment
from customers.segments.actions import save
from customers.segments.queries import people
from customers.segments.queries.people import Wanted

MEMBERS, CHANGES = "customers_segmentmembership", "customers_segmentchange"


def freeze(wanted: Wanted, *, name: str, at: datetime, description: str = "", user_id: int | None = None) -> Segment:
    """Make a list called `name` of the people of another list or segment, in one transaction and one statement per table.

    It is the list's first filling, so nothing of it goes on the timeline. Raises `IntegrityError` when the name is taken.
    """
    with transaction.atomic():
        segment = save.listed(name=name, description=description, at=at, user_id=user_id)
        chosen = people.customers(wanted).order_by().values(cid=F("pk"))
        text, params = chosen.query.get_compiler(connection=connection).as_sql()
        moment = connection.ops.adapt_datetimefield_value(at)
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{MEMBERS}" (segment_id, customer_id, entered_at) SELECT %s, f.cid, %s FROM ({text}) f',
                [segment.pk, moment, *params],
            )
            count = max(cursor.rowcount, 0)
            cursor.execute(
                f'INSERT INTO "{CHANGES}" (segment_id, customer_id, entered, version, changed_at, cause, is_announced) '
                f'SELECT segment_id, customer_id, %s, %s, %s, %s, %s FROM "{MEMBERS}" WHERE segment_id = %s',
                [True, segment.version, moment, ChangeCause.LIST.value, True, segment.pk],
            )
        Segment.objects.filter(pk=segment.pk).update(member_count=count)
        audit.note(
            "segment.list_added", subject=name, user_id=user_id, at=at, detail={"customers": count, "from": wanted.key}
        )
    segment.member_count = count
    return segment
