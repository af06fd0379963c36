"""Stable random shares: a hash of the customer's id that SQL and Python compute alike.

h = (a x id + b) mod p, then (h x h + c) mod p, with p = 2^31 - 1 and a, b, c drawn from the salt (Carter and Wegman's
universal family, squared once so that neighbouring ids do not stay neighbours); 10,000 buckets.
"""

import hashlib

PRIME = 2_147_483_647
BUCKETS = 10_000


def constants(salt: str) -> tuple[int, int, int]:
    """a, b, c for a salt."""
    raw = hashlib.sha256(f"perennial.share:{salt}".encode()).digest()
    a, b, c = (int.from_bytes(raw[start : start + 8], "big") % PRIME for start in (0, 8, 16))
    return max(a, 2), b, c


def bucket(customer_id: int, salt: str) -> int:
    """0 to 9,999; the share of `percent` holds those below `percent` x 100."""
    a, b, c = constants(salt)
    first = (customer_id % PRIME * a + b) % PRIME
    return (first * first % PRIME + c) % PRIME % BUCKETS
