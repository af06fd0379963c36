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


class OrderState(TextChoices):
    PAID = "paid", _("Paid")
    REFUNDED = "refunded", _("Refunded in full")
    CANCELLED = "cancelled", _("Cancelled")


class SegmentKind(TextChoices):
    DYNAMIC = "dynamic", _("Rules")
    STATIC = "static", _("List")


class ImportState(TextChoices):
    UPLOADED = "uploaded", _("Waiting for column mapping")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


class ImportKind(TextChoices):
    CUSTOMERS = "customers", _("Customers")
    ORDERS = "orders", _("Orders")
    REFUNDS = "refunds", _("Refunds")
    PRODUCTS = "products", _("Products")
