"""Segments of the sample company: the ready-made ones, with a believable growth behind them."""

from datetime import timedelta
from random import Random

from config.kit.clock import local_day
from customers.models import Customer, Segment, SegmentCount
from customers.ports.samples import Story
from customers.queries import brand
from customers.segments.actions import lists, refresh, save
from customers.segments.actions.ready_made import install_ready_made
from customers.segments.queries import run
from customers.segments.rules.parse import parse
from customers.segments.rules.tree import FieldIs, leaves

DAYS = 42
LIST = "Tasting evening guests"


def build(story: Story) -> None:
    """Ready-made segments, filled, with six weeks of sizes computed from the rules; and one small list."""
    install_ready_made(story.at)
    for segment in Segment.objects.filter(is_ready_made=True, refreshed_at__isnull=True):
        refresh.whole(segment.id, at=story.at)
        _grow(segment, story)
        story.progress("segments", 1)
    _guests(story)


def _grow(segment: Segment, story: Story) -> None:
    """Sizes of past days by the same rules; skipped where facts are only known as they are today."""
    if not _is_dated(segment):
        return
    today = local_day(story.at, brand.current().timezone)
    SegmentCount.objects.bulk_create(
        [
            SegmentCount(
                segment=segment, day=today - timedelta(days=back + 1),
                member_count=run.count(segment.definition, story.at - timedelta(days=back)),
            )
            for back in range(0, DAYS, 3)
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _is_dated(segment: Segment) -> bool:
    """Whether the rules, run at a past moment, see only what was there then: first orders and new profiles do."""
    wanted = {"customer.first_order_at", "customer.created_at"}
    return all(isinstance(leaf, FieldIs) and leaf.field in wanted for leaf in leaves(parse(segment.definition)))


def _guests(story: Story) -> None:
    if Segment.objects.filter(name=LIST).exists():
        return
    ids = list(Customer.objects.order_by("id").values_list("id", flat=True))
    chosen = Random(story.seed).sample(ids, min(48, len(ids)))
    segment = save.listed(name=LIST, description="Put together by hand (generated)", at=story.at)
    lists.add(segment.id, sorted(chosen), at=story.at, is_silent=True)
