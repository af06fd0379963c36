"""The life of a journey: made from a recipe, edited as a draft, published, switched live, paused, stopped."""

from copy import deepcopy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify

from campaigns.actions import content as contents
from campaigns.actions import planning
from campaigns.enums import BodyKind, Reason, SourceKind
from campaigns.journeys.enums import JourneyState, StepKind
from campaigns.journeys.models import Journey, JourneyStep, JourneyVersion
from campaigns.journeys.queries import checks
from campaigns.journeys.rules import graph
from campaigns.journeys.rules.graph import NotAGraph, Problem
from campaigns.journeys.rules.recipes import Mail, Recipe
from campaigns.models.content import Content
from config.kit.queue import enqueue
from customers.actions import audit
from customers.models import Segment, Topic
from customers.ports import effects
from customers.queries import brand as brands

WEBSITE = "{{ brand.website }}"


class NotReady(Exception):
    """The journey cannot go live or be published; `problems` says what to put right."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = problems


class WrongState(Exception):
    """What was asked does not fit the state that the journey is in."""


def create_from_recipe(recipe: Recipe, *, user_id: int | None, at: datetime) -> Journey:
    """A draft journey with all steps and complete e-mails, ready to be read, changed and switched live."""
    with transaction.atomic():
        journey = Journey.objects.create(
            name=_free_name(recipe.name),
            slug=_free_slug(recipe.key),
            description=recipe.description,
            entry=_entry(recipe),
            goal=dict(recipe.goal),
            exits=[dict(trigger) for trigger in recipe.exits],
            reentry=recipe.reentry,
            reentry_days=recipe.reentry_days,
            holdout_percent=recipe.holdout_percent,
            topic=Topic.objects.order_by("-is_default", "id").first(),
            created_at=at,
            updated_at=at,
            updated_by_id=user_id,
        )
        steps = _offered(deepcopy(list(recipe.steps)))
        for step in _flat(steps):
            mail = recipe.mails.get(step["key"]) if step["kind"] == StepKind.SEND else None
            if mail:
                step["content"] = _content(f"{journey.name}: {step['name']}", mail, at).pk
        version = JourneyVersion.objects.create(journey=journey, number=1, graph={"steps": steps})
        write_steps(version)
        _note("journey.created", journey, user_id=user_id, at=at)
    return journey


def _entry(recipe: Recipe) -> dict[str, Any]:
    entry = dict(recipe.entry)
    if recipe.segment:
        segment = Segment.objects.filter(slug__startswith=recipe.segment).order_by("-is_ready_made", "id").first()
        entry["where"] = {"segment_id": segment.pk} if segment else {}
    return entry


def _offered(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without effects that nobody offers in this installation."""
    kept = [step for step in steps if step["kind"] != StepKind.EFFECT or effects.has(step["effect"])]
    for step in kept:
        for side in ("then", "otherwise"):
            if side in step:
                step[side] = _offered(step[side])
    return kept


