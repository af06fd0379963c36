"""The sample company's campaigns: four in the past with what people did, and a win-back draft that is ready to go."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from campaigns import events
from campaigns.actions.content import freeze
from campaigns.actions.planning import occasion_key
from campaigns.enums import BodyKind, CampaignState, MessageState, Reason, SourceKind
from campaigns.models import Campaign, Content, ContentVersion, Link, Message
from campaigns.rules import holdout
from config.kit import sql
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import Channel, ConsentState
from customers.models import Consent, Customer, CustomerFacts, Segment, Topic
from customers.ports.samples import Story

SHOP = "https://shop.example.com"
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
)
PAST: list[dict[str, Any]] = [
    {
        "name": "Summer newsletter", "days": 158, "open": 0.36, "click": 0.17, "leave": 0.006, "who": "all",
        "subject": 'What is new in the shop, {{ customer.first_name or "and why we like it" }}',
        "heading": "Paper lanterns, picnic tins and a new tea set",
        "text": "Three new ranges arrived this week. We unpacked them so that you do not have to guess: here is what each is good for.",  # noqa: E501
        "button": "See the new ranges", "path": "/new",
    },
    {
        "name": "Early access for regulars", "days": 112, "open": 0.52, "click": 0.31, "leave": 0.002, "who": "regulars",
        "subject": 'You first, {{ customer.first_name or "as always" }}: the autumn collection',
        "heading": "Two days before everybody else",
        "text": "You have ordered with us often, so the autumn collection opens for you on **Thursday**. Everybody else waits until Saturday.",  # noqa: E501
        "button": "Open the collection", "path": "/autumn",
    },
    {
        "name": "How to pack a gift well", "days": 64, "open": 0.41, "click": 0.22, "leave": 0.004, "who": "all",
        "subject": "Five ways to wrap what will not be wrapped",
        "heading": "Round, long, soft: it can be wrapped",
        "text": "Our packing table has seen everything. These five ways work for mugs, bottles, umbrellas, cushions and plants.",  # noqa: E501
        "button": "See the five ways", "path": "/wrapping",
    },
    {
        "name": "We kept something for you", "days": 23, "open": 0.29, "click": 0.12, "leave": 0.009, "who": "quiet",
        "subject": 'It has been a while, {{ customer.first_name or "friend" }}',
        "heading": "It has been a while",
        "text": "A lot has changed on our shelves since your last order. The things people came back for most are on one page.",  # noqa: E501
        "button": "See what people come back for", "path": "/favourites",
    },
]  # fmt: skip


def build(story: Story) -> None:
    """Write everything; the same story gives the same rows."""
    random = Random(story.seed + 41)
    topic = Topic.objects.filter(is_default=True).first() or Topic.objects.order_by("id").first()
    if topic is None:
        topic = Topic.objects.create(slug="newsletter", name="Newsletter", is_default=True)
    for plan in PAST:
        _past(plan, topic, story, random)
        story.progress("campaigns", 1)
    _draft(topic, story.at)
    story.progress("campaigns", 1)


def _segment(*words: str) -> Segment | None:
    wanted = Q()
    for word in words:
        wanted |= Q(slug__icontains=word)
    return Segment.objects.filter(wanted).order_by("id").first() or Segment.objects.order_by("id").first()


def _content(name: str, subject: str, preheader: str, blocks: list[dict[str, str]], at: datetime) -> Content:
    return Content.objects.create(
        name=name,
        subject=subject,
        preheader=preheader,
        body_kind=BodyKind.BLOCKS,
        blocks=blocks,
        created_at=at,
        updated_at=at,
    )


def _past(plan: dict[str, Any], topic: Topic, story: Story, random: Random) -> None:
    launched = (story.at - timedelta(days=plan["days"])).replace(hour=9, minute=0, second=0, microsecond=0)
    blocks = [
        {"kind": "heading", "text": plan["heading"]},
        {"kind": "text", "text": f'Hello {{{{ customer.first_name or "there" }}}},\n\n{plan["text"]}'},
        {"kind": "button", "label": plan["button"], "url": SHOP + plan["path"]},
        {"kind": "divider"},
        {"kind": "text", "text": f"Questions? [Write to us]({SHOP}/help), people answer."},
    ]
    words = {"all": ("newsletter",), "regulars": ("vip", "repeat"), "quiet": ("laps",)}
    with transaction.atomic():
        content = _content(plan["name"], plan["subject"], plan["heading"], blocks, launched - timedelta(days=2))
        version = freeze(content, at=launched - timedelta(hours=3))
        campaign = Campaign.objects.create(
            name=plan["name"], segment=_segment(*words[plan["who"]]), topic=topic, content=content, content_version=version,
            state=CampaignState.SENT, holdout_percent=5, scheduled_at=launched, launched_at=launched, planned_at=launched,
            finished_at=launched + timedelta(minutes=9), created_at=launched - timedelta(days=2), updated_at=launched,
        )  # fmt: skip
        rows = _rows(plan, campaign, topic, launched, random)
        _insert(rows)
        _reactions(campaign, version, topic, launched, random)


def _audience(who: str, launched: datetime) -> list[int]:
    facts = CustomerFacts.objects.filter(first_order_at__lt=launched)
    if who == "regulars":
        facts = facts.filter(order_count__gte=4)
    elif who == "quiet":
        # What stands in the facts is today's last order: whoever came back later was quiet then too.
        facts = facts.exclude(customer__orders__placed_at__range=(launched - timedelta(days=90), launched))
    return list(facts.order_by("customer_id").values_list("customer_id", flat=True))


def _rows(
    plan: dict[str, Any], campaign: Campaign, topic: Topic, launched: datetime, random: Random
) -> Iterable[dict[str, Any]]:
    ids = _audience(plan["who"], launched)
    answers = dict(
        Consent.objects.filter(topic=topic, channel=Channel.EMAIL).values_list("customer_id", "state").iterator()
    )
    without = set(Customer.objects.filter(email="").values_list("id", flat=True))
    common = {
        "channel": Channel.EMAIL, "source_kind": SourceKind.CAMPAIGN, "source_id": campaign.pk, "topic": topic.pk,
        "occasion": occasion_key(f"campaign:{campaign.pk}"), "content_version": campaign.content_version_id,
        "due_at": launched, "planned_at": launched, "provider_id": "",
    }  # fmt: skip
    for number, customer_id in enumerate(ids):
        row = {**common, "customer": customer_id, "reason": "", "detail": "", "attempt_no": 0, "state": MessageState.SENT}
        row |= dict.fromkeys(("sent_at", "attempt_started_at", "opened_at", "clicked_at", "unsubscribed_at"))
        chance = random.random
        if customer_id in without:
            row |= {"state": MessageState.SKIPPED, "reason": Reason.NO_ADDRESS}
        elif answers.get(customer_id) != ConsentState.GRANTED:
            row |= {"state": MessageState.SKIPPED, "reason": Reason.NO_CONSENT}
        elif holdout.is_held_out(f"campaign:{campaign.pk}", customer_id, 5):
            row |= {"state": MessageState.HOLDOUT, "reason": Reason.HOLDOUT}
        elif chance() < 0.006:
            row |= {"state": MessageState.FAILED, "reason": Reason.REJECTED, "detail": "550 5.7.1 generated for the sample"}
            row |= {"attempt_no": 1, "attempt_started_at": launched + timedelta(seconds=number // 10)}
        else:
            sent_at = launched + timedelta(seconds=number // 10)
            row |= {
                "sent_at": sent_at,
                "attempt_started_at": sent_at,
                "attempt_no": 1,
                "detail": "250 generated for the sample",
            }
            if chance() < plan["open"]:
                opened = sent_at + timedelta(seconds=30 + int(random.expovariate(1 / 21_600)))
                row["opened_at"] = opened
                if chance() < plan["click"]:
                    row["clicked_at"] = opened + timedelta(seconds=random.randrange(15, 240))
                elif chance() < plan["leave"] / plan["open"]:
                    row["unsubscribed_at"] = opened + timedelta(seconds=random.randrange(20, 120))
        yield row


def _insert(rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if not listed:
        return
    names = list(listed[0])
    fields: list[Any] = [Message._meta.get_field(name) for name in names]
    prepare = [(name, field.get_db_prep_save) for name, field in zip(names, fields, strict=True)]
    sql.insert(
        "campaigns_message",
        [field.column for field in fields],
        ([save(row[name], connection) for name, save in prepare] for row in listed),
    )


def _reactions(campaign: Campaign, version: ContentVersion, topic: Topic, launched: datetime, random: Random) -> None:
    sent: list[Any] = list(
        Message.objects.filter(source_kind=SourceKind.CAMPAIGN, source_id=campaign.pk, sent_at__isnull=False).values_list(
            "id", "customer_id", "sent_at", "opened_at", "clicked_at", "unsubscribed_at"
        )
    )
    links = list(Link.objects.filter(content_version=version).order_by("position").values_list("id", flat=True))
    told: list[NewEvent] = []
    raw: list[tuple[Any, ...]] = []
    left: list[tuple[int, datetime]] = []
    for message_id, customer_id, sent_at, opened_at, clicked_at, unsubscribed_at in sent:
        agent = AGENTS[message_id % len(AGENTS)]
        told.append(_event(events.MESSAGE_SENT, campaign, message_id, customer_id, sent_at))
        if opened_at:
            told.append(_event(events.MESSAGE_OPENED, campaign, message_id, customer_id, opened_at))
            raw.append((message_id, "open", None, opened_at, "human", "", agent, ""))
        elif random.random() < 0.18:
            moment = sent_at + timedelta(seconds=random.randrange(1, 9))
            raw.append(
                (message_id, "open", None, moment, "proxy", "picture proxy of a mail provider", "GoogleImageProxy", "")
            )
        if clicked_at:
            told.append(_event(events.MESSAGE_CLICKED, campaign, message_id, customer_id, clicked_at))
            raw.append((message_id, "click", links[0 if random.random() < 0.9 else -1], clicked_at, "human", "", agent, ""))
        elif random.random() < 0.02:
            moment = sent_at + timedelta(seconds=3)
            raw += [
                (message_id, "click", link, moment, "scanner", "within 10 seconds of sending", "", "") for link in links
            ]
        if unsubscribed_at:
            told.append(_event(events.MESSAGE_UNSUBSCRIBED, campaign, message_id, customer_id, unsubscribed_at))
            raw.append((message_id, "unsubscribe", None, unsubscribed_at, "human", "one-click", agent, ""))
            left.append((customer_id, unsubscribed_at))
    _insert_engagements(raw)
    record_many(told, at=launched + timedelta(days=3))
    for customer_id, moment in left:
        consent.set_consent(
            [customer_id], topic=topic, channel=Channel.EMAIL, state=ConsentState.DENIED, source="one-click",
            wording="Unsubscribe", at=moment,
        )  # fmt: skip


def _event(name: str, campaign: Campaign, message_id: int, customer_id: int, moment: datetime) -> NewEvent:
    properties = {
        "message_id": message_id, "source_kind": "campaign", "source_id": campaign.pk, "channel": "email",
        "name": campaign.name, "generated": True,
    }  # fmt: skip
    return NewEvent(customer_id, name, moment, event_key("campaigns", name, message_id), "sample", properties)


def _insert_engagements(rows: Sequence[tuple[Any, ...]]) -> None:
    field: Any = Message._meta.get_field("due_at")
    sql.insert(
        "campaigns_engagement",
        ["message_id", "kind", "link_id", "at", "visitor", "why", "user_agent", "address_hash"],
        ([*row[:3], field.get_db_prep_save(row[3], connection), *row[4:]] for row in rows),
    )


def _draft(topic: Topic, at: datetime) -> None:
    blocks = [
        {"kind": "heading", "text": 'We miss you, {{ customer.first_name or "dear friend" }}'},
        {
            "kind": "text",
            "text": "Your last order was a while ago. {% if order.last_number %}It was number {{ order.last_number }}, and we hope "  # noqa: E501
            "it still gives joy.{% endif %}\n\nThis is what waits for you, and one question that helps us do better.",
        },
        {"kind": "points", "text": "Your points are still here"},
        {"kind": "button", "label": "See what is new", "url": f"{SHOP}/new?from=winback"},
        {
            "kind": "referral",
            "text": "Know somebody who would like us? Both of you get points.",
            "label": "Invite a friend",
        },
        {"kind": "nps", "text": "How likely are you to recommend us to a friend or colleague?"},
    ]
    with transaction.atomic():
        content = _content(
            "Win back with points", '{{ loyalty.points_words or "A surprise" }} for you, {{ customer.first_name or "friend" }}',  # noqa: E501
            "One question, and what is new", blocks, at,
        )  # fmt: skip
        Campaign.objects.create(
            name="Win back with points", segment=_segment("laps"), topic=topic, content=content,
            holdout_percent=5, created_at=at, updated_at=at,
        )  # fmt: skip
