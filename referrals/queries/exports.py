"""Referrals as a list that can be taken out."""

from collections.abc import Iterator

from customers.exports.queries.keyset import plain, within
from customers.ports.exports import Criteria, Export, Row, register
from referrals.models import Referral


def referrals(criteria: Criteria) -> Iterator[Row]:
    """One row per referral; a friend who is no customer yet stays unnamed."""
    fields = ("advocate__external_id", "advocate__email", "friend__external_id", "friend__email", "state", "reason",
              "claimed_at", "qualified_at", "rewarded_at", "order_number", "advocate_points", "friend_points")  # fmt: skip
    header = ("advocate_id", "advocate_email", "friend_id", "friend_email", *fields[4:])
    return plain(within(Referral.objects.all(), "claimed_at", criteria), fields, header)


def register_all() -> None:
    register(Export("referrals", "Referrals", "Who brought whom, and what became of it.", "share-2", referrals,
                    ("customers.view_customer", "referrals.view_referral"), 80,
                    dated="By the day of the claim."))  # fmt: skip
