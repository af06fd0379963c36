"""Filling prepared versions in for a batch of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings

from campaigns.enums import SourceKind
from campaigns.models import ContentVersion, Link
from campaigns.queries.recipients import merge_values
from campaigns.rules import headers, links, mime
from campaigns.rules.template import CannotRender, Template, one_line
from config.kit import tokens
from customers.queries import brand as brands

MESSAGE = "message"
UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom one message is for."""

    message_id: int
    customer_id: int
    address: str
    source_kind: str
    source_id: int
    version_id: int
    digest: str
    attempt_no: int = 0
    is_tracked: bool = True


class Prepared:
    """A version ready for filling in: templates parsed, constant header lines built. Lives in a worker's memory."""

    def __init__(self, version: ContentVersion, source_kind: str, source_id: int) -> None:
        brand = brands.current()
        self.version = version
        self.name = version.content.name
        self.sender = version.sender_email or _bare(settings.DEFAULT_FROM_EMAIL)
        self.template = Template({"subject": version.subject, "body.html": version.html, "body.txt": version.text})
        self._plain: tuple[Template, list[str]] | None = None
        self.is_marketing = source_kind != SourceKind.TRANSACTIONAL
        self.unsubscribe_mail = version.reply_to if self.is_marketing else ""
        self.domain = headers.domain_of(self.sender)
        kind = f"{source_kind}-{source_id}"
        self.constant = headers.constant(
            sender_name=version.sender_name or brand.name,
            sender_email=self.sender,
            reply_to=version.reply_to,
            list_id=f"{kind}.list" if self.is_marketing else "",
            feedback=f"{source_id}:{source_kind}:email:perennial" if self.is_marketing else "",
        )
        if not self.is_marketing:
            self.constant += "Auto-Submitted: auto-generated\r\n"

    def plain(self) -> tuple[Template, list[str]]:
        """The variant without open pixel and counted links, and the stored links; parsed once, when first needed."""
        if self._plain is None:
            version = self.version
            urls = list(Link.objects.filter(content_version=version).order_by("position").values_list("url", flat=True))
            html, text = links.plain(version.html, version.text, urls)
            self._plain = Template({"subject": version.subject, "body.html": html, "body.txt": text}), urls
        return self._plain

    def filled(self, values: dict[str, Any], message_id: int, *, is_tracked: bool) -> Template:
        """The template for one person; `values` gets the message's own ("m")."""
        own: dict[str, Any] = {"t": tokens.sign(MESSAGE, message_id), "u": tokens.sign(UNSUBSCRIBE, message_id)}
        if is_tracked:
            values["m"] = own
            return self.template
        template, urls = self.plain()
        values["m"] = own | links.personal(urls, values, base_url=settings.BASE_URL)
        return template

    def mail(self, recipient: Recipient, values: dict[str, Any], date: str) -> mime.Mail:
        """One person's mail. Raises `CannotRender`."""
        render = self.filled(values, recipient.message_id, is_tracked=recipient.is_tracked).render
        unsubscribe = values["m"]["u"]
        subject = one_line(render("subject", values))[:900]
        lines = self.constant + headers.personal(
            recipient=recipient.address,
            subject=subject,
            message_id=recipient.message_id,
            domain=self.domain,
            date=date,
            unsubscribe_url=f"{settings.BASE_URL}/u/{unsubscribe}" if self.is_marketing else "",
            unsubscribe_mail=self.unsubscribe_mail,
        )
        return mime.Mail(
            message_id=recipient.message_id,
            sender=self.sender,
            recipient=recipient.address,
            subject=subject,
            headers=lines,
            text=render("body.txt", values),
            html=render("body.html", values),
        )


def _bare(mailbox: str) -> str:
    return mailbox.rpartition("<")[2].rstrip(">").strip()


@lru_cache(maxsize=32)
def prepared(version_id: int, digest: str, source_kind: str, source_id: int) -> Prepared:
    """The prepared version; a version never changes under its digest, so a worker keeps the last ones."""
    return Prepared(ContentVersion.objects.select_related("content").get(pk=version_id), source_kind, source_id)


def render_batch(recipients: Sequence[Recipient], *, at: datetime) -> tuple[list[mime.Mail], dict[int, str]]:
    """Mails of a batch, and what went wrong by message id; one person's trouble never stops the others.

    Raises `SourceFailed` when values cannot be fetched for anybody.
    """
    mails: list[mime.Mail] = []
    failed: dict[int, str] = {}
    groups: dict[tuple[int, str, str, int], list[Recipient]] = {}
    for recipient in recipients:
        key = (recipient.version_id, recipient.digest, recipient.source_kind, recipient.source_id)
        groups.setdefault(key, []).append(recipient)
    date = mime.date(at)
    for key, group in groups.items():
        ready, (_, _, source_kind, source_id) = prepared(*key), key
        values = merge_values(
            [recipient.customer_id for recipient in group], ready.version.variables, at=at,
            reference=f"{source_kind}:{source_id}",
        )  # fmt: skip
        for recipient in group:
            try:
                mails.append(ready.mail(recipient, values[recipient.customer_id], date))
            except CannotRender as error:
                failed[recipient.message_id] = str(error)
    return mails, failed
