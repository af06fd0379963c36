"""Counting in the cache how often one network signs somebody up, and how often strangers have one mailbox written to."""

from django.core.cache import cache

from config.kit.access import network
from config.kit.tokens import keyed_hash

WINDOW = 3600
SIGN_UPS = 20
DAY = 24 * 3600
PER_MAILBOX = 6
DATA_LINKS = 6


def may_sign_up(address: str) -> bool:
    """Count one sign-up from this IP address; False beyond twenty in an hour."""
    return _count(f"sign-up:{network(address)}", WINDOW) <= SIGN_UPS


def may_write(email: str) -> bool:
    """Count one mail that a stranger asks for; False beyond six a day to one mailbox, however its address is written.

    `ann+1@…` and `ann+2@…` are two addresses with their own consent, and one inbox to flood.
    """
    return _count(f"sign-up-mail:{keyed_hash('sign-up-mailbox', mailbox(email))}", DAY) <= PER_MAILBOX


def may_mail_data_link(customer_id: int) -> bool:
    """Count one request for a link to one's data; False beyond six a day: the page is open to whoever was sent its link."""
    return _count(f"data-link:{customer_id}", DAY) <= DATA_LINKS


def mailbox(email: str) -> str:
    """The address without what many providers pass over: case, what stands behind a plus, dots before the @."""
    local, _, domain = email.strip().lower().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def _count(key: str, seconds: int) -> int:
    if cache.add(key, 1, seconds):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two calls
        cache.set(key, 1, seconds)
        return 1
