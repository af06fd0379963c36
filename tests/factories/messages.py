"""Contents, campaigns and messages."""

from datetime import UTC, datetime

from campaigns.actions import content as contents
from campaigns.enums import CampaignState, SourceKind
from campaigns.models import Campaign, Content, Message
from customers.models import Brand, Consent, Segment, SegmentMembership, Topic

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def brand(**values):
    defaults = {
        "name": "Tea & Co",
        "sender_name": "Tea & Co",
        "sender_email": "hello@shop.example.com",
        "reply_to": "care@shop.example.com",
        "postal_address": "1 High Street\nLeeds",
        "timezone": "Europe/London",
        "currency": "GBP",
    }
    return Brand.objects.update_or_create(pk=1, defaults={**defaults, **values})[0]


def topic(slug="news", **values):
    return Topic.objects.get_or_create(slug=slug, defaults={"name": slug.title(), **values})[0]


def consent(*customers, topic=None, state="granted"):
    topic = topic or globals()["topic"]()
    for person in customers:
        Consent.objects.update_or_create(
            customer=person, topic=topic, channel="email", defaults={"state": state, "changed_at": LONG_AGO}
        )


def content(subject="Hello {{ customer.first_name or 'there' }}", **values):
    blocks = values.pop(
        "blocks",
        [
            {"kind": "heading", "text": "Hello {{ customer.first_name or 'there' }}"},
            {"kind": "text", "text": "News from us."},
            {"kind": "button", "label": "Shop", "url": "https://shop.example.com/new?a=1&b=2"},
        ],
    )
    return Content.objects.create(
        name=values.pop("name", "Spring"),
        subject=subject,
        blocks=blocks,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        **values,
    )


def version(at=LONG_AGO, **values):
    return contents.freeze(content(**values), at=at)


def segment(*customers, name="Everybody"):
    made = Segment.objects.create(
        name=name, slug=name.lower(), kind="static", created_at=LONG_AGO, updated_at=LONG_AGO, refreshed_at=LONG_AGO
    )
    SegmentMembership.objects.bulk_create(
        SegmentMembership(segment=made, customer=person, entered_at=LONG_AGO) for person in customers
    )
    return made


def campaign(*customers, consenting=True, **values):
    if consenting:
        consent(*customers)
    made = values.pop("content", None) or content()
    return Campaign.objects.create(
        name=values.pop("name", "Spring"),
        segment=values.pop("segment", None) or segment(*customers, name=f"segment {made.pk}"),
        topic=values.pop("topic", None) or topic(),
        content=made,
        holdout_percent=values.pop("holdout_percent", 0),
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        **values,
    )


def sending(*customers, at, **values):
    """A campaign whose messages are planned and due."""
    from campaigns.actions import lifecycle

    made = campaign(*customers, **values)
    lifecycle.schedule(made, when=at, user_id=None, at=at)
    lifecycle.launch_due(at=at)
    made.refresh_from_db()
    assert made.state == CampaignState.SENDING
    return made


def message(
    person, *, at, state="sent", source_kind=SourceKind.CAMPAIGN, source_id=1, version=None, occasion=None, **values
):
    from campaigns.actions.planning import occasion_key

    return Message.objects.create(
        customer=person,
        source_kind=source_kind,
        source_id=source_id,
        occasion=occasion_key(occasion or f"{source_kind}:{source_id}"),
        content_version=version or globals()["version"](at=at),
        topic=values.pop("topic", None) or topic(),
        state=state,
        due_at=at,
        planned_at=at,
        sent_at=at if state == "sent" else None,
        **values,
    )
