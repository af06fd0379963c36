"""Writing consent, its proof, and the suppression list. Nothing else writes these tables."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from customers import events
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import ConsentState, SuppressionReason
from customers.models import Consent, ConsentChange, Customer, Suppression, Topic
from customers.rules import addresses

CHUNK = 2000


class CannotUnsuppress(Exception):
    """An address erased on request stays suppressed for good."""


def set_consent(
    customer_ids: Iterable[int],
    *,
    topic: Topic,
    channel: str,
    state: str,
    source: str,
    wording: str,
    at: datetime,
    only_new: bool = False,
) -> int:
    """Record an answer (`ConsentState`) of customers for a topic and channel; returns for how many it changed anything.

    `source` says where they answered ("preferences", "import", "staff"),
    `wording` what they read. Each change adds a row of proof
    and an event. With `only_new` an existing answer stays: a file never overrules what a person said.
    """
    ids = sorted(set(customer_ids))
    changed = 0
    with transaction.atomic():
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            changed += _set(part, topic, channel, ConsentState(state), source, wording, at, only_new)
    return changed


def _set(
    ids: Sequence[int], topic: Topic, channel: str, state: str, source: str, wording: str, at: datetime, only_new: bool
) -> int:
    standing = Consent.objects.filter(customer_id__in=ids, topic=topic, channel=channel)
    same = standing if only_new else standing.filter(state=state)
    kept = set(same.values_list("customer_id", flat=True))
    ids = [customer_id for customer_id in ids if customer_id not in kept]
    if not ids:
        return 0
    Consent.objects.bulk_create(
        [Consent(customer_id=i, topic=topic, channel=channel, state=state, changed_at=at) for i in ids],
        update_conflicts=True,
        unique_fields=["customer", "topic", "channel"],
        update_fields=["state", "changed_at"],
    )
    proofs = ConsentChange.objects.bulk_create(
        [
            ConsentChange(customer_id=i, topic=topic, channel=channel, state=state, source=source[:60],
            wording=wording, changed_at=at)
            for i in ids
        ]
    )  # fmt: skip
    name = events.CONSENT_GRANTED if state == ConsentState.GRANTED else events.CONSENT_WITHDRAWN
    properties = {"topic": topic.slug, "channel": str(channel), "source": source[:60]}
    record_many(
        [
            NewEvent(p.customer_id, name, at, event_key("customers", "consent", p.pk), "customers", properties)
            for p in proofs
        ],
        at=at,
    )
    return len(ids)


def suppress(*, channel: str, address: str, reason: str, at: datetime, customer_id: int | None = None) -> bool:
    """Never send to this address again, whatever consent says; False when it stood on the list already.

    An address that is on the list keeps its first reason, except that erasure and complaint outrank the others.
    """
    fingerprint = addresses.fingerprint(channel, address)
    if customer_id is None:
        customer_id = _owner(channel, address)
    with transaction.atomic():
        row, created = Suppression.objects.get_or_create(
            channel=channel,
            address_hash=fingerprint,
            defaults={"reason": SuppressionReason(reason), "customer_id": customer_id, "created_at": at},
        )
        if not created:
            if RANK[reason] > RANK[row.reason]:
                row.reason = reason
            row.customer_id = row.customer_id or customer_id
            row.save(update_fields=["reason", "customer_id"])
    return created


RANK = {"manual": 0, "hard_bounce": 1, "complaint": 2, "erased": 3}


def _owner(channel: str, address: str) -> int | None:
    column = addresses.FIELDS.get(channel)
    if column is None:
        return None
    found = Customer.objects.filter(**{column: addresses.normal(channel, address)}).order_by("id")
    return found.values_list("id", flat=True).first()


def unsuppress(*, channel: str, address: str) -> bool:
    """Take an address off the list; False when it was not on it. Raises `CannotUnsuppress` for an erased one."""
    rows = Suppression.objects.filter(channel=channel, address_hash=addresses.fingerprint(channel, address))
    if rows.filter(reason=SuppressionReason.ERASED).exists():
        raise CannotUnsuppress
    return rows.delete()[0] > 0


def relink_suppressions(customer_ids: Sequence[int]) -> int:
    """Tie the list's entries to these customers by their present addresses; returns how many entries were tied.

    Call it when customers are created or their address changes: an address that was suppressed before stays so.
    """
    tied = 0
    for channel, column in addresses.FIELDS.items():
        pairs = Customer.objects.filter(id__in=customer_ids).exclude(**{column: ""}).values_list("id", column)
        owners = {addresses.fingerprint(channel, address): customer_id for customer_id, address in pairs}
        Suppression.objects.filter(channel=channel, customer_id__in=customer_ids).exclude(address_hash__in=owners).update(
            customer=None
        )
        found = list(Suppression.objects.filter(channel=channel, address_hash__in=owners, customer=None))
        for row in found:
            row.customer_id = owners[row.address_hash]
        Suppression.objects.bulk_update(found, ["customer"])
        tied += len(found)
    return tied
