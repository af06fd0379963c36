"""From an audience to message rows: one per person and occasion, whatever crashes and however often it is asked."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns.enums import MessageState, Reason
from campaigns.models import ContentVersion, Message
from campaigns.rules import holdout
from customers.enums import Channel, ConsentState
from customers.models import Consent, SegmentMembership, Suppression, Topic

NAMESPACE = UUID("0e5a3f0e-56c1-5c0b-9d63-5f2c7a2f8a11")
CHUNK = 2000
Audience = int | Sequence[int] | QuerySet


def occasion_key(occasion: str, channel: str = Channel.EMAIL) -> UUID:
    """The stored form of an occasion's words."""
    return uuid5(NAMESPACE, f"{occasion}:{channel}")


def plan(
    *,
    audience: Audience,
    content_version: ContentVersion,
    topic: Topic | None,
    source_kind: str,
    source_id: int,
    occasion: str,
    due_at: datetime,
    at: datetime,
    holdout_percent: float = 0,
    programme: str = "",
    channel: str = Channel.EMAIL,
) -> int:
    """Plan one message for each customer of an audience: a segment's id, customer ids, or a queryset of customer ids.

    A customer who already has a message of this occasion is passed over, so a killed plan is simply run again. The
    held-out share is drawn by a stable hash of `programme` (default: the occasion's source) and gets rows in state
    `holdout`. Runs in chunks, each its own transaction unless the caller holds one. Returns how many rows are new.
    """
    name = programme or f"{source_kind}:{source_id}"
    constants = (
        channel, source_kind, source_id, occasion_key(occasion, channel), content_version.pk, topic.pk if topic else None,
        at, due_at,
    )  # fmt: skip
    return sum(_insert(ids, constants, name, holdout_percent) for ids in _chunks(audience))


def _chunks(audience: Audience) -> Iterator[list[int]]:
    if isinstance(audience, int):
        audience = SegmentMembership.objects.filter(segment_id=audience).values_list("customer_id", flat=True)
    if isinstance(audience, QuerySet):
        ids = list(audience.order_by().distinct())
        audience = sorted(row if isinstance(row, int) else row.pk for row in ids)
    for start in range(0, len(audience), CHUNK):
        yield list(audience[start : start + CHUNK])


def _insert(ids: Sequence[int], constants: tuple[object, ...], programme: str, percent: float) -> int:
    rows: list[Any] = []
    for customer_id in ids:
        held = percent > 0 and holdout.is_held_out(programme, customer_id, percent)
        rows += [customer_id, MessageState.HOLDOUT if held else MessageState.PLANNED, Reason.HOLDOUT if held else ""]
    names = ("channel", "source_kind", "source_id", "occasion", "content_version", "topic", "planned_at", "due_at")
    fields: list[Any] = [Message._meta.get_field(name) for name in names]
    values = [field.get_db_prep_save(value, connection) for field, value in zip(fields, constants, strict=True)]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    types = "::int8, %s, %s" if connection.vendor == "postgresql" else ", %s, %s"
    marks = ", ".join([f"(%s{types})"] * len(ids))
    casts = ["%s"] * len(values)
    if connection.vendor == "postgresql":
        casts = [f"%s::{field.db_type(connection)}" for field in fields]
    with transaction.atomic(), connection.cursor() as cursor:
        # Joined with the customers, so that somebody erased meanwhile fails no chunk.
        cursor.execute(
            f'INSERT INTO "campaigns_message" ({columns}, "customer_id", "state", "reason", "detail", "provider_id", "attempt_no") '  # noqa: E501
            f"SELECT {', '.join(casts)}, c.\"id\", v.column2, v.column3, '', '', 0 "
            f'FROM (VALUES {marks}) AS v JOIN "customers_customer" c ON c."id" = v.column1 '
            "WHERE true ON CONFLICT DO NOTHING",
            [*values, *rows],
        )
        return max(cursor.rowcount, 0)


def skip_same_addresses(*, source_kind: str, source_id: int) -> int:
    """One e-mail per address: of several planned recipients with one address all but the oldest customer are skipped."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE "campaigns_message" SET "state" = %s, "reason" = %s WHERE "state" = %s AND "id" IN (
                SELECT id FROM (
                    SELECT m."id", row_number() OVER (PARTITION BY lower(c."email") ORDER BY m."customer_id") AS place
                    FROM "campaigns_message" m JOIN "customers_customer" c ON c."id" = m."customer_id"
                    WHERE m."source_kind" = %s AND m."source_id" = %s AND m."state" <> %s AND c."email" <> ''
                ) AS ranked WHERE place > 1)
            """,
            [
                MessageState.SKIPPED,
                Reason.DUPLICATE_ADDRESS,
                MessageState.PLANNED,
                source_kind,
                source_id,
                MessageState.HOLDOUT,
            ],
        )
        return max(cursor.rowcount, 0)


def skip_unreachable_holdout(*, source_kind: str, source_id: int) -> int:
    """Held-out people whom the gate would have refused leave the comparison: like is compared with like."""
    granted = Consent.objects.filter(
        customer=OuterRef("customer"), topic=OuterRef("topic"), channel=OuterRef("channel"), state=ConsentState.GRANTED
    )
    blocked = Suppression.objects.filter(customer=OuterRef("customer"), channel=OuterRef("channel"))
    held = Message.objects.filter(source_kind=source_kind, source_id=source_id, state=MessageState.HOLDOUT)
    count = held.filter(customer__email="").update(state=MessageState.SKIPPED, reason=Reason.NO_ADDRESS)
    count += held.filter(Exists(blocked)).update(state=MessageState.SKIPPED, reason=Reason.SUPPRESSED)
    return count + held.filter(~Exists(granted)).update(state=MessageState.SKIPPED, reason=Reason.NO_CONSENT)


def cancel(*, source_kind: str, source_id: int, reason: Reason = Reason.STOPPED) -> int:
    """Take back everything of one source that has not left yet; what is being sent at this moment is sent."""
    waiting = Message.objects.filter(
        source_kind=source_kind,
        source_id=source_id,
        state__in=[MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED],
    )
    return waiting.update(state=MessageState.CANCELLED, reason=reason, token=None, lease_until=None)
