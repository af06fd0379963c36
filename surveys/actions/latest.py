"""Keeping the newest counted score of each customer in one row."""

from collections.abc import Sequence

from surveys.enums import ResponseState
from surveys.models import LatestScore, Response


def refresh(customer_ids: Sequence[int]) -> None:
    """Recompute the row of these customers from their answers; a customer without a counted answer has none."""
    ids = sorted(set(customer_ids))
    counted = Response.objects.filter(customer_id__in=ids, state=ResponseState.CONFIRMED, suspicion="")
    newest: dict[int, Response] = {}
    for response in counted.order_by("answered_at", "id").only("customer_id", "score", "band", "answered_at"):
        newest[response.customer_id] = response
    LatestScore.objects.filter(customer_id__in=[i for i in ids if i not in newest]).delete()
    LatestScore.objects.bulk_create(
        [
            LatestScore(customer_id=i, response=r, score=r.score, band=r.band, answered_at=r.answered_at)
            for i, r in newest.items()
        ],
        update_conflicts=True,
        unique_fields=["customer"],
        update_fields=["response", "score", "band", "answered_at"],
        batch_size=2000,
    )
