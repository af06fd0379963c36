"""The first floor's part of the sample company: brand, people, orders, consent and visits.

Orders, refunds and products are those of Online Retail (UCI, CC0), moved so that the story ends yesterday. Everything about
people is invented, and consent and visits are generated: their source is "sample" and visits say `generated`.
"""

import gzip
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from config.kit.clock import zone
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import Channel, ConsentState, ImportKind
from customers.imports.actions.run import run_file
from customers.models import Brand, Customer, Order, Topic
from customers.ports.samples import SamplePart, Story, register

DATA = Path(__file__).parent / "data"
LAST_DAY = date(2011, 12, 9)
ZONE = "Europe/London"
TOPICS = (
    ("newsletter", "Newsletter", "New things in the shop, twice a month", True, 0.71),
    ("offers", "Offers", "Sales, gifts and early access", False, 0.52),
    ("tips", "Ideas and tips", "How others use what they bought", False, 0.38),
)
WORDING = "Yes, write to me about this. I can unsubscribe with one click."
PATHS = ("/", "/new", "/candles", "/kitchen", "/bags", "/christmas", "/garden", "/gift-ideas", "/delivery", "/basket")
CHUNK = 5000


def build_brand(story: Story) -> None:
    Brand.objects.update_or_create(
        pk=1,
        defaults={
            "name": "Larkspur Lane",
            "website": "https://www.example.com",
            "colour": "#7a3e6b",
            "sender_name": "Larkspur Lane",
            "sender_email": "hello@example.com",
            "reply_to": "hello@example.com",
            "postal_address": "Larkspur Lane Ltd, 1 Example Yard, London N1 0AA, United Kingdom",
            "timezone": ZONE,
            "currency": "GBP",
            "locale": "en",
            "is_sample": True,
        },
    )
    for slug, name, description, is_default, _ in TOPICS:
        Topic.objects.get_or_create(
            slug=slug, defaults={"name": name, "description": description, "is_default": is_default}
        )


def build_people(story: Story) -> None:
    _take(ImportKind.PRODUCTS, "products.csv.gz", story)
    _take(ImportKind.CUSTOMERS, "customers.csv.gz", story)


def build_orders(story: Story) -> None:
    _take(ImportKind.ORDERS, "orders.csv.gz", story)
    _take(ImportKind.REFUNDS, "refunds.csv.gz", story)


def _take(kind: str, name: str, story: Story) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name.removesuffix(".gz")
        with gzip.open(DATA / name) as packed, path.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        run_file(
            kind, path, at=story.at, shift=story.shift, progress=lambda done: story.progress(kind, done), source="sample"
        )


def build_consent(story: Story) -> None:
    """Answers given at sign-up, by the week; some were taken back later."""
    dice = Random(story.seed)
    weeks: dict[date, list[int]] = defaultdict(list)
    for customer_id, created_at in Customer.objects.order_by("id").values_list("id", "created_at"):
        weeks[created_at.date() - timedelta(days=created_at.weekday())].append(customer_id)
    for slug, _, _, _, share in TOPICS:
        topic = Topic.objects.get(slug=slug)
        for week, ids in sorted(weeks.items()):
            chosen = [customer_id for customer_id in ids if dice.random() < share]
            _answer(chosen, topic, ConsentState.GRANTED, _noon(week + timedelta(days=6), story))
            gone = [customer_id for customer_id in chosen if dice.random() < 0.04]
            _answer(gone, topic, ConsentState.DENIED, _noon(week + timedelta(days=70), story))


def _answer(ids: list[int], topic: Topic, state: str, at: datetime) -> None:
    if ids:
        consent.set_consent(ids, topic=topic, channel=Channel.EMAIL, state=state, source="sample", wording=WORDING, at=at)


def _noon(day: date, story: Story) -> datetime:
    return min(datetime(day.year, day.month, day.day, 12, tzinfo=zone(ZONE)), story.at - timedelta(hours=6))


def build_visits(story: Story) -> None:
    """Two or three page views before about half of the orders."""
    batch: list[NewEvent] = []
    for event in _visits(story):
        batch.append(event)
        if len(batch) >= CHUNK:
            story.progress("visits", record_many(batch, at=story.at))
            batch = []
    story.progress("visits", record_many(batch, at=story.at))


def _visits(story: Story) -> Iterator[NewEvent]:
    dice = Random(story.seed + 1)
    for order_id, customer_id, placed_at in Order.objects.order_by("id").values_list("id", "customer_id", "placed_at"):
        if dice.random() < 0.5:
            continue
        for number in range(dice.choice((1, 2, 2, 3))):
            yield NewEvent(
                customer_id=customer_id,
                name="page.viewed",
                occurred_at=placed_at - timedelta(minutes=dice.randrange(3, 4000)),
                key=event_key("sample", "visit", order_id, number),
                source="sample",
                properties={"path": dice.choice(PATHS), "generated": True},
            )


def register_all() -> None:
    register(SamplePart("customers.brand", "Brand and topics", 5, build_brand))
    register(SamplePart("customers.people", "Products and customers", 10, build_people))
    register(SamplePart("customers.orders", "Orders and refunds", 20, build_orders))
    register(SamplePart("customers.consent", "Consent", 25, build_consent))
    register(SamplePart("customers.visits", "Visits", 26, build_visits))
