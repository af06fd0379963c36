"""Values for a batch of recipients, fetched through the merge port."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.rules.template import plain
from customers.ports import merge

log = logging.getLogger(__name__)
Values = dict[str, dict[str, Any]]


class SourceFailed(Exception):
    """A merge source raised; nobody of the batch can be filled in now."""


def merge_values(
    customer_ids: Sequence[int], variables: Sequence[str], *, at: datetime, reference: str, is_preview: bool = False
) -> dict[int, Values]:
    """Plain values of the named variables ("loyalty.points") by customer: one fetch per source for the whole batch.

    A value that is None or empty is left out, so that fall-backs apply. Raises `SourceFailed`.
    """
    wanted: dict[str, list[str]] = {}
    for variable in variables:
        source, _, name = variable.partition(".")
        wanted.setdefault(source, []).append(name)
    result: dict[int, Values] = {customer_id: {source: {} for source in wanted} for customer_id in customer_ids}
    context = merge.MergeContext(at=at, reference=reference, is_preview=is_preview)
    for offered in merge.all():
        names = wanted.get(offered.key)
        if not names:
            continue
        try:
            fetched = offered.fetch(customer_ids, context)
        except Exception as error:
            raise SourceFailed(f"{offered.label}: {type(error).__name__}") from error
        for customer_id, values in fetched.items():
            if customer_id in result:
                result[customer_id][offered.key] = _picked(values, names)
    return result


def _picked(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    picked = {}
    for name in names:
        value = values.get(name)
        if value is not None and value != "":
            picked[name] = plain(value)
    return picked
