"""What the gate must know of a batch of claimed messages: one statement, whatever the size of the batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from campaigns.enums import HANDED_OVER, CampaignState, MessageState, SourceKind
from campaigns.models import Campaign, Message
from campaigns.rules.gate import CAP_WINDOW, Facts
from config.kit import tokens
from customers.enums import ConsentState
from customers.models import Consent, Suppression


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message at the gate: its facts, and the keyed hash of the address that the suppression list knows."""

    id: int
    facts: Facts
    address_hash: str


def address_hash(address: str) -> str:
    """The form in which the suppression list holds an address."""
    return tokens.keyed_hash("suppression", address.lower())


def _rows(messages: QuerySet[Message], at: datetime) -> QuerySet[Any]:
    consent = Consent.objects.filter(
        customer=OuterRef("customer"), topic=OuterRef("topic"), channel=OuterRef("channel"), state=ConsentState.GRANTED
    )
    # The window is asked inside the aggregate, not in WHERE: beside the customer's few rows the index on sent_at must not be  # noqa: E501
    # combined in, which without fresh statistics costs a hundred times as much.
    in_window = Q(sent_at__gt=at - CAP_WINDOW, sent_at__lte=at) & ~Q(source_kind=SourceKind.TRANSACTIONAL)
    recent = (
        Message.objects.filter(customer=OuterRef("customer"))
        .order_by()
        .values("customer")
        .annotate(total=Count("id", filter=in_window))
        .values("total")
    )
    twin = Message.objects.filter(
        occasion=OuterRef("occasion"),
        customer__email=OuterRef("customer__email"),
        state__in=[*HANDED_OVER, MessageState.SENDING],
    ).exclude(pk=OuterRef("pk"))
    running = Campaign.objects.filter(pk=OuterRef("source_id"), state=CampaignState.SENDING)
    return messages.annotate(
        has_consent=Exists(consent), recent=Coalesce(Subquery(recent), 0), has_twin=Exists(twin), runs=Exists(running),
        address=F("customer__email"), paused_until=F("customer__preference__paused_until"),
        weekly_limit=F("customer__preference__weekly_limit"),
    )  # fmt: skip


def candidates(ids: Sequence[int], token: UUID, *, at: datetime) -> list[Candidate]:
    """Facts of the messages among `ids` that this claim still holds."""
    return facts_of(Message.objects.filter(pk__in=ids, token=token, state=MessageState.CLAIMED), at=at)


def facts_of(messages: QuerySet[Message], *, at: datetime) -> list[Candidate]:
    """Facts of any messages, for the gate and for the answer to "would it go out now?"."""
    rows = list(
        _rows(messages, at).values_list(
            "id", "address", "source_kind", "has_consent", "runs", "has_twin", "recent", "planned_at", "paused_until",
            "weekly_limit",
        )
    )  # fmt: skip
    hashes = {row[1]: address_hash(row[1]) for row in rows if row[1]}
    blocked = set(
        Suppression.objects.filter(channel="email", address_hash__in=hashes.values()).values_list("address_hash", flat=True)
    )
    found = []
    for message_id, address, kind, has_consent, runs, has_twin, recent, planned_at, paused_until, weekly_limit in rows:
        hashed = hashes.get(address, "")
        facts = Facts(
            address=address,
            source_kind=kind,
            has_consent=has_consent,
            is_suppressed=hashed in blocked,
            is_running=runs if kind == SourceKind.CAMPAIGN else True,
            has_twin=bool(address) and has_twin and kind == SourceKind.CAMPAIGN,
            recent=recent,
            planned_at=planned_at,
            paused_until=paused_until,
            weekly_limit=weekly_limit,
        )
        found.append(Candidate(message_id, facts, hashed))
    return found


__all__ = ["Candidate", "address_hash", "candidates", "facts_of"]
