"""Who is held out of a programme: a stable draw, the same for the same person and programme for ever."""

from hashlib import blake2b

BUCKETS = 10_000


def bucket(programme: str, customer_id: int) -> int:
    """A number in [0, 10000) that depends on nothing but the programme and the person."""
    digest = blake2b(f"{programme}:{customer_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS


def is_held_out(programme: str, customer_id: int, percent: float) -> bool:
    """Whether the person is among the `percent` who get nothing, so that the effect can be measured."""
    return bucket(programme, customer_id) < percent * BUCKETS / 100
