"""Tables of the first floor."""

from customers.models.brand import Brand
from customers.models.commerce import Order, OrderLine, Product, Refund
from customers.models.consent import Consent, ConsentChange, Suppression, Topic
from customers.models.imports import ImportJob, ImportProblem
from customers.models.jobs import AuditEntry, Heartbeat, JobRun
from customers.models.people import Customer, CustomerFacts
from customers.models.segments import Segment, SegmentChange, SegmentCount, SegmentMembership, SegmentTouch
from customers.models.timeline import Event, EventAggregate, FailedEvent, PendingEvent

__all__ = [
    "AuditEntry",
    "Brand",
    "Consent",
    "ConsentChange",
    "Customer",
    "CustomerFacts",
    "Event",
    "EventAggregate",
    "FailedEvent",
    "Heartbeat",
    "ImportJob",
    "ImportProblem",
    "JobRun",
    "Order",
    "OrderLine",
    "PendingEvent",
    "Product",
    "Refund",
    "Segment",
    "SegmentChange",
    "SegmentCount",
    "SegmentMembership",
    "SegmentTouch",
    "Suppression",
    "Topic",
]
