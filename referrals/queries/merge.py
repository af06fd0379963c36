"""Variables of messages: {{ referral.share_link }} and the rest."""

from collections.abc import Sequence

from django.conf import settings

from config.kit import tokens
from customers.ports.merge import MergeContext, Values
from referrals.actions import share
from referrals.models import Code, RewardTally

MEMBER = "referral-member"
SAMPLE_CODE = "SAMPLE"


def friend_link(code: str) -> str:
    """The address a member gives to friends."""
    return f"{settings.BASE_URL}/r/{code}"


def share_link(customer_id: int) -> str:
    """The address of a member's own share page."""
    return f"{settings.BASE_URL}/r/me/{tokens.sign(MEMBER, customer_id)}"


def fetch(customer_ids: Sequence[int], context: MergeContext) -> Values:
    """Links, code and number of rewarded friends by customer; a preview makes no codes and shows a sample instead."""
    if context.is_preview:
        codes = dict(Code.objects.filter(customer_id__in=customer_ids).values_list("customer_id", "code"))
    else:
        codes = share.ensure_codes(customer_ids, at=context.at)
    tallies = dict(RewardTally.objects.filter(customer_id__in=customer_ids).values_list("customer_id", "rewarded_count"))
    return {
        customer_id: {
            "code": codes.get(customer_id, SAMPLE_CODE),
            "link": friend_link(codes.get(customer_id, SAMPLE_CODE)),
            "share_link": share_link(customer_id),
            "friends_rewarded": tallies.get(customer_id, 0),
        }
        for customer_id in customer_ids
    }