def _flat(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [found for step in steps for found in [step, *_flat(step.get("then", [])), *_flat(step.get("otherwise", []))]]


def _content(name: str, mail: Mail, at: datetime) -> Content:
    website = brands.current().website or "https://example.com"
    blocks = [{key: value.replace(WEBSITE, website) for key, value in block.items()} for block in mail.blocks]
    return Content.objects.create(
        name=name[:160],
        subject=mail.subject,
        preheader=mail.preheader,
        body_kind=BodyKind.BLOCKS,
        blocks=blocks,
        created_at=at,
        updated_at=at,
    )


def _free_slug(wish: str) -> str:
    slug, number = slugify(wish)[:120] or "journey", 2
    taken = set(Journey.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    free = slug
    while free in taken:
        free, number = f"{slug}-{number}", number + 1
    return free


def _free_name(wish: str) -> str:
    taken = Journey.objects.filter(name__startswith=wish).count()
    return f"{wish} {taken + 1}" if taken else wish


def write_steps(version: JourneyVersion) -> None:
    """Keep the step rows of a version like its graph; nobody may stand at the steps of a draft."""
    parsed = graph.parse(version.graph)
    kept = []
    for step in parsed.steps.values():
        row, _ = JourneyStep.objects.update_or_create(
            version=version,
            key=step.key,
            defaults={
                "kind": step.kind,
                "name": step.name,
                "position": step.position,
                "event": step.trigger.event if step.trigger else "",
                "content_id": step.content,
            },
        )
        kept.append(row.pk)
    version.steps.exclude(pk__in=kept).delete()


def draft_of(journey: Journey) -> JourneyVersion:
    """The draft to edit: the one there is, or a copy of the newest published version.

    E-mails are not copied: a published version sends its frozen ones, so edits show only after the next publishing.
    """
    with transaction.atomic():
        Journey.objects.select_for_update().get(pk=journey.pk)
        draft = journey.versions.filter(published_at=None).first()
        if draft:
            return draft
        newest = journey.versions.order_by("-number").first()
        number = (journey.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        steps = deepcopy(newest.graph) if newest else {"steps": []}
        draft = JourneyVersion.objects.create(journey=journey, number=number, graph=steps)
        write_steps(draft)
    return draft


def change_wait(
    draft: JourneyVersion, key: str, *, days: int, hours: int, clock: str, weekdays: list[int], at: datetime
) -> None:
    """Change how long a wait of the draft lasts. Raises `NotAGraph` when that makes no wait."""
    changed = deepcopy(draft.graph)
    step = graph.find(changed, key)
    if step is None or step["kind"] not in (StepKind.WAIT, StepKind.WAIT_EVENT):
        raise NotAGraph([Problem(key, "is no wait")])
    step |= {"days": days, "hours": hours}
    if step["kind"] == StepKind.WAIT:
        step |= {"at": clock, "weekdays": weekdays}
    graph.parse(changed)
    _save(draft, changed, at)


def rename_step(draft: JourneyVersion, key: str, *, name: str, at: datetime) -> None:
    """Give a step of the draft another name."""
    changed = deepcopy(draft.graph)
    step = graph.find(changed, key)
    if step is None:
        raise NotAGraph([Problem(key, "is no step")])
    step["name"] = name
    graph.parse(changed)
    _save(draft, changed, at)


def _save(draft: JourneyVersion, changed: dict[str, Any], at: datetime) -> None:
    with transaction.atomic():
        draft.graph = changed
        draft.save(update_fields=["graph"])
        write_steps(draft)
        Journey.objects.filter(pk=draft.journey_id).update(updated_at=at)


def publish(journey: Journey, *, user_id: int | None, at: datetime) -> JourneyVersion:
    """Freeze the draft and its e-mails: new people enter it, people inside stay on the version they entered.

    Raises `NotReady`.
    """
    with transaction.atomic():
        draft = journey.versions.select_for_update().filter(published_at=None).first()
        if draft is None:
            raise WrongState("There is no draft to publish.")
        problems = checks.problems(journey, draft)
        if problems:
            raise NotReady(problems)
        for step in draft.steps.filter(kind=StepKind.SEND).select_related("content"):
            if step.content:
                step.content_version = contents.freeze(step.content, at=at)
                step.save(update_fields=["content_version"])
        draft.published_at, draft.published_by_id = at, user_id
        draft.save(update_fields=["published_at", "published_by"])
        _note("journey.published", journey, user_id=user_id, at=at, version=draft.number)
    return draft


def go_live(journey: Journey, *, user_id: int | None, at: datetime) -> None:
    """Switch live: from now on events let people in. Publishes the draft if nothing is published yet. Raises `NotReady`."""
    with transaction.atomic():
        _in_state(journey, JourneyState.DRAFT, JourneyState.STOPPED)
        newest = journey.versions.order_by("-number").first()
        if newest is None:
            raise NotReady([Problem("steps", "There are no steps yet.")])
        if newest.published_at is None:
            publish(journey, user_id=user_id, at=at)
        else:
            problems = checks.problems(journey, newest)
            if problems:
                raise NotReady(problems)
        _change(journey, JourneyState.LIVE, "journey.went_live", user_id=user_id, at=at, activated_at=at, paused_at=None)


def pause(journey: Journey, *, user_id: int | None, at: datetime) -> None:
    """Nobody enters and no step is taken; goals and exits still count."""
    with transaction.atomic():
        _in_state(journey, JourneyState.LIVE)
        _change(journey, JourneyState.PAUSED, "journey.paused", user_id=user_id, at=at, paused_at=at)


def resume(journey: Journey, *, user_id: int | None, at: datetime) -> None:
    """Go on where people stand. What happened during the pause lets nobody in: the start moves to now."""
    with transaction.atomic():
        _in_state(journey, JourneyState.PAUSED)
        _change(journey, JourneyState.LIVE, "journey.resumed", user_id=user_id, at=at, activated_at=at, paused_at=None)
        enqueue("campaigns.advance_journeys")


def stop(journey: Journey, *, user_id: int | None, at: datetime) -> int:
    """End it for everybody: queued messages are taken back at once, people leave with the next tick. Returns how many
    messages were taken back."""
    with transaction.atomic():
        _in_state(journey, JourneyState.LIVE, JourneyState.PAUSED)
        _change(journey, JourneyState.STOPPED, "journey.stopped", user_id=user_id, at=at, paused_at=None)
        cancelled = planning.cancel(source_kind=SourceKind.JOURNEY, source_id=journey.pk, reason=Reason.LEFT_JOURNEY)
        enqueue("campaigns.advance_journeys")
    return cancelled


def _in_state(journey: Journey, *allowed: JourneyState) -> None:
    state = Journey.objects.select_for_update().values_list("state", flat=True).get(pk=journey.pk)
    if state not in allowed:
        raise WrongState(f"The journey is {JourneyState(state).label.lower()}.")


def _change(journey: Journey, state: JourneyState, verb: str, *, user_id: int | None, at: datetime, **more: Any) -> None:
    values = {"state": state, "updated_at": at, "updated_by_id": user_id, **more}
    for name, value in values.items():
        setattr(journey, name, value)
    journey.save(update_fields=["state", "updated_at", "updated_by", *more])
    _note(verb, journey, user_id=user_id, at=at)


def change_settings(journey: Journey, *, values: dict[str, Any], user_id: int | None, at: datetime) -> None:
    """Change settings such as topic, holdout and re-entry; they count from now on, for versions new and old."""
    with transaction.atomic():
        changed = sorted(name for name, value in values.items() if getattr(journey, name) != value)
        for name, value in values.items():
            setattr(journey, name, value)
        journey.updated_at, journey.updated_by_id = at, user_id
        journey.save(update_fields=[*values, "updated_at", "updated_by"])
        if changed:
            _note("journey.changed", journey, user_id=user_id, at=at, fields=", ".join(changed))


def _note(verb: str, journey: Journey, *, user_id: int | None, at: datetime, **detail: Any) -> None:
    audit.note(verb, subject=journey.name, user_id=user_id, at=at, detail={"journey_id": journey.pk, **detail})
