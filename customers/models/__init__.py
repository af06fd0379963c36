"""Tables of the first floor."""

from customers.models.brand import Brand
from customers.models.commerce import (
    CommerceSettings,
    ExchangeRate,
    MrrMovement,
    Order,
    OrderLine,
    Product,
    Refund,
    Subscription,
    SubscriptionChange,
)
from customers.models.consent import (
    Consent,
    ConsentChange,
    OptIn,
    Preference,
    SignupForm,
    Suppression,
    Topic,
    TopicWording,
)
from customers.models.exports import ExportJob
from customers.models.imports import ImportJob, ImportProblem
from customers.models.ingest import AnonymousEvent, IngestBatch, IngestProblem, SpentKey, WriteKey
from customers.models.jobs import AuditEntry, Heartbeat, JobRun
from customers.models.lists import ListUpload
from customers.models.people import Customer, CustomerFacts, CustomerNote, Identity
from customers.models.privacy import CustomerMerge, DataRequest, DifferentPeople, Erasure, RetentionRule
from customers.models.segments import (
    Segment,
    SegmentChange,
    SegmentCount,
    SegmentMembership,
    SegmentTouch,
    SegmentVersion,
)
from customers.models.sources import Connection, Delivery, SourceObject
from customers.models.stages import (
    CustomerPersona,
    CustomerStanding,
    Persona,
    StageChange,
    StageCount,
    StageRule,
    StandingRun,
    UsageRule,
)
from customers.models.timeline import Event, EventAggregate, FailedEvent, PendingEvent
from customers.models.tracking import TrackedBatch, TrackedDay, TrackedEvent, TrackedProperty

__all__ = [
    "AnonymousEvent",
    "AuditEntry",
    "Brand",
    "CommerceSettings",
    "Connection",
    "Consent",
    "ConsentChange",
    "Customer",
    "CustomerFacts",
    "CustomerMerge",
    "CustomerNote",
    "CustomerPersona",
    "CustomerStanding",
    "DataRequest",
    "Delivery",
    "DifferentPeople",
    "Erasure",
    "Event",
    "EventAggregate",
    "ExchangeRate",
    "ExportJob",
    "FailedEvent",
    "Heartbeat",
    "Identity",
    "ImportJob",
    "ImportProblem",
    "IngestBatch",
    "IngestProblem",
    "JobRun",
    "ListUpload",
    "MrrMovement",
    "OptIn",
    "Order",
    "OrderLine",
    "PendingEvent",
    "Persona",
    "Preference",
    "Product",
    "Refund",
    "RetentionRule",
    "Segment",
    "SegmentChange",
    "SegmentCount",
    "SegmentMembership",
    "SegmentTouch",
    "SegmentVersion",
    "SignupForm",
    "SourceObject",
    "SpentKey",
    "StageChange",
    "StageCount",
    "StageRule",
    "StandingRun",
    "Subscription",
    "SubscriptionChange",
    "Suppression",
    "Topic",
    "TopicWording",
    "TrackedBatch",
    "TrackedDay",
    "TrackedEvent",
    "TrackedProperty",
    "UsageRule",
    "WriteKey",
]
