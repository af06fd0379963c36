"""How much of the ingest API's work waits."""

from datetime import datetime

from django.db.models import Min, Sum

from customers.models import IngestBatch
from customers.ports.jobs import Due


def batches(at: datetime) -> Due:
    """Messages that wait to be taken in."""
    found = IngestBatch.objects.aggregate(count=Sum("message_count"), oldest=Min("received_at"))
    return Due(found["count"] or 0, found["oldest"])
