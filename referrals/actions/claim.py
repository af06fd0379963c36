"""A friend reserves the offer with an e-mail address."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from config.kit import sql, tokens
from customers.models import Customer, Order
from referrals.actions.move import tell
from referrals.enums import UNBOUND, Reason, ReferralState
from referrals.models import Code, Programme, Referral, StateChange
from referrals.rules import emails

CLAIMS_PER_WINDOW = 200


class NotAnAddress(ValueError):
    """The text is no e-mail address."""


class LinkIsFull(Exception):
    """More friends than any person has claimed this link lately."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where a claim comes, as hashes."""

    visitor_hash: str = ""
    network_hash: str = ""
    agent_hash: str = ""


def hash_of(address: str) -> str:
    """The keyed hash under which a normalised address is bound."""
    return tokens.keyed_hash("referral-email", address)


def claim(code: Code, *, programme: Programme, email: str, visitor: Visitor, at: datetime) -> Referral:
    """Bind an address to a code; the same address and code give the same referral, however often.

    An address that may not be referred (own, known customer, bound to another member) is stored as blocked with its reason,
    and the caller must answer the same. Raises `NotAnAddress`, `LinkIsFull`.
    """
    if code.customer_id is None:
        raise ValueError("a code that leads to another one takes no claims")
    address = emails.normalise(email)
    if not address or len(email.strip()) > 254:
        raise NotAnAddress
    with transaction.atomic():
        sql.for_update(Code.objects.filter(pk=code.pk)).first()
        email_hash = hash_of(address)
        known = sql.for_update(Referral.objects.filter(code=code, email_hash=email_hash)).first()
        if known is not None and known.state != ReferralState.EXPIRED:
            return known
        recent = Referral.objects.filter(code=code, claimed_at__gt=at - timedelta(days=programme.window_days))
        if known is None and recent.count() >= CLAIMS_PER_WINDOW:
            raise LinkIsFull
        referral = known or Referral(code=code, advocate_id=code.customer_id, email_hash=email_hash)
        _fill(referral, programme, email.strip().lower(), visitor, at)
        reason = _hindrance(referral, address)
        if not reason:
            try:
                with transaction.atomic():
                    return _store(referral, ReferralState.CLAIMED, Reason.OFFER_CLAIMED, at)
            except IntegrityError:  # another member's friend page was quicker by a moment
                reason = Reason.ALREADY_REFERRED
        return _store(referral, ReferralState.BLOCKED, reason, at)


def _fill(referral: Referral, programme: Programme, email: str, visitor: Visitor, at: datetime) -> None:
    referral.programme, referral.email = programme, email
    referral.advocate_points, referral.friend_points = programme.advocate_points, programme.friend_points
    referral.visitor_hash, referral.network_hash = visitor.visitor_hash, visitor.network_hash
    referral.agent_hash = visitor.agent_hash
    referral.claimed_at, referral.changed_at = at, at
    referral.expires_at = at + timedelta(days=programme.window_days)


def _hindrance(referral: Referral, address: str) -> Reason | None:
    """Why this address may not be referred; sets the friend when the address belongs to somebody without orders."""
    advocate = referral.advocate
    if emails.normalise(advocate.email) == address:
        return Reason.OWN_LINK
    people = list(Customer.objects.filter(email__in={referral.email, address}).values_list("pk", flat=True)[:5])
    if advocate.pk in people:
        return Reason.OWN_LINK
    if people and Order.objects.filter(customer_id__in=people).exists():
        return Reason.EXISTING_CUSTOMER
    bound = Referral.objects.exclude(state__in=UNBOUND).exclude(pk=referral.pk)
    if bound.filter(programme=referral.programme, email_hash=referral.email_hash).exists():
        return Reason.ALREADY_REFERRED
    if people and bound.filter(friend_id__in=people).exists():
        return Reason.ALREADY_REFERRED
    referral.friend_id = people[0] if people else None
    return None


def _store(referral: Referral, state: ReferralState, reason: Reason, at: datetime) -> Referral:
    before = referral.state if referral.pk else ""
    referral.state, referral.reason = state, reason
    referral.save()
    change = StateChange.objects.create(referral=referral, from_state=before, to_state=state, reason=reason, at=at)
    tell([change], at=at)
    return referral
