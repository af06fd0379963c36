"""Which of a group of people match a condition, in the language of segments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from customers.segments.queries import run


def matching_ids(definition: Mapping[str, Any], *, customer_ids: Sequence[int], at: datetime) -> set[int]:
    """Those of `customer_ids` who match `definition` at this moment: one query, limited to the group."""
    return set(run.ids(dict(definition), at, customer_ids))
