"""Creating, changing and deleting segments."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from config.kit import sql
from config.kit.queue import enqueue
from customers.actions import audit
from customers.enums import SegmentKind
from customers.models import Segment, SegmentVersion
from customers.ports import segment_guards
from customers.ports.segment_guards import Asked
from customers.segments.queries import index, membership
from customers.segments.rules import dependencies
from customers.segments.rules.cycles import leads_back
from customers.segments.rules.dump import dump
from customers.segments.rules.parse import BadDefinition, Mistake, parse


class SegmentInUse(Exception):
    """Something else builds on the segment; `uses` names what."""

    def __init__(self, uses: list[str]) -> None:
        self.uses = uses
        super().__init__(", ".join(uses))


class SegmentChanged(Exception):
    """Somebody saved other rules since these were opened: the version stored now, who saved it ("" nobody), and when."""

    def __init__(self, version: int, saved_by: str, saved_at: datetime) -> None:
        self.version, self.saved_by, self.saved_at = version, saved_by, saved_at
        super().__init__(f"version {version} was saved by {saved_by or 'the system'} at {saved_at.isoformat()}")


def rules(
    *,
    name: str,
    definition: dict[str, Any],
    at: datetime,
    segment_id: int | None = None,
    description: str = "",
    user_id: int | None = None,
    is_ready_made: bool = False,
    is_quiet: bool = False,
    expected_version: int | None = None,
) -> Segment:
    """Save a segment that rules define and wake the job that fills it.

    Changed rules make a new version; with `is_quiet` the fill that follows is not told to the timeline, so it starts
    nothing. `expected_version` is the version that was edited: raises `SegmentChanged` when another is stored by now.
    Raises `BadDefinition`, also when the rules would ask about the segment itself or about one that does not exist.
    """
    tree = parse(definition)
    with transaction.atomic():
        segment = _load(segment_id, at, is_ready_made)
        if segment.pk and expected_version not in {None, segment.version}:
            raise _changed(segment)
        _check(segment.pk, Asked(dependencies.fields(tree), dependencies.segments(tree)))
        stored = dump(tree)
        is_changed = segment.definition != stored
        if is_changed:
            segment.version += 1 if segment.pk else 0
            segment.definition, segment.is_quiet = stored, is_quiet
            segment.attempts, segment.retry_at = 0, None
        segment.name, segment.description, segment.updated_by_id = name, description, user_id
        segment.updated_at = _later(segment, at) if is_changed else segment.updated_at
        segment.slug = segment.slug or _slug(name)
        segment.save()
        if is_changed:
            SegmentVersion.objects.create(
                segment=segment, version=segment.version, definition=stored, is_quiet=is_quiet, saved_at=at,
                saved_by_id=user_id,
            )  # fmt: skip
        audit.note("segment.saved", subject=name, user_id=user_id, at=at, detail={"version": segment.version})
        if is_changed:
            enqueue("customers.fill_segments")
    return segment


def listed(*, name: str, at: datetime, description: str = "", user_id: int | None = None) -> Segment:
    """Create an empty list; `lists.add` puts customers on it."""
    with transaction.atomic():
        segment = Segment(kind=SegmentKind.STATIC, created_at=at, updated_at=at, refreshed_at=at, name=name)
        segment.description, segment.updated_by_id, segment.slug = description, user_id, _slug(name)
        segment.save()
        audit.note("segment.saved", subject=name, user_id=user_id, at=at)
    return segment


def rename(segment: Segment, *, name: str, description: str, user_id: int | None, at: datetime) -> None:
    """Give a segment another name and description; its members stay."""
    Segment.objects.filter(id=segment.id).update(name=name, description=description, updated_by_id=user_id)
    audit.note("segment.renamed", subject=name, user_id=user_id, at=at)


def delete(segment: Segment, *, user_id: int | None, at: datetime) -> None:
    """Delete a segment with its members and history. Raises `SegmentInUse` while anything builds on it."""
    with transaction.atomic():
        sql.for_update(Segment.objects.filter(id=segment.id)).first()
        uses = membership.uses([segment.id])[segment.id]
        if uses:
            raise SegmentInUse([f"{use.kind} “{use.name}”" for use in uses])
        audit.note("segment.deleted", subject=segment.name, user_id=user_id, at=at)
        Segment.objects.filter(id=segment.id).delete()


def _load(segment_id: int | None, at: datetime, is_ready_made: bool) -> Segment:
    if segment_id is None:
        return Segment(created_at=at, updated_at=at, is_ready_made=is_ready_made)
    return sql.for_update(Segment.objects.filter(id=segment_id, kind=SegmentKind.DYNAMIC)).get()


def _later(segment: Segment, at: datetime) -> datetime:
    """When the rules changed: always after the last refresh, so that the fill is due whatever the clocks say."""
    return at if segment.refreshed_at is None else max(at, segment.refreshed_at + timedelta(microseconds=1))


def _changed(segment: Segment) -> SegmentChanged:
    latest = SegmentVersion.objects.filter(segment=segment).select_related("saved_by").order_by("-version").first()
    if latest is None:
        return SegmentChanged(segment.version, "", segment.updated_at)
    return SegmentChanged(segment.version, str(latest.saved_by or ""), latest.saved_at)


def _check(segment_id: int | None, asked: Asked) -> None:
    asks = asked.segments
    known = set(Segment.objects.filter(id__in=asks).values_list("id", flat=True))
    if asks - known:
        raise BadDefinition([Mistake((), "A condition asks about a segment that does not exist (any more).")])
    if segment_id is None:
        return
    graph = {live.id: live.asked for live in index.readable()}
    if leads_back(segment_id, asks, {key: found.segments for key, found in graph.items()}):
        raise BadDefinition(
            [Mistake((), "The rules would ask about this segment itself, by way of the segments they name.")]
        )
    for guard in segment_guards.all():
        if objection := guard.object(segment_id, asked, graph):
            raise BadDefinition([Mistake((), objection)])


def _slug(name: str) -> str:
    base = slugify(name)[:120] or "segment"
    taken = set(Segment.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number, slug = 2, base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
