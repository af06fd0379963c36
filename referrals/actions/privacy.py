"""Erasing a person from referrals, and moving theirs when two customers turn out to be one."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from config.kit import sql
from customers.models import Customer
from customers.ports.personal_data import Part, Table
from referrals.actions.move import move
from referrals.enums import OPEN, UNBOUND, UNREWARDED, Reason, ReferralState
from referrals.models import Click, Code, FraudSignal, Referral, RewardGrant, RewardTally, StateChange


def erase(customer_id: int, *, at: datetime) -> None:
    """Forget addresses, browsers and networks; open referrals end. The hashed address stays: nobody is referred twice."""
    with transaction.atomic():
        mine = Referral.objects.filter(Q(advocate_id=customer_id) | Q(friend_id=customer_id))
        pending = list(sql.for_update(mine.filter(state__in=[*OPEN, *UNREWARDED]).order_by("id")))
        move(pending, to=ReferralState.VOIDED, reason=Reason.ERASED, at=at)
        address = Customer.objects.filter(pk=customer_id).values_list("email", flat=True).first()
        if address:
            Referral.objects.filter(email__iexact=address).update(email="")
        mine.filter(friend_id=customer_id).update(email="", visitor_hash="", network_hash="", agent_hash="")
        StateChange.objects.filter(referral__in=mine).exclude(note="").update(note="")
        FraudSignal.objects.filter(referral__in=mine).exclude(evidence="").update(evidence="")
        Click.objects.filter(code__customer_id=customer_id).update(visitor_hash="", network_hash="", user_agent="")
        Code.objects.filter(customer_id=customer_id).update(
            owner_visitor_hash="", owner_network_hash="", owner_agent_hash="", owner_seen_at=None
        )


def merge(from_id: int, into_id: int, *, at: datetime) -> None:
    """Give everything of one customer to another: the code of `into_id` wins, a second bond as friend is blocked."""
    with transaction.atomic():
        _move_code(from_id, into_id)
        own = Referral.objects.filter(
            Q(advocate_id=from_id, friend_id=into_id) | Q(advocate_id=into_id, friend_id=from_id)
        ).exclude(state__in=[ReferralState.BLOCKED, ReferralState.VOIDED])
        move(list(own), to=ReferralState.BLOCKED, reason=Reason.OWN_LINK, at=at)
        Referral.objects.filter(advocate_id=from_id).update(advocate_id=into_id)
        if Referral.objects.filter(friend_id=into_id).exclude(state__in=UNBOUND).exists():
            second = list(Referral.objects.filter(friend_id=from_id).exclude(state__in=UNBOUND))
            move(second, to=ReferralState.BLOCKED, reason=Reason.ALREADY_REFERRED, at=at)
        Referral.objects.filter(friend_id=from_id).update(friend_id=into_id)
        RewardGrant.objects.filter(customer_id=from_id).update(customer_id=into_id)
        tally = RewardTally.objects.filter(customer_id=from_id).first()
        if tally is not None:
            sql.add_up(RewardTally, key=["customer"], add=["rewarded_count"], rows=[(into_id, tally.rewarded_count)])
            tally.delete()


def _move_code(from_id: int, into_id: int) -> None:
    """The code moves over; where both have one, its referrals and clicks move to the code that stays."""
    old = Code.objects.filter(customer_id=from_id).first()
    if old is None:
        return
    kept = Code.objects.filter(customer_id=into_id).first()
    if kept is None:
        Code.objects.filter(pk=old.pk).update(customer_id=into_id)
        return
    taken = Referral.objects.filter(code=kept).values("email_hash")
    Referral.objects.filter(code=old).exclude(email_hash__in=list(taken.values_list("email_hash", flat=True))).update(
        code=kept
    )
    Click.objects.filter(code=old).update(code=kept)
    Code.objects.filter(pk=old.pk).update(customer=None, leads_to=kept)


def _of_codes(from_id: int, into_id: int) -> Q:
    return Q(code__customer_id=from_id)


def warn(from_id: int, into_id: int) -> list[str]:
    """What staff should know before they merge two customers."""
    found = []
    own = Q(advocate_id=from_id, friend_id=into_id) | Q(advocate_id=into_id, friend_id=from_id)
    if Referral.objects.filter(own).exclude(state__in=[ReferralState.BLOCKED, ReferralState.VOIDED]).exists():
        found.append(
            _(
                "One of them referred the other: as one person that is their own link, so the referral is blocked. "
                "Points that it brought stay where they are."
            )
        )
    bound = Referral.objects.exclude(state__in=UNBOUND)
    if bound.filter(friend_id=from_id).exists() and bound.filter(friend_id=into_id).exists():
        found.append(
            _("Both were referred by somebody: the referral of the customer who stays counts, the other is blocked.")
        )
    if Code.objects.filter(customer_id__in=(from_id, into_id)).count() == 2:
        found.append(_("Both have a referral link: the old link goes on and leads to the link that stays."))
    return found


def count(customer_id: int) -> list[Part]:
    """What a customer owns here."""
    return [
        Part(_("Friends referred"), Referral.objects.filter(advocate_id=customer_id).count()),
        Part(_("Referral rewards"), RewardGrant.objects.filter(customer_id=customer_id).count()),
    ]


TABLES = (
    Table(Code),
    Table(Click, rows=_of_codes),
    Table(Referral, ("advocate", "friend")),
    Table(StateChange, ("referral__advocate", "referral__friend")),
    Table(RewardGrant, is_moved=True),
    Table(RewardTally, counters=("rewarded_count",)),
)
