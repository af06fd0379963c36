"""Choices of messages, campaigns and what people do with them."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class CampaignState(TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped")
    SENT = "sent", _("Sent")


class SourceKind(TextChoices):
    CAMPAIGN = "campaign", _("Campaign")
    JOURNEY = "journey", _("Journey")
    TRANSACTIONAL = "transactional", _("Transactional")


class BodyKind(TextChoices):
    BLOCKS = "blocks", _("Blocks")
    HTML = "html", _("HTML")


class MessageState(TextChoices):
    """`unknown`: handed to the server, but its answer was lost; never sent again by itself."""

    PLANNED = "planned", _("Planned")
    CLAIMED = "claimed", _("Being prepared")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    DEFERRED = "deferred", _("Will be tried again")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Not sent")
    CANCELLED = "cancelled", _("Cancelled")
    UNKNOWN = "unknown", _("Unknown")
    HOLDOUT = "holdout", _("Held out")


# Handed over: the person has, or may have, the message.
HANDED_OVER = (MessageState.SENT, MessageState.DELIVERED, MessageState.BOUNCED, MessageState.UNKNOWN)
DUE_STATES = (MessageState.PLANNED, MessageState.DEFERRED)
UNFINISHED = (MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED, MessageState.SENDING)


class Reason(TextChoices):
    """Why a message stands where it stands, in words that staff and customers' questions need."""

    NONE = "", ""
    NO_CONSENT = "no_consent", _("No consent for this topic")
    SUPPRESSED = "suppressed", _("Address is blocked")
    NO_ADDRESS = "no_address", _("No e-mail address")
    BAD_ADDRESS = "bad_address", _("Not a valid e-mail address")
    DUPLICATE_ADDRESS = "duplicate_address", _("Same address as another recipient")
    FREQUENCY_CAP = "frequency_cap", _("Already got enough messages this week")
    PAUSED = "paused", _("Asked for a pause")
    STOPPED = "stopped", _("Campaign was stopped")
    HOLDOUT = "holdout", _("In the holdout group")
    RENDER_ERROR = "render_error", _("Content could not be filled in")
    REJECTED = "rejected", _("Refused by the mail server")
    NO_SUCH_MAILBOX = "no_such_mailbox", _("Mailbox does not exist")
    TRY_LATER = "try_later", _("Mail server asked to try later")
    CONNECTION = "connection", _("Connection to the mail server failed")
    ANSWER_LOST = "answer_lost", _("Answer of the mail server was lost")
    GAVE_UP = "gave_up", _("Tried for three days")
    LEFT_JOURNEY = "left_journey", _("Left the journey")


class EngagementKind(TextChoices):
    OPEN = "open", _("Open")
    CLICK = "click", _("Click")
    UNSUBSCRIBE = "unsubscribe", _("Unsubscribe")


class Visitor(TextChoices):
    """Who probably made the request; recomputable, because the raw request is kept."""

    HUMAN = "human", _("Person")
    PROXY = "proxy", _("Mail proxy")
    SCANNER = "scanner", _("Scanner")
