"""Segments as their list shows them: filtered, sorted, with what moved and what builds on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from config.kit.clock import now
from customers.enums import SegmentKind
from customers.models import Segment, SegmentCount
from customers.ports.segment_uses import Use
from customers.segments.queries import membership

SORTS = {"name": "name", "size": "member_count", "refreshed": "refreshed_at", "changed": "updated_at"}
SPARK_DAYS = 30
WIDTH, HEIGHT = 96, 24


@dataclass(frozen=True, slots=True)
class Wish:
    """What of the list is asked for; anything unknown counts as nothing."""

    text: str = ""
    kind: str = ""  # rules | list
    state: str = ""  # used | unused | problem
    sort: str = "name"


@dataclass(frozen=True, slots=True)
class Row:
    """A segment; `week` is the change of size, None before it is known; `spark` the points of a polyline."""

    segment: Segment
    uses: list[Use]
    week: int | None
    spark: str


def segments(wish: Wish) -> QuerySet[Segment]:
    """Segments by filter and order; "used" asks once for everything that builds on segments."""
    found = Segment.objects.all()
    if wish.text:
        found = found.filter(name__icontains=wish.text) | found.filter(description__icontains=wish.text)
    if wish.kind in {"rules", "list"}:
        found = found.filter(kind=SegmentKind.STATIC if wish.kind == "list" else SegmentKind.DYNAMIC)
    if wish.state == "problem":
        found = found.exclude(problem="")
    elif wish.state in {"used", "unused"}:
        uses = membership.uses(list(Segment.objects.values_list("pk", flat=True)))
        used = [pk for pk, items in uses.items() if items]
        found = found.filter(pk__in=used) if wish.state == "used" else found.exclude(pk__in=used)
    column = SORTS.get(wish.sort.removeprefix("-"), "name")
    order = F(column).desc(nulls_last=True) if wish.sort.startswith("-") else F(column).asc(nulls_last=True)
    return found.order_by(order, "name")


def rows(found: list[Segment]) -> list[Row]:
    """The segments of one page with their uses and sizes of the last 30 days; a fixed number of queries."""
    ids = [segment.pk for segment in found]
    uses, sizes = membership.uses(ids), _sizes(ids)
    return [Row(item, uses[item.pk], _change(item, sizes[item.pk], 7), _spark(item, sizes[item.pk])) for item in found]


def changes(segment: Segment, counted: Sequence[tuple[date, int]]) -> tuple[int | None, int | None]:
    """How much a segment grew in 7 and in 30 days by its sizes of past days, None before that is known."""
    today = timezone.localdate(now())
    sizes = [((today - day).days, count) for day, count in counted]
    return _change(segment, sizes, 7), _change(segment, sizes, 30)


def _sizes(ids: list[int]) -> dict[int, list[tuple[int, int]]]:
    """(days ago, size) by segment, oldest first."""
    today = timezone.localdate(now())
    found: dict[int, list[tuple[int, int]]] = {pk: [] for pk in ids}
    counted = SegmentCount.objects.filter(segment__in=ids, day__gte=today - timedelta(days=2 * SPARK_DAYS), day__lt=today)
    for pk, day, count in counted.order_by("day").values_list("segment_id", "day", "member_count"):
        found[pk].append(((today - day).days, count))
    return found


def _change(segment: Segment, sizes: list[tuple[int, int]], days: int) -> int | None:
    """Against the last size counted at least that long ago, and less than twice as long."""
    before = [count for ago, count in sizes if days <= ago < 2 * days]
    return segment.member_count - before[-1] if before else None


def _spark(segment: Segment, sizes: list[tuple[int, int]]) -> str:
    points = [*((ago, count) for ago, count in sizes if ago <= SPARK_DAYS), (0, segment.member_count)]
    if len(points) < 3:
        return ""
    low, high = min(count for _ago, count in points), max(count for _ago, count in points)
    scale = (HEIGHT - 4) / (high - low) if high > low else 0
    return " ".join(
        f"{2 + (WIDTH - 4) * (SPARK_DAYS - ago) / SPARK_DAYS:.1f},"
        f"{(HEIGHT - 2 - (count - low) * scale) if scale else HEIGHT / 2:.1f}"
        for ago, count in points
    )
