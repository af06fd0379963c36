"""Tables of this app."""

from campaigns.models.campaign import Campaign
from campaigns.models.content import Content, ContentVersion, Link
from campaigns.models.message import Engagement, Message, OutboxMail

__all__ = ["Campaign", "Content", "ContentVersion", "Engagement", "Link", "Message", "OutboxMail"]
