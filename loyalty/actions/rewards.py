"""Points for rewards: a member takes a code, staff mark it used or cancel it, time ends it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from config.kit import sql
from config.kit.tokens import random_code
from customers.actions import audit
from loyalty.actions import points
from loyalty.enums import RedemptionState
from loyalty.models import Account, Redemption, Reward


class RewardRefused(Exception):
    """The member cannot have this reward now. `reason` is a sentence for the member."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotOpen(Exception):
    """The code was used, ended or cancelled already."""


def claim(customer_id: int, *, reward_id: int, key: str, at: datetime) -> Redemption:
    """Exchange points for a code. The same `key` again (a form sent twice) returns the first code.

    Locks the account, then the reward; checks tier, limit, stock and balance; raises `RewardRefused` with a reason.
    """
    with transaction.atomic():
        account = sql.for_update(Account.objects.filter(customer_id=customer_id)).first()
        reward = sql.for_update(Reward.objects.filter(id=reward_id)).first()
        if account is None or reward is None:
            raise RewardRefused("This reward is not on offer.")
        entry_key = f"reward:{reward.id}:{key}"
        before = Redemption.objects.filter(account=account, entry__idempotency_key=entry_key).first()
        if before:
            return before
        _check(account, reward)
        try:
            entry = points.redeem(customer_id, points=reward.cost, reason=reward.name, key=entry_key, at=at)
        except points.NotEnoughPoints as error:
            raise RewardRefused(f"You need {error.wanted - error.available} more points for this reward.") from error
        if reward.stock is not None:
            Reward.objects.filter(id=reward.id).update(stock=F("stock") - 1)
        return Redemption.objects.create(
            account=account, reward=reward, entry=entry, code=_code(reward), issued_at=at,
            expires_at=at + timedelta(days=reward.code_days),
        )  # fmt: skip


def _check(account: Account, reward: Reward) -> None:
    if not reward.is_active:
        raise RewardRefused("This reward is no longer on offer.")
    if reward.stock == 0:
        raise RewardRefused("This reward has run out.")
    if reward.min_tier is not None and (account.tier is None or account.tier.threshold < reward.min_tier.threshold):
        raise RewardRefused(f"This reward is for members from {reward.min_tier} up.")
    if reward.per_member_limit is not None:
        taken = Redemption.objects.filter(account=account, reward=reward).exclude(state=RedemptionState.CANCELLED).count()
        if taken >= reward.per_member_limit:
            raise RewardRefused("You have taken this reward as often as it can be taken.")


def _code(reward: Reward) -> str:
    return f"{reward.code_prefix}{'-' if reward.code_prefix else ''}{random_code()}".upper()


def mark_used(redemption_id: int, *, actor_id: int | None, at: datetime) -> Redemption:
    """The code was used in the shop. Raises `NotOpen`."""
    return _close(redemption_id, RedemptionState.USED, actor_id, at)


def cancel(redemption_id: int, *, actor_id: int | None, at: datetime) -> Redemption:
    """Withdraw a code and give its points back. Raises `NotOpen`.

    The account is locked first, as `claim` does: with the reward first, the two could wait for each other.
    """
    with transaction.atomic():
        sql.for_update(Account.objects.filter(redemptions=redemption_id)).first()
        redemption = _close(redemption_id, RedemptionState.CANCELLED, actor_id, at)
        Reward.objects.filter(id=redemption.reward_id, stock__isnull=False).update(stock=F("stock") + 1)
        points.return_redemption(redemption.entry, reason=f"{redemption.reward} cancelled", at=at)
    return redemption


def _close(redemption_id: int, state: str, actor_id: int | None, at: datetime) -> Redemption:
    with transaction.atomic():
        redemption = sql.for_update(Redemption.objects.select_related("reward", "entry").filter(id=redemption_id)).get()
        if redemption.state != RedemptionState.ISSUED:
            raise NotOpen(redemption.state)
        redemption.state, redemption.settled_at = state, at
        redemption.save(update_fields=["state", "settled_at"])
        audit.note(f"loyalty.code_{state}", subject=f"code of {redemption.reward}", user_id=actor_id, at=at,
                   detail={"redemption": redemption.id})  # fmt: skip
    return redemption


def expire_codes(*, at: datetime) -> int:
    """End the codes whose time is over; their points stay spent. One statement; returns how many."""
    ended = Redemption.objects.filter(state=RedemptionState.ISSUED, expires_at__lte=at)
    return ended.update(state=RedemptionState.EXPIRED, settled_at=at)
