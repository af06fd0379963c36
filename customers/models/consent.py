"""Who may be written to, about what, and the proof."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.enums import Channel, ConsentState, SuppressionReason
from customers.models.people import Customer


class Topic(models.Model):
    """A subject that customers can subscribe to, such as a newsletter or product news."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True, default="")
    is_default = models.BooleanField(_("default topic"), default=False)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.name


class Consent(models.Model):
    """The present answer of one customer for one topic and channel. No row means: never asked, so no marketing."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consents", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=ConsentState)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [models.UniqueConstraint(fields=["customer", "topic", "channel"], name="consent_once")]

    def __str__(self) -> str:
        return f"{self.topic_id}/{self.channel}: {self.state}"


class ConsentChange(models.Model):
    """The proof: each answer with time, source and the wording shown. Rows are only ever added."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="consent_changes")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    state = models.CharField(_("state"), max_length=10, choices=ConsentState)
    source = models.CharField(_("source"), max_length=60)
    wording = models.TextField(_("wording"), blank=True, default="")
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("consent change")
        verbose_name_plural = _("consent changes")

    def __str__(self) -> str:
        return f"{self.state} at {self.changed_at:%Y-%m-%d}"


class Suppression(models.Model):
    """An address that nothing may be sent to, whatever consent says; kept by keyed hash, so it survives erasure."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    address_hash = models.CharField(_("address hash"), max_length=64)
    reason = models.CharField(_("reason"), max_length=12, choices=SuppressionReason)
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, blank=True, related_name="suppressions")
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [models.UniqueConstraint(fields=["channel", "address_hash"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"
