"""Choices of the first floor."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("Web push")
    WEBHOOK = "webhook", _("Webhook")
    INBOX = "inbox", _("In-app inbox")


class Market(TextChoices):
    CONSUMER = "consumer", _("Consumer")
    BUSINESS = "business", _("Business")
    GOVERNMENT = "government", _("Government")
    NONPROFIT = "nonprofit", _("Non-profit")


class Stage(TextChoices):
    ONBOARDING = "onboarding", _("Onboarding")
    ADOPTION = "adoption", _("Adoption")
    GROWING = "growing", _("Growing")
    RENEWAL = "renewal", _("Renewal")
    ADVOCATE = "advocate", _("Advocate")
    AT_RISK = "at_risk", _("At risk")
    LAPSED = "lapsed", _("Lapsed")
    WON_BACK = "won_back", _("Won back")


class ConsentState(TextChoices):
    GRANTED = "granted", _("Granted")
    DENIED = "denied", _("Denied")


class SuppressionReason(TextChoices):
    HARD_BOUNCE = "hard_bounce", _("Address does not exist")
    COMPLAINT = "complaint", _("Reported as spam")
    MANUAL = "manual", _("Blocked by staff")
    ERASED = "erased", _("Erased on request")


class UsageLevel(TextChoices):
    NONE = "none", _("Not active")
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")


class IdentityKind(TextChoices):
    ANONYMOUS = "anonymous", _("Anonymous id")
    EXTERNAL = "external", _("Former external id")
    STRIPE = "stripe", _("Stripe customer")
    SHOPIFY = "shopify", _("Shopify customer")


class OrderState(TextChoices):
    PAID = "paid", _("Paid")
    REFUNDED = "refunded", _("Refunded in full")
    CANCELLED = "cancelled", _("Cancelled")


class SegmentKind(TextChoices):
    DYNAMIC = "dynamic", _("Rules")
    STATIC = "static", _("List")


class ChangeCause(TextChoices):
    """Why a customer entered or left a segment."""

    FILL = "fill", _("First fill")
    RULES = "rules", _("The rules were changed")
    EVENT = "event", _("Something happened to the customer")
    TIME = "time", _("Time passed")
    NIGHT = "night", _("Nightly check")
    LIST = "list", _("Put on the list or taken off by hand")


class ListMode(TextChoices):
    ADD = "add", _("Put them on the list")
    REMOVE = "remove", _("Take them off the list")
    REPLACE = "replace", _("Make the list exactly these")


class ListUploadState(TextChoices):
    ASKING = "asking", _("Which column?")
    READING = "reading", _("Being read")
    READY = "ready", _("Waiting for your word")
    APPLYING = "applying", _("Being done")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")
    FAILED = "failed", _("Failed")


class ImportState(TextChoices):
    UPLOADED = "uploaded", _("Waiting for column mapping")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


class ExportState(TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Being written")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


class ImportKind(TextChoices):
    CUSTOMERS = "customers", _("Customers")
    ORDERS = "orders", _("Orders")
    REFUNDS = "refunds", _("Refunds")
    PRODUCTS = "products", _("Products")
    EVENTS = "events", _("Events")
    SUBSCRIPTIONS = "subscriptions", _("Subscriptions")
    CONSENTS = "consents", _("Consents")
    POINTS = "points", _("Points balances")


class SubscriptionStatus(TextChoices):
    TRIALING = "trialing", _("Trial")
    ACTIVE = "active", _("Active")
    PAST_DUE = "past_due", _("Payment overdue")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class MovementKind(TextChoices):
    NEW = "new", _("New")
    EXPANSION = "expansion", _("Expansion")
    CONTRACTION = "contraction", _("Contraction")
    CHURN = "churn", _("Churn")
    REACTIVATION = "reactivation", _("Reactivation")


class CancelCounts(TextChoices):
    TERM_END = "term_end", _("Until the paid term ends")
    AT_ONCE = "at_once", _("Not from the moment it is cancelled")


class KeyKind(TextChoices):
    SERVER = "server", _("Server (secret)")
    BROWSER = "browser", _("Browser (public)")


class SourceKind(TextChoices):
    STRIPE = "stripe", _("Stripe")
    SHOPIFY = "shopify", _("Shopify")


class DeliveryState(TextChoices):
    PENDING = "pending", _("Waiting")
    DONE = "done", _("Taken in")
    IGNORED = "ignored", _("Nothing to do")
    HELD = "held", _("Held")
    FAILED = "failed", _("Failed")


class DataRequestKind(TextChoices):
    EXPORT = "export", _("Copy of all data")
    ERASURE = "erasure", _("Erasure")


class DataRequestState(TextChoices):
    REQUESTED = "requested", _("Waiting for confirmation")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


class PlanStatus(TextChoices):
    SEEN = "seen", _("Seen, not planned")
    PLANNED = "planned", _("Planned")
    BLOCKED = "blocked", _("Blocked")
