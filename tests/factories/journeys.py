"""Journeys that are live, and the events that move people in them."""

from datetime import UTC, datetime

from campaigns.actions import content as contents
from campaigns.journeys.actions import lifecycle, listen
from campaigns.journeys.models import Journey, JourneyVersion
from campaigns.models import Content
from customers.actions.timeline import COLUMNS, NewEvent, event_key, record_many
from customers.models import Brand, Event, Topic
from customers.ports.subscribers import TimelineEvent

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def brand(**values):
    values = {
        "name": "Fern & Finch", "sender_email": "hello@example.com", "postal_address": "1 Mill Lane, York",
        "website": "https://shop.example.com", "timezone": "Europe/London", "currency": "GBP", **values,
    }  # fmt: skip
    return Brand.objects.update_or_create(pk=1, defaults=values)[0]


def topic():
    return Topic.objects.get_or_create(slug="news", defaults={"name": "News", "is_default": True})[0]


def content(name="Hello"):
    return Content.objects.create(
        name=name, subject="Hello", blocks=[{"kind": "text", "text": "Hello."}], created_at=LONG_AGO, updated_at=LONG_AGO
    )


def send(key="hello"):
    return {"key": key, "kind": "send", "name": key, "content": content(key).pk}


def wait(key="wait", **values):
    return {"key": key, "kind": "wait", "name": key, **values}


def journey(*steps, entry=None, goal=None, holdout_percent=0, activated_at=LONG_AGO, **values):
    """A live journey with these steps, entered by `cart.left` unless said otherwise."""
    brand()
    made = Journey.objects.create(
        name=values.pop("name", "Test journey"),
        slug=values.pop("slug", f"test-{Journey.objects.count()}"),
        state=values.pop("state", "live"),
        entry=entry or {"kind": "event", "event": "cart.left"},
        goal=goal or {},
        topic=topic(),
        holdout_percent=holdout_percent,
        activated_at=activated_at,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
        **values,
    )
    publish_version(made, *steps)
    return made


def publish_version(made, *steps):
    number = made.versions.count() + 1
    version = JourneyVersion.objects.create(
        journey=made, number=number, graph={"steps": list(steps)}, published_at=LONG_AGO
    )
    lifecycle.write_steps(version)
    for step in version.steps.exclude(content=None):
        step.content_version = contents.freeze(step.content, at=LONG_AGO)
        step.save()
    return version


def event(customer, name, occurred_at, *, received_at=None, **properties):
    """An event as subscribers see it, recorded too."""
    key = event_key("test", customer.pk, name, occurred_at)
    record_many([NewEvent(customer.pk, name, occurred_at, key, "test", properties)], at=received_at or occurred_at)
    return TimelineEvent(*Event.objects.values_list("id", *COLUMNS).get(key=key))


def happen(customer, name, occurred_at, *, at=None, received_at=None, **properties):
    """Record an event and let journeys hear of it."""
    listen.hear([event(customer, name, occurred_at, received_at=received_at, **properties)], at=at or occurred_at)
