"""Data sent by the company's own programs: keys, batches waiting to be taken in, strangers' events, refused messages."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import KeyKind


class WriteKey(models.Model):
    """A key of the ingest API. The secret of a server key is shown once and kept as a fingerprint only.

    A browser key is public: it may track for anonymous ids, and identify only with an HMAC of the user id. `recent` are
    the latest 50 messages taken in (time, type, name, message id), for the page that shows developers what arrives.
    """

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=8, choices=KeyKind)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, unique=True, editable=False)
    hint = models.CharField(_("begins with"), max_length=24, editable=False)
    public_value = models.CharField(_("key"), max_length=60, blank=True, default="", editable=False)
    origins = models.TextField(_("allowed origins"), blank=True, default="")
    identity_version = models.PositiveSmallIntegerField(_("version of the identity secret"), default=1, editable=False)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    message_count = models.BigIntegerField(_("messages taken in"), default=0, editable=False)
    recent = models.JSONField(_("latest messages"), default=list, editable=False)

    class Meta:
        verbose_name = _("write key")
        verbose_name_plural = _("write keys")

    def __str__(self) -> str:
        return self.name


class IngestBatch(models.Model):
    """Accepted messages of one request, waiting to be taken in. `body` is the JSON list of checked messages."""

    id = models.BigAutoField(primary_key=True)
    write_key = models.ForeignKey(WriteKey, on_delete=models.PROTECT, related_name="batches", db_index=False)
    received_at = models.DateTimeField(_("received"))
    body = models.TextField(_("messages"))
    message_count = models.PositiveIntegerField(_("messages"))

    class Meta:
        verbose_name = _("batch of messages")
        verbose_name_plural = _("batches of messages")

    def __str__(self) -> str:
        return f"batch {self.pk}: {self.message_count}"


class AnonymousEvent(models.Model):
    """What a visitor did before anybody knew who they are; it moves to the timeline when they are identified."""

    id = models.BigAutoField(primary_key=True)
    anonymous_id = models.CharField(_("anonymous id"), max_length=255)
    name = models.CharField(_("name"), max_length=80)
    occurred_at = models.DateTimeField(_("occurred"))
    received_at = models.DateTimeField(_("received"), db_index=True)
    properties = models.JSONField(_("properties"), default=dict)
    amount_minor = models.BigIntegerField(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    source = models.CharField(_("source"), max_length=40)
    key = models.UUIDField(_("key"), unique=True)

    class Meta:
        verbose_name = _("anonymous event")
        verbose_name_plural = _("anonymous events")
        indexes = [models.Index(fields=["anonymous_id", "occurred_at"], name="anonymous_event_who")]

    def __str__(self) -> str:
        return f"{self.name} of {self.anonymous_id}"


class SpentKey(models.Model):
    """The key of an event that was deleted (erasure, retention): a replay of the same message stays without effect."""

    key = models.UUIDField(_("key"), primary_key=True)

    class Meta:
        verbose_name = _("spent key")
        verbose_name_plural = _("spent keys")

    def __str__(self) -> str:
        return str(self.key)


class IngestProblem(models.Model):
    """A message that was refused or is held, with the reason and what was sent, so that a developer can see and repair it.

    `is_held`: accepted, but something is missing (an exchange rate, say); it can be taken in again. Others were refused.
    """

    write_key = models.ForeignKey(WriteKey, on_delete=models.CASCADE, null=True, blank=True, related_name="problems")
    type = models.CharField(_("type"), max_length=20, blank=True, default="")
    message_id = models.CharField(_("message id"), max_length=255, blank=True, default="")
    field = models.CharField(_("field"), max_length=120, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=300)
    body = models.TextField(_("what was sent"), blank=True, default="")
    is_held = models.BooleanField(_("held"), default=False)
    received_at = models.DateTimeField(_("received"), db_index=True)

    class Meta:
        verbose_name = _("ingest problem")
        verbose_name_plural = _("ingest problems")

    def __str__(self) -> str:
        return f"{self.type}: {self.reason}"
