"""Codes, and what a member does with them."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from config.kit import sql, tokens
from customers.actions import timeline
from referrals import events
from referrals.models import Click, Code

CODE_LENGTH = 13  # 31 signs: 64 random bits


def ensure_codes(customer_ids: Sequence[int], *, at: datetime) -> dict[int, str]:
    """The code of each of these customers, by customer id; made for those who have none, in two statements."""
    ids = sorted(set(customer_ids))
    known = dict(Code.objects.filter(customer_id__in=ids).values_list("customer_id", "code"))
    missing = [customer_id for customer_id in ids if customer_id not in known]
    if not missing:
        return known
    moment = Code._meta.get_field("created_at").get_db_prep_save(at, connection)
    names = '"customer_id", "code", "created_at", "owner_visitor_hash", "owner_network_hash", "owner_agent_hash"'
    rows = [(customer_id, tokens.random_code(CODE_LENGTH), moment, "", "", "") for customer_id in missing]
    sql.insert_ignoring("referrals_code", names, rows)
    return dict(Code.objects.filter(customer_id__in=ids).values_list("customer_id", "code"))


def note_owner(code: Code, *, visitor_hash: str, network_hash: str, agent_hash: str, at: datetime) -> None:
    """Remember from where the owner opens the share page: a claim from there is no friend's."""
    Code.objects.filter(pk=code.pk).update(
        owner_visitor_hash=visitor_hash, owner_network_hash=network_hash, owner_agent_hash=agent_hash, owner_seen_at=at
    )


def note_share(customer_id: int, *, medium: str, at: datetime) -> bool:
    """Record `referral.shared`, once per day and medium; False when it was known."""
    return timeline.record(
        timeline.NewEvent(
            customer_id=customer_id,
            name=events.SHARED,
            occurred_at=at,
            key=timeline.event_key("referrals", "share", customer_id, at.date(), medium),
            source="referrals",
            properties={"medium": medium},
        ),
        at=at,
    )


def note_click(
    code: Code, *, visitor_hash: str, network_hash: str, user_agent: str, is_bot: bool, medium: str, at: datetime
) -> bool:
    """Keep the first visit of a browser to a friend page; False when it had been there before."""
    with transaction.atomic():
        if visitor_hash and Click.objects.filter(code=code, visitor_hash=visitor_hash).exists():
            return False
        Click.objects.create(
            code=code, at=at, visitor_hash=visitor_hash, network_hash=network_hash, user_agent=user_agent[:200],
            is_bot=is_bot, medium=medium[:20],
        )  # fmt: skip
    return True


def forget_networks(*, before: datetime) -> int:
    """Clear the network and browser hashes of clicks older than this; returns how many."""
    old = Click.objects.filter(at__lt=before).exclude(network_hash="", visitor_hash="", user_agent="")
    return old.update(network_hash="", visitor_hash="", user_agent="")
