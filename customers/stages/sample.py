"""Stages, personas and usage of the sample company, so that their pages have something to show."""

from datetime import timedelta
from random import Random

from config.kit.clock import local_day
from customers.enums import Stage
from customers.models import Customer, Persona, Segment, StageCount, StageRule, UsageRule
from customers.ports.samples import Story
from customers.queries import brand
from customers.segments.actions import refresh
from customers.segments.actions import save as segments
from customers.stages.actions import everybody, personas, returns, rules, usage

PERSONAS = (
    (
        "Gift giver", "Buys for others, mostly before Christmas, one or two pieces at a time.",
        "Wants something pretty that arrives in time.\nWorries about delivery dates and wrapping.", "",
        [{"type": "orders", "measure": "count", "op": "between", "value": [1, 4]}],
    ),
    (
        "Shop owner", "Buys in quantity to sell on, every few weeks.",
        "Wants steady stock and fair prices.\nWorries about gaps on the shelf.", "",
        [{"type": "orders", "measure": "count", "op": "at_least", "value": 5}],
    ),
)  # fmt: skip
DAYS = 30


def build(story: Story) -> None:
    """Default stages with their segments filled, two personas, and page views as use; evaluated in one go."""
    low, last = 0, Customer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    returns.refresh_range(low, last, at=story.at)
    if not StageRule.objects.exists():
        rules.install(at=story.at)
    _personas(story)
    if not UsageRule.objects.exists():
        usage.save(
            UsageRule(event_names=["page.viewed"], window_days=28, low_from=1, medium_from=2, high_from=4), at=story.at
        )
    for segment in Segment.objects.filter(stage_rules__isnull=False, refreshed_at__isnull=True):
        refresh.whole(segment.pk, at=story.at)
    everybody.due(at=story.at)
    usage.whole(at=story.at, is_silent=True)
    _history(story)
    story.progress("stages", 1)


def _personas(story: Story) -> None:
    for name, description, goals, category, conditions in PERSONAS:
        if Persona.objects.filter(name=name).exists():
            continue
        segment = segments.rules(
            name=f"Persona: {name}", description=description, definition={"match": "all", "rules": conditions}, at=story.at,
            is_ready_made=True,
        )  # fmt: skip
        refresh.whole(segment.pk, at=story.at)
        persona = Persona(name=name, description=description, goals=goals, category=category, segment=segment)
        personas.save(persona, at=story.at, user_id=None)


def _history(story: Story) -> None:
    """A month of sizes that lead up to today's (generated): the history of stages begins with the evaluation above."""
    dice = Random(story.seed + 7)
    today = local_day(story.at, brand.current().timezone)
    counts = {stage: Customer.objects.filter(stage=stage).count() for stage in Stage.values}
    rows = []
    for stage, count in counts.items():
        size = float(count)
        for back in range(1, DAYS + 1):
            size = max(size * (1 - dice.uniform(-0.006, 0.012)), 0)
            rows.append(StageCount(day=today - timedelta(days=back), stage=stage, customer_count=round(size)))
    StageCount.objects.bulk_create(rows, ignore_conflicts=True)
