"""One row per person and occasion, from plan to answer, and what people did with the message."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.enums import EngagementKind, MessageState, Reason, SourceKind, Visitor
from campaigns.models.content import ContentVersion, Link
from customers.enums import Channel
from customers.models import Customer, Topic


class Message(models.Model):
    """One message to one person. The unique key (customer, occasion) is the promise: one per person and occasion, for ever.

    `occasion` is a UUIDv5 of the words that name it ("campaign:12", "journey:3:step:welcome:run:1") and the channel.
    `token` fences a claim: only its holder may move the row on. `sent_at` is when the mail server accepted it;
    `opened_at` and `clicked_at` are the first by a person, not by a scanner or proxy.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="messages", db_index=False)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    source_kind = models.CharField(_("sent by"), max_length=13, choices=SourceKind)
    source_id = models.BigIntegerField(_("id of the sender"), default=0)
    occasion = models.UUIDField(_("occasion"))
    content_version = models.ForeignKey(ContentVersion, on_delete=models.PROTECT, related_name="messages", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    state = models.CharField(_("state"), max_length=10, choices=MessageState, default=MessageState.PLANNED)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default="")
    detail = models.CharField(_("detail"), max_length=300, blank=True, default="")
    due_at = models.DateTimeField(_("due"))
    planned_at = models.DateTimeField(_("planned"))
    token = models.UUIDField(_("claim"), null=True)
    lease_until = models.DateTimeField(_("claimed until"), null=True)
    attempt_no = models.PositiveSmallIntegerField(_("attempts"), default=0)
    attempt_started_at = models.DateTimeField(_("attempt started"), null=True)
    attempt_deadline = models.DateTimeField(_("attempt deadline"), null=True)
    provider_id = models.CharField(_("id at the mail server"), max_length=120, blank=True, default="")
    sent_at = models.DateTimeField(_("sent"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    opened_at = models.DateTimeField(_("opened"), null=True)
    clicked_at = models.DateTimeField(_("clicked"), null=True)
    unsubscribed_at = models.DateTimeField(_("unsubscribed"), null=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [models.UniqueConstraint(fields=["customer", "occasion"], name="message_once")]
        indexes = [
            models.Index(
                fields=["source_kind", "source_id", "due_at"],
                name="message_due",
                condition=Q(state__in=[MessageState.PLANNED, MessageState.DEFERRED]),
            ),
            models.Index(fields=["lease_until"], name="message_claimed", condition=Q(state=MessageState.CLAIMED)),
            models.Index(fields=["attempt_deadline"], name="message_sending", condition=Q(state=MessageState.SENDING)),
            models.Index(fields=["source_kind", "source_id", "state"], name="message_source_state"),
            models.Index(fields=["sent_at"], name="message_sent", condition=Q(sent_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}: {self.state}"


class Engagement(models.Model):
    """A raw open, click or unsubscribe as it reached us, with who probably made it and why we think so."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="engagements")
    kind = models.CharField(_("kind"), max_length=11, choices=EngagementKind)
    link = models.ForeignKey(Link, on_delete=models.SET_NULL, null=True, blank=True, related_name="engagements")
    at = models.DateTimeField(_("time"))
    visitor = models.CharField(_("made by"), max_length=7, choices=Visitor)
    why = models.CharField(_("because"), max_length=80, blank=True, default="")
    user_agent = models.CharField(_("user agent"), max_length=300, blank=True, default="")
    address_hash = models.CharField(_("IP address, hashed"), max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("engagement")
        verbose_name_plural = _("engagements")

    def __str__(self) -> str:
        return f"{self.kind} of message {self.message_id}"


class SystemMail(models.Model):
    """A single mail that somebody asked for (a confirmation, a link); its reader need not be a customer yet.

    It goes the way of a transactional message: claim, intent, answer. `key` is the promise: one mail per occasion. `values`
    (which may hold a link) are emptied when the row is finished; the row itself is deleted after 30 days.
    """

    key = models.CharField(_("occasion"), max_length=120, unique=True)
    template = models.CharField(_("template"), max_length=120)
    recipient = models.CharField(_("to"), max_length=254)
    address_hash = models.CharField(_("address hash"), max_length=64, db_index=True)
    values = models.JSONField(_("values"), default=dict)
    locale = models.CharField(_("language"), max_length=16, blank=True, default="")
    despite = models.JSONField(_("blocks that do not count"), default=list)
    state = models.CharField(_("state"), max_length=10, choices=MessageState, default=MessageState.PLANNED)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default="")
    detail = models.CharField(_("detail"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(_("created"), db_index=True)
    due_at = models.DateTimeField(_("due"))
    token = models.UUIDField(_("claim"), null=True)
    lease_until = models.DateTimeField(_("claimed until"), null=True)
    attempt_no = models.PositiveSmallIntegerField(_("attempts"), default=0)
    attempt_deadline = models.DateTimeField(_("attempt deadline"), null=True)
    provider_id = models.CharField(_("id at the mail server"), max_length=120, blank=True, default="")
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("system e-mail")
        verbose_name_plural = _("system e-mails")
        indexes = [
            models.Index(
                fields=["due_at"],
                name="system_mail_due",
                condition=Q(state__in=[MessageState.PLANNED, MessageState.DEFERRED]),
            ),
            models.Index(
                fields=["id"],
                name="system_mail_under_way",
                condition=Q(state__in=[MessageState.CLAIMED, MessageState.SENDING]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template}: {self.state}"


class OutboxMail(models.Model):
    """An e-mail kept on this machine instead of being sent; shown on the outbox page."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, null=True, blank=True, related_name="outbox_mail")
    system_mail = models.OneToOneField(
        SystemMail, on_delete=models.SET_NULL, null=True, blank=True, related_name="outbox_mail"
    )
    sender = models.CharField(_("from"), max_length=400)
    recipient = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=998)
    headers = models.TextField(_("headers"))
    html = models.TextField(_("HTML"))
    text = models.TextField(_("plain text"))
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("outbox e-mail")
        verbose_name_plural = _("outbox e-mails")

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"
