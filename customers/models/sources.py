"""Other systems that tell us about orders and subscriptions by webhook."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import DeliveryState, SourceKind


class Connection(models.Model):
    """One Stripe account or Shopify shop. Secrets are stored encrypted and never shown again."""

    kind = models.CharField(_("system"), max_length=10, choices=SourceKind)
    name = models.CharField(_("name"), max_length=120)
    code = models.CharField(_("code"), max_length=24, unique=True, editable=False)
    account = models.CharField(_("account or shop domain"), max_length=200, blank=True, default="")
    signing_secret = models.TextField(_("signing secret"), blank=True, default="", editable=False)
    api_token = models.TextField(_("API token"), blank=True, default="", editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"))
    reconciled_until = models.DateTimeField(_("reconciled until"), null=True, editable=False)
    problem = models.CharField(_("problem"), max_length=300, blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One webhook as it came: stored before anything else, taken in by a worker, kept as a log that can be replayed.

    A row with `due_at` waits for the worker. `subject` is the source's id of the customer it is about, so that an erasure
    finds it; `waits_for` names what a held one is waiting for, so that it goes on as soon as that is here.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    external_id = models.CharField(_("id"), max_length=120)
    topic = models.CharField(_("topic"), max_length=80)
    payload = models.JSONField(_("payload"))
    occurred_at = models.DateTimeField(_("occurred"))
    received_at = models.DateTimeField(_("received"), db_index=True)
    state = models.CharField(_("state"), max_length=8, choices=DeliveryState, default=DeliveryState.PENDING)
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    subject = models.CharField(_("customer at the source"), max_length=120, blank=True, default="")
    waits_for = models.CharField(_("waits for"), max_length=160, blank=True, default="")

    class Meta:
        verbose_name = _("webhook received")
        verbose_name_plural = _("webhooks received")
        constraints = [models.UniqueConstraint(fields=["connection", "external_id"], name="delivery_once")]
        indexes = [
            models.Index(fields=["connection", "due_at"], name="delivery_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["connection", "-id"], name="delivery_log"),
            models.Index(
                fields=["connection", "-id"],
                name="delivery_trouble",
                condition=models.Q(state__in=["pending", "held", "failed"]),
            ),
            models.Index(fields=["subject"], name="delivery_subject", condition=~models.Q(subject="")),
            models.Index(fields=["waits_for"], name="delivery_waits", condition=~models.Q(waits_for="")),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.external_id}"


class SourceObject(models.Model):
    """What was taken in of a source's object: an older version that comes later changes nothing.

    `version_at` is that of the newest version seen. `facts` holds what later webhooks need: of a customer the version of
    each field, of a discount its coupon, of a term of a subscription its state. An erased customer stays erased.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="source_objects", db_index=False)
    kind = models.CharField(_("kind"), max_length=20)
    external_id = models.CharField(_("id"), max_length=120)
    version_at = models.DateTimeField(_("version"))
    facts = models.JSONField(_("facts"), default=dict)
    is_erased = models.BooleanField(_("erased"), default=False)

    class Meta:
        verbose_name = _("object of a source")
        verbose_name_plural = _("objects of sources")
        constraints = [models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="source_object_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"
