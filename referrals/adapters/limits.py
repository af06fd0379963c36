"""Counting in the cache how often a network tries, so that codes cannot be guessed and claims not be flooded."""

from django.core.cache import cache

GUESS_WINDOW, CLAIM_WINDOW = 600, 3600
GUESSES, GUESSES_UNDER_ATTACK = 20, 3
ATTACK = 200  # wrong codes from everywhere within the window
CLAIMS = 10
CLICKS = 60


def may_try(network: str) -> bool:
    """Whether this network may look up a code: 20 wrong ones in ten minutes, 3 while codes are guessed from everywhere."""
    is_attack = _count("referral-miss:all") >= ATTACK
    return _count(f"referral-miss:{network}") < (GUESSES_UNDER_ATTACK if is_attack else GUESSES)


def note_miss(network: str) -> None:
    """A wrong code was tried."""
    _add("referral-miss:all", GUESS_WINDOW)
    _add(f"referral-miss:{network}", GUESS_WINDOW)


def may_claim(network: str) -> bool:
    """Count one claim of this network; False beyond ten in an hour."""
    return _add(f"referral-claim:{network}", CLAIM_WINDOW) <= CLAIMS


def may_click(network: str) -> bool:
    """Count one stored click of this network; False beyond sixty in an hour: the page works, the row is not written."""
    return _add(f"referral-click:{network}", CLAIM_WINDOW) <= CLICKS


def _count(key: str) -> int:
    return int(cache.get(key) or 0)


def _add(key: str, seconds: int) -> int:
    if cache.add(key, 1, seconds):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two calls
        cache.set(key, 1, seconds)
        return 1
