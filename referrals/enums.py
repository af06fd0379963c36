"""Choices of referrals."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ReferralState(TextChoices):
    CLAIMED = "claimed", _("Claimed")
    SIGNED_UP = "signed_up", _("Signed up")
    QUALIFIED = "qualified", _("Ordered")
    IN_HOLD = "in_hold", _("In return period")
    FLAGGED = "flagged", _("Waiting for review")
    APPROVED = "approved", _("Approved")
    REWARDED = "rewarded", _("Rewarded")
    VOIDED = "voided", _("Voided")
    REVERSED = "reversed", _("Reward taken back")
    BLOCKED = "blocked", _("Blocked")
    EXPIRED = "expired", _("Expired")


OPEN = (ReferralState.CLAIMED, ReferralState.SIGNED_UP)
UNREWARDED = (ReferralState.QUALIFIED, ReferralState.IN_HOLD, ReferralState.FLAGGED, ReferralState.APPROVED)
# A friend and an address are bound in every state but these.
UNBOUND = (ReferralState.BLOCKED, ReferralState.EXPIRED)


class Reason(TextChoices):
    """Why a referral stands where it stands; shown on each screen."""

    NONE = "", _("None")
    OFFER_CLAIMED = "offer_claimed", _("The friend reserved the offer")
    BECAME_CUSTOMER = "became_customer", _("The friend became a customer")
    FIRST_ORDER = "first_order", _("First order of the friend")
    RETURN_PERIOD = "return_period", _("Waits until the return period ends")
    CHECKS_PASSED = "checks_passed", _("All checks passed")
    REWARD_PAID = "reward_paid", _("Reward given")
    REWARD_CAPPED = "reward_capped", _("Counts, but the member’s yearly limit is reached")
    NO_POINTS_PROGRAMME = "no_points_programme", _("Waits: no points programme can pay the reward")
    OWN_LINK = "own_link", _("Own link or own address")
    EXISTING_CUSTOMER = "existing_customer", _("Had ordered before")
    ALREADY_REFERRED = "already_referred", _("Was referred before")
    SUSPICIOUS = "suspicious", _("Signs of misuse: a person decides")
    TOO_SUSPICIOUS = "too_suspicious", _("Strong signs of misuse")
    ORDER_REFUNDED = "order_refunded", _("The order was refunded")
    REFUND_UNCLEAR = "refund_unclear", _("A refund of unknown order: a person decides")
    WINDOW_PASSED = "window_passed", _("No order in time")
    STAFF_APPROVED = "staff_approved", _("Approved by staff")
    STAFF_VOIDED = "staff_voided", _("Voided by staff")
    ERASED = "erased", _("Personal data erased on request")


class Role(TextChoices):
    ADVOCATE = "advocate", _("Member")
    FRIEND = "friend", _("Friend")


class GrantState(TextChoices):
    PENDING = "pending", _("To be given")
    GRANTED = "granted", _("Given")
    CAPPED = "capped", _("Over the limit")
    REVERSED = "reversed", _("Taken back")


class SignalKind(TextChoices):
    SAME_BROWSER = "same_browser", _("Same browser as the member")
    SAME_ADDRESS_AND_BROWSER = "same_ip_agent", _("Same network and browser type as the member")
    SAME_ADDRESS = "same_ip", _("Same network as the member")
    MANY_FROM_ADDRESS = "many_from_ip", _("More than three claims from one network in a day")
    DISPOSABLE_EMAIL = "disposable_email", _("Throw-away e-mail address")
    SAME_NAME = "same_name", _("Same name as the member")
    SAME_COMPANY_DOMAIN = "same_domain", _("Same company e-mail domain as the member")
    INSTANT_ORDER = "instant_order", _("Ordered within 30 seconds of the claim")
    BURST = "burst", _("More than ten claims on one link in a week")
    UNCLEAR_REFUND = "unclear_refund", _("A refund that names no order")
