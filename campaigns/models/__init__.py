"""Tables of this app."""

from campaigns.journeys.models import Enrolment, Journey, JourneyStep, JourneyVersion, StepLog
from campaigns.models.campaign import Campaign
from campaigns.models.content import Content, ContentVersion, Link
from campaigns.models.message import Engagement, Message, OutboxMail, SystemMail

__all__ = [
    "Campaign",
    "Content",
    "ContentVersion",
    "Engagement",
    "Enrolment",
    "Journey",
    "JourneyStep",
    "JourneyVersion",
    "Link",
    "Message",
    "OutboxMail",
    "StepLog",
    "SystemMail",
]
