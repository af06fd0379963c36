"""Writing consent, its proof, and the suppression list. Besides `answers`, nothing else writes these tables."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import Q

from customers import events
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import ConsentState, SuppressionReason
from customers.models import Consent, ConsentChange, Customer, Suppression, Topic, TopicWording
from customers.rules import addresses

CHUNK = 2000


class CannotUnsuppress(Exception):
    """An address erased on request stays suppressed for good."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What else is known about an answer: from where it came, and the first moment of a double opt-in.

    Addresses and browser are given only when the person answered, `actor_id` only when staff recorded it for them.
    """

    client_address: str = ""
    user_agent: str = ""
    requested_at: datetime | None = None
    requested_from: str = ""
    actor_id: int | None = None


NO_MORE = Proof()


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
    proof: Proof = NO_MORE,
    confirms: bool = False,
) -> int:
    """Record an answer (`ConsentState`) of customers for a topic and channel; returns for how many it changed anything.

    `source` says where they answered ("preferences", "import", "staff"), `wording` what they read, `proof` what else is
    known. Each change adds a row of proof and an event. With `only_new` an existing answer stays: a file never overrules
    what a person said. With `confirms` the same answer given again adds a row of proof too, without an event: a confirmed
    double opt-in is worth more than the line of a file.
    """
    ids = sorted(set(customer_ids))
    changed = 0
    with transaction.atomic():
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            changed += _set(part, topic, channel, ConsentState(state), source, wording, at, only_new, proof, confirms)
    return changed


def _set(
    ids: Sequence[int], topic: Topic, channel: str, state: str, source: str, wording: str, at: datetime, only_new: bool,
    proof: Proof, confirms: bool,
) -> int:  # fmt: skip
    standing = Consent.objects.filter(customer_id__in=ids, topic=topic, channel=channel)
    same = standing if only_new else standing.filter(state=state)
    kept = set(same.values_list("customer_id", flat=True))
    given = {
        "topic": topic, "channel": channel, "state": state, "source": source[:60], "changed_at": at,
        "client_address": proof.client_address[:45], "user_agent": proof.user_agent[:300],
        "requested_at": proof.requested_at, "requested_from": proof.requested_from[:45], "actor_id": proof.actor_id,
        **_worded(topic, wording),
    }  # fmt: skip
    if confirms and kept:
        ConsentChange.objects.bulk_create([ConsentChange(customer_id=i, **given) for i in sorted(kept)])
    ids = [customer_id for customer_id in ids if customer_id not in kept]
    if not ids:
        return 0
    Consent.objects.bulk_create(
        [Consent(customer_id=i, topic=topic, channel=channel, state=state, changed_at=at) for i in ids],
        update_conflicts=True,
        unique_fields=["customer", "topic", "channel"],
        update_fields=["state", "changed_at"],
    )
    proofs = ConsentChange.objects.bulk_create([ConsentChange(customer_id=i, **given) for i in ids])
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


def _worded(topic: Topic, wording: str) -> dict[str, object]:
    if not wording:
        return {"wording": "", "wording_digest": "", "wording_version": None}
    hashed = digest(wording)
    number = TopicWording.objects.filter(topic=topic, digest=hashed).values_list("number", flat=True).first()
    return {"wording": wording, "wording_digest": hashed, "wording_version": number}


def digest(wording: str) -> str:
    """The digest under which a wording is recognised."""
    return sha256(wording.encode("utf-8", "replace")).hexdigest()


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


def lift(*, channel: str, address: str, reasons: Collection[str]) -> list[str]:
    """Take an address off the list because its owner asked so in a confirmed message; returns the reasons lifted.

    Only these `reasons` give way; others stay. Nobody but the person may lift an erasure.
    """
    rows = Suppression.objects.filter(
        channel=channel, address_hash=addresses.fingerprint(channel, address), reason__in=list(reasons)
    )
    lifted = list(rows.values_list("reason", flat=True))
    rows.delete()
    return lifted


def relink_suppressions(customer_ids: Sequence[int]) -> int:
    """Tie the list's entries to these customers by their present addresses; returns how many entries were tied.

    Call it when customers are created or their address changes: an address that was suppressed before stays so.
    """
    ids = list(customer_ids)
    if not Suppression.objects.filter(Q(customer=None) | Q(customer__among=ids)).exists():
        return 0
    tied = 0
    for channel, column in addresses.FIELDS.items():
        pairs = Customer.objects.filter(id__among=ids).exclude(**{column: ""}).values_list("id", column)
        owners = {addresses.fingerprint(channel, address): customer_id for customer_id, address in pairs}
        hashes = list(owners)
        Suppression.objects.filter(channel=channel, customer__among=ids).exclude(address_hash__among=hashes).update(
            customer=None
        )
        found = list(Suppression.objects.filter(channel=channel, address_hash__among=hashes, customer=None))
        for row in found:
            row.customer_id = owners[row.address_hash]
        Suppression.objects.bulk_update(found, ["customer"])
        tied += len(found)
    return tied
