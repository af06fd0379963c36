"""What metrics does with a person's rows."""

from datetime import datetime
from typing import Any

from django.db.models import Min

from customers.models import Order
from customers.ports.personal_data import PersonalData, Rows, Table
from metrics.actions import dirty
from metrics.enums import Family
from metrics.models import RfmScore


def export(customer_id: int) -> dict[str, Rows]:
    """The person's scores."""
    columns = ("r", "f", "m", "rfm_class", "last_order_on", "order_count", "revenue_minor", "computed_on")
    return {"rfm_scores": list(RfmScore.objects.filter(customer_id=customer_id).values(*columns))}


def erase(customer_id: int, at: datetime) -> None:
    """Scores go; daily and monthly facts hold no person and stay."""
    RfmScore.objects.filter(customer_id=customer_id).delete()


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Two buyers become one: first, second and lapsed orders are counted again from the first order of both."""
    RfmScore.objects.filter(customer_id=from_id).delete()
    _count_again(from_id, into_id, at)


def unmerge(kept: dict[str, Any], from_id: int, into_id: int, at: datetime) -> None:
    """One buyer becomes two again."""
    _count_again(from_id, into_id, at)


def _count_again(from_id: int, into_id: int, at: datetime) -> None:
    first = Order.objects.filter(customer_id__in=(from_id, into_id)).aggregate(day=Min("local_day"))["day"]
    if first:
        dirty.mark([(first, Family.ORDERS), (first, Family.LIFECYCLE)], reason="merged customers", at=at)


POLICY = PersonalData(
    "metrics", (RfmScore,), export, erase, merge, tables=(Table(RfmScore),), unmerge=unmerge,
    erased="The scores of the person.", stays="Figures per day and month, which name nobody.",
)  # fmt: skip
