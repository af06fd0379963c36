"""Opens, clicks and unsubscribes as they reach us: kept raw, judged, and told to the timeline once per message."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from campaigns import events
from campaigns.enums import EngagementKind, MessageState, Visitor
from campaigns.models import Engagement, Link, Message
from campaigns.queries.recipients import SourceFailed, merge_values
from campaigns.rules import links, visitor
from campaigns.rules.template import BadTemplate
from config.kit import tokens
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import ConsentState
from customers.models import Preference, Topic

RAW_LIMIT = 200  # per message: a loop somewhere must not fill the table


class NoSuchLink(LookupError):
    """The position is not one of this version's links, or its address cannot be made."""


class Visit:
    """What a request tells about its maker; the address is kept as a keyed hash only."""

    def __init__(self, *, method: str, user_agent: str, address: str, purpose: str = "") -> None:
        self.method, self.user_agent, self.purpose = method, user_agent[:300], purpose
        self.address_hash = tokens.keyed_hash("visitor", address) if address else ""


def click(message: Message, position: int, visit: Visit, *, at: datetime) -> str:
    """Note a click and return the address it leads to. Raises `NoSuchLink`."""
    link = Link.objects.filter(content_version=message.content_version_id, position=position).first()
    if link is None:
        raise NoSuchLink
    url = target(message, link, at=at)
    _note(message, EngagementKind.CLICK, visit, at=at, link=link, url=url)
    return url


def opened(message: Message, visit: Visit, *, at: datetime) -> None:
    """Note that the open pixel was asked for."""
    _note(message, EngagementKind.OPEN, visit, at=at, link=None)


def target(message: Message, link: Link, *, at: datetime) -> str:
    """The address of a link for one person: as stored, or with variables filled in (`rules.links`). Raises `NoSuchLink`."""
    values: dict[str, Any] = {}
    try:
        if links.is_variable(link.url):
            variables = [str(variable) for variable in links.template_of(link.url).variables]
            reference = f"{message.source_kind}:{message.source_id}"
            values = merge_values([message.customer_id], variables, at=at, reference=reference)[message.customer_id]
        return links.address(link.url, values, base_url=settings.BASE_URL)
    except (BadTemplate, SourceFailed, links.BadLink) as error:
        raise NoSuchLink from error


def _note(message: Message, kind: EngagementKind, visit: Visit, *, at: datetime, link: Link | None, url: str = "") -> None:
    if Preference.objects.filter(customer=message.customer_id, is_tracked=False).exists():
        return  # a mail from before they switched it off: the link works, and nothing is kept
    others = 0
    if link is not None:
        near = Engagement.objects.filter(message=message, kind=kind, at__gt=at - visitor.BURST, at__lte=at)
        others = near.exclude(link=link).values("link").distinct().count()
    who, why = visitor.classify(
        method=visit.method, user_agent=visit.user_agent, at=at, sent_at=message.sent_at, purpose=visit.purpose,
        other_links_within_burst=others, is_open=kind == EngagementKind.OPEN,
    )  # fmt: skip
    with transaction.atomic():
        if Engagement.objects.filter(message=message).count() < RAW_LIMIT:
            Engagement.objects.create(
                message=message, kind=kind, link=link, at=at, visitor=who, why=why, user_agent=visit.user_agent,
                address_hash=visit.address_hash,
            )  # fmt: skip
        if who == Visitor.HUMAN:
            _first(message, kind, at, url)


def _first(message: Message, kind: EngagementKind, at: datetime, url: str) -> None:
    column = "opened_at" if kind == EngagementKind.OPEN else "clicked_at"
    first = Message.objects.filter(Q(**{f"{column}__isnull": True}), pk=message.pk).update(**{column: at})
    # Whoever reads it has it: the proof that settles an attempt whose answer was lost.
    Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN).update(
        state=MessageState.SENT, sent_at=F("attempt_started_at"), reason="", detail="Proved by the reader"
    )
    if first:
        name = events.MESSAGE_OPENED if kind == EngagementKind.OPEN else events.MESSAGE_CLICKED
        tell(message, name, at, {"url": url[:500]} if url else {})


def tell(message: Message, name: str, at: datetime, more: dict[str, str] | None = None) -> None:
    """Record one event of a message on the timeline."""
    properties = {
        "message_id": message.pk,
        "source_kind": message.source_kind,
        "source_id": message.source_id,
        "channel": message.channel,
        "name": message.content_version.content.name,
        **(more or {}),
    }
    key = event_key("campaigns", name, message.pk)
    record_many([NewEvent(message.customer_id, name, at, key, "campaigns", properties)], at=at)


def unsubscribe(
    message: Message, visit: Visit, *, source: str, wording: str, at: datetime, proof: consent.Proof = consent.NO_MORE
) -> None:
    """Withdraw consent to the message's topic (to every topic when it has none). Repeating it changes nothing."""
    with transaction.atomic():
        topics = [message.topic] if message.topic else list(Topic.objects.all())
        for topic in topics:
            consent.set_consent(
                [message.customer_id], topic=topic, channel=message.channel, state=ConsentState.DENIED, source=source,
                wording=wording, at=at, proof=proof,
            )  # fmt: skip
        first = Message.objects.filter(pk=message.pk, unsubscribed_at__isnull=True).update(unsubscribed_at=at)
        if first:
            Engagement.objects.create(
                message=message, kind=EngagementKind.UNSUBSCRIBE, at=at, visitor=Visitor.HUMAN, why=source,
                user_agent=visit.user_agent, address_hash=visit.address_hash,
            )  # fmt: skip
            tell(message, events.MESSAGE_UNSUBSCRIBED, at)
