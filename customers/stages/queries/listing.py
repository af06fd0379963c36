"""What the pages of stages, personas and usage show."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Avg, Case, Count, F, IntegerField, Q, Sum, Value, When

from customers.enums import SegmentKind, Stage, UsageLevel
from customers.models import Customer, Persona, Segment, StageChange, StageCount, StageRule, StandingRun
from customers.stages.queries.preview import Preview, Wanted

NOBODY = "—"


def wanted() -> list[Wanted]:
    """The rules in their order, then the stages that have none."""
    found = [Wanted(rule.stage, rule.segment_id, rule.is_active) for rule in StageRule.objects.order_by("position")]
    named = {item.stage for item in found}
    return [*found, *(Wanted(str(stage), None, True) for stage in Stage if stage not in named)]


def has_rules() -> bool:
    return StageRule.objects.filter(segment__isnull=False).exists()


def counts() -> dict[str, int]:
    """How many stand at each stage now, "" for none; reads all customers, so once for a page."""
    return dict(Customer.objects.order_by().values_list("stage").annotate(count=Count("pk")))


def rows(items: Sequence[Wanted], counts: dict[str, int]) -> list[dict[str, Any]]:
    """One row per rule with the segment, its size, and how many stand at the stage now."""
    segments = Segment.objects.in_bulk([item.segment_id for item in items if item.segment_id])
    return [
        {
            "stage": item.stage, "label": Stage(item.stage).label, "segment": segments.get(item.segment_id or 0),
            "is_active": item.is_active, "count": counts.get(item.stage, 0), "number": number,
            "is_first": number == 1, "is_last": number == len(items),
        }
        for number, item in enumerate(items, start=1)
    ]  # fmt: skip


def run() -> StandingRun | None:
    """The evaluation of everybody that is under way, or the last one."""
    return StandingRun.objects.order_by("-id").first()


def unfilled(segment_ids: Sequence[int]) -> list[Segment]:
    """Segments that are still to be filled: a preview cannot count their customers yet."""
    waiting = Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=F("updated_at"))
    return list(Segment.objects.filter(waiting, pk__in=segment_ids, kind=SegmentKind.DYNAMIC).order_by("name"))


def in_words(found: Preview) -> list[dict[str, Any]]:
    """The moves of a preview with the stages' names."""
    return [{"before": label(before), "after": label(after), "count": count} for before, after, count in found.rows()[:20]]


def label(stage: str) -> str:
    return str(Stage(stage).label) if stage in Stage.values else NOBODY


def history(first: date, today: date, now: dict[str, int]) -> tuple[list[date], list[dict[str, Any]]]:
    """Sizes of the stages by day, and those of this moment as today's."""
    kept: dict[tuple[date, str], int] = {
        (day, stage): count
        for day, stage, count in StageCount.objects.filter(day__gte=first, day__lt=today).values_list(
            "day", "stage", "customer_count"
        )
    }
    days = sorted({day for day, _stage in kept})
    series = [
        {"name": str(stage.label), "values": [kept.get((day, str(stage)), 0) for day in days] + [now.get(str(stage), 0)]}
        for stage in Stage
        if now.get(str(stage)) or any(kept.get((day, str(stage))) for day in days)
    ]
    return [*days, today], series


def personas() -> list[dict[str, Any]]:
    """Each persona with its members and what they are like: revenue, orders, use; one query for all."""
    facts = (
        Persona.objects.order_by("position")
        .select_related("segment")
        .annotate(
            count=Count("members"), revenue=Avg("members__customer__facts__revenue_minor"),
            orders=Avg("members__customer__facts__order_count"), days=Avg("members__customer__standing__active_days"),
            heavy=Sum(_is_heavy()),
        )
    )  # fmt: skip
    total = facts.count()
    return [
        {
            "persona": persona, "count": persona.count, "revenue": round(persona.revenue or 0),
            "orders": persona.orders or 0, "days": persona.days or 0, "is_first": number == 1, "is_last": number == total,
            "heavy": (persona.heavy or 0) / persona.count if persona.count else 0,
        }
        for number, persona in enumerate(facts, start=1)
    ]  # fmt: skip


def _is_heavy() -> Any:
    often = When(members__customer__usage_level__in=[UsageLevel.MEDIUM, UsageLevel.HIGH], then=Value(1))
    return Case(often, default=Value(0), output_field=IntegerField())


def changes(customer_id: int) -> list[dict[str, Any]]:
    """The last stages of one customer, newest first."""
    found = StageChange.objects.filter(customer_id=customer_id).order_by("-id")[:10]
    return [{"before": label(row.before), "after": label(row.after), "at": row.changed_at} for row in found]
