"""Who a campaign would reach, and who not because of what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, QuerySet, Value, When
from django.db.models.functions import Lower

from campaigns.enums import Reason
from campaigns.models import Campaign
from customers.enums import Channel, ConsentState
from customers.models import Consent, Customer, Segment, SegmentMembership, Suppression, Topic


@dataclass(frozen=True, slots=True)
class Estimate:
    """Numbers of people: in the segment, left out by the other segment, without permission …, and who would get it."""

    members: int
    left_out: int
    reachable: int
    same_address: int
    held_out: int
    reasons: list[tuple[str, int]]

    @property
    def sendable(self) -> int:
        return max(self.reachable - self.same_address - self.held_out, 0)


def audience_ids(segment: Segment, exclude: Segment | None) -> QuerySet[SegmentMembership, int]:
    """Ids of the customers of a segment without those of another."""
    ids = SegmentMembership.objects.filter(segment=segment)
    if exclude:
        out = SegmentMembership.objects.filter(segment=exclude, customer=OuterRef("customer"))
        ids = ids.filter(~Exists(out))
    return ids.values_list("customer_id", flat=True)


def _judged(segment: Segment, exclude: Segment | None, topic: Topic | None) -> QuerySet[Any]:
    consent = Consent.objects.filter(
        customer=OuterRef("pk"), topic=topic, channel=Channel.EMAIL, state=ConsentState.GRANTED
    )
    blocked = Suppression.objects.filter(customer=OuterRef("pk"), channel=Channel.EMAIL)
    return Customer.objects.filter(pk__in=audience_ids(segment, exclude)).annotate(
        verdict=Case(
            When(email="", then=Value(str(Reason.NO_ADDRESS))),
            When(Exists(blocked), then=Value(str(Reason.SUPPRESSED))),
            When(~Exists(consent), then=Value(str(Reason.NO_CONSENT))),
            default=Value(""),
            output_field=CharField(),
        )
    )


def estimate(segment: Segment, exclude: Segment | None, topic: Topic | None, holdout_percent: int = 0) -> Estimate:
    """The estimate of a campaign's audience now. The gate asks everything again at the moment of sending."""
    counts = dict(
        _judged(segment, exclude, topic)
        .order_by()
        .values("verdict")
        .annotate(total=Count("pk"))
        .values_list("verdict", "total")
    )
    reachable = counts.pop("", 0)
    kept = reachable + sum(counts.values())
    members = SegmentMembership.objects.filter(segment=segment).count()
    addresses = (
        _judged(segment, exclude, topic).filter(verdict="").annotate(key=Lower(F("email"))).values("key").distinct().count()
    )
    held = round((reachable - (reachable - addresses)) * holdout_percent / 100)
    reasons = [(str(Reason(reason).label), count) for reason, count in sorted(counts.items(), key=lambda p: -p[1])]
    return Estimate(members, members - kept, reachable, reachable - addresses, held, reasons)


def estimate_of(campaign: Campaign, at: datetime) -> Estimate | None:
    """The estimate of a draft, None before it has a segment."""
    if campaign.segment is None:
        return None
    return estimate(campaign.segment, campaign.exclude_segment, campaign.topic, campaign.holdout_percent)


def reachable_customers(campaign: Campaign) -> QuerySet[Customer]:
    """Customers who would get the campaign, for previews."""
    assert campaign.segment is not None
    return _judged(campaign.segment, campaign.exclude_segment, campaign.topic).filter(verdict="")
