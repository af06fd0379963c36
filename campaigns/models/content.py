"""What a message says: the editable content, and its frozen versions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.enums import BodyKind


class Content(models.Model):
    """Editable content of one message. `blocks` is the list that the block editor keeps, `html` raw HTML instead of it."""

    name = models.CharField(_("name"), max_length=160)
    subject = models.CharField(_("subject"), max_length=300, blank=True, default="")
    preheader = models.CharField(_("preview line"), max_length=300, blank=True, default="")
    sender_name = models.CharField(_("sender name"), max_length=120, blank=True, default="")
    sender_email = models.EmailField(_("sender e-mail"), blank=True, default="")
    body_kind = models.CharField(_("kind of body"), max_length=6, choices=BodyKind, default=BodyKind.BLOCKS)
    blocks = models.JSONField(_("blocks"), default=list, blank=True)
    html = models.TextField(_("HTML"), blank=True, default="")
    text = models.TextField(_("plain text"), blank=True, default="")
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("content")
        verbose_name_plural = _("contents")

    def __str__(self) -> str:
        return self.name


class ContentVersion(models.Model):
    """Content as it was sent: compiled once (layout, inlined styles, tracked links, text part), never changed.

    The templates hold `{{ source.name }}` variables and the message's own `m.…` values, filled per person.
    """

    content = models.ForeignKey(Content, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    subject = models.TextField(_("subject"))
    html = models.TextField(_("HTML"))
    text = models.TextField(_("plain text"))
    sender_name = models.CharField(_("sender name"), max_length=120, blank=True, default="")
    sender_email = models.EmailField(_("sender e-mail"), blank=True, default="")
    reply_to = models.EmailField(_("reply-to"), blank=True, default="")
    variables = models.JSONField(_("variables"), default=list)
    digest = models.CharField(_("digest"), max_length=64)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("content version")
        verbose_name_plural = _("content versions")
        constraints = [
            models.UniqueConstraint(fields=["content", "number"], name="content_version_number_once"),
            models.UniqueConstraint(fields=["content", "digest"], name="content_version_digest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} v{self.number}"


class Link(models.Model):
    """One tracked link of a version, by its position. `url` may hold variables; a click goes here and nowhere else."""

    content_version = models.ForeignKey(ContentVersion, on_delete=models.CASCADE, related_name="links", db_index=False)
    position = models.PositiveSmallIntegerField(_("position"))
    url = models.TextField(_("address"))
    label = models.CharField(_("label"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [models.UniqueConstraint(fields=["content_version", "position"], name="link_position_once")]

    def __str__(self) -> str:
        return f"{self.position}: {self.url}"
