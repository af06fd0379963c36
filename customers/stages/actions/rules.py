"""Editing the rules of stages: which segments, in which order; and the default set."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from customers.actions import audit
from customers.enums import Stage
from customers.models import Segment, StageChange, StageRule, StandingRun
from customers.ports import fields
from customers.segments.actions import save as segments
from customers.stages.actions import everybody
from customers.stages.queries import loops
from customers.stages.queries.preview import Wanted


class WouldLoop(Exception):
    """A segment asks, by whatever way round, for what it is to decide."""


def save(wanted: Sequence[Wanted], *, at: datetime, user_id: int | None, is_silent: bool) -> StandingRun | None:
    """Make these the rules, in this order, and ask for everybody to be looked at again; None when nothing changed.

    `is_silent`: the customers who change their stage because of this start no journeys. Raises `WouldLoop`.
    """
    with transaction.atomic():
        known = {rule.stage: rule for rule in StageRule.objects.select_for_update()}
        before = [Wanted(rule.stage, rule.segment_id, rule.is_active) for rule in known.values()]
        if before == list(wanted):
            return None
        problem = loops.of_stages([item.segment_id for item in wanted if item.segment_id])
        if problem:
            raise WouldLoop(problem)
        StageRule.objects.exclude(stage__in=[item.stage for item in wanted]).delete()
        for number, rule in enumerate(known.values()):
            StageRule.objects.filter(pk=rule.pk).update(position=1000 + number)  # out of the way: places are unique
        for place, item in enumerate(wanted, start=1):
            values = {"segment_id": item.segment_id, "is_active": item.is_active, "position": place}
            StageRule.objects.update_or_create(stage=item.stage, defaults=values)
        audit.note(
            "stages.changed", subject=", ".join(item.stage for item in wanted if item.is_active), user_id=user_id, at=at
        )
        return everybody.request(at=at, is_silent=is_silent)


def is_first() -> bool:
    """Whether nobody ever had a stage by rules: then everybody's first stage is history, not news."""
    return not StageChange.objects.exists()


def install(*, at: datetime, user_id: int | None = None) -> list[Wanted]:
    """Create the segments of the default stages that are not there yet, and the rules; stages that have a rule keep it."""
    with transaction.atomic():
        kept = {rule.stage: Wanted(rule.stage, rule.segment_id, rule.is_active) for rule in StageRule.objects.all()}
        wanted = []
        for stage, description, match, conditions in _defaults():
            if stage not in kept:
                segment = _segment(stage, description, match, conditions, at, user_id)
                wanted.append(Wanted(stage, segment.pk))
        save([*kept.values(), *wanted], at=at, user_id=user_id, is_silent=is_first())
    return wanted


def _segment(
    stage: str, description: str, match: str, conditions: list[dict[str, object]], at: datetime, user_id: int | None
) -> Segment:
    name = f"Stage: {Stage(stage).label}"
    known = Segment.objects.filter(name=name).first()
    definition = {"match": match, "rules": conditions}
    return known or segments.rules(
        name=name, description=description, definition=definition, at=at, user_id=user_id, is_ready_made=True
    )


def _field(name: str, op: str, value: object) -> dict[str, object]:
    return {"type": "field", "field": name, "op": op, "value": value}


def _defaults() -> list[tuple[str, str, str, list[dict[str, object]]]]:
    """In the order of the rules: what asks for attention first stands first."""
    last, count = "customer.last_order_at", "customer.order_count"
    return [
        (Stage.RENEWAL, "Renews within 60 days", "all", [_field("customer.renews_on", "in_next", 60)]),
        (
            Stage.WON_BACK, "Ordered in the last 60 days after at least 180 days without an order", "all",
            [_field("stage.returned_at", "in_last", 60), _field("stage.break_days", "at_least", 180)],
        ),
        (Stage.LAPSED, "No order for 180 days", "all", [_field(last, "more_ago", 180)]),
        (
            Stage.AT_RISK, "Bought at least twice, but nothing for 90 days", "all",
            [_field(count, "at_least", 2), _field(last, "more_ago", 90)],
        ),
        *_advocates(),
        (
            Stage.ONBOARDING, "First order in the last 30 days, or new and without an order yet", "any",
            [
                _field("customer.first_order_at", "in_last", 30),
                {"match": "all", "rules": [_field(count, "is", 0), _field("customer.created_at", "in_last", 30)]},
            ],
        ),
        (Stage.ADOPTION, "Bought once, some time ago", "all", [_field(count, "is", 1)]),
        (Stage.GROWING, "Bought at least twice", "all", [_field(count, "at_least", 2)]),
    ]  # fmt: skip


def _advocates() -> list[tuple[str, str, str, list[dict[str, object]]]]:
    found = [_field(key, op, value) for key, op, value in ADVOCATES if fields.has(key)]
    return [(Stage.ADVOCATE, "Recommends us: a promoter, or brought a friend", "any", found)] if found else []


ADVOCATES: list[tuple[str, str, object]] = [
    ("surveys.last_nps", "at_least", 9),
    ("referrals.rewarded_count", "at_least", 1),
]
