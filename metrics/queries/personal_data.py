"""What metrics does with a person's rows."""

from datetime import datetime
from typing import Any

from customers.ports.personal_data import PersonalData
from metrics.models import RfmScore


def export(customer_id: int) -> dict[str, list[dict[str, Any]]]:
    """The person's scores."""
    columns = ("r", "f", "m", "rfm_class", "last_order_on", "order_count", "revenue_minor", "computed_on")
    return {"rfm_scores": list(RfmScore.objects.filter(customer_id=customer_id).values(*columns))}


def erase(customer_id: int, at: datetime) -> None:
    """Scores go; daily and monthly facts hold no person and stay."""
    RfmScore.objects.filter(customer_id=customer_id).delete()


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """The next scoring counts the merged orders; until then the remaining customer keeps its own score."""
    RfmScore.objects.filter(customer_id=from_id).delete()


POLICY = PersonalData("metrics", (RfmScore,), export, erase, merge)
