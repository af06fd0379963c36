"""Drafts: made, changed, copied, thrown away."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.actions.content import compile_content
from campaigns.enums import CampaignState
from campaigns.models import Campaign, Content
from campaigns.rules.blocks import KINDS, clean
from campaigns.rules.template import BadTemplate
from config.kit import sql
from customers.models import Segment, Topic

FIELD = re.compile(r"b-(\d{1,3})-([a-z]+)")
START = [
    {"kind": "heading", "text": 'Hello {{ customer.first_name or "there" }}'},
    {"kind": "text", "text": ""},
    {"kind": "button", "label": "", "url": ""},
]


def create_campaign(
    *, name: str, segment: Segment | None, topic: Topic | None, exclude_segment: Segment | None, at: datetime
) -> Campaign:
    """A draft with an empty message."""
    with transaction.atomic():
        content = Content.objects.create(name=name, blocks=clean(START), created_at=at, updated_at=at)
        return Campaign.objects.create(
            name=name, segment=segment, exclude_segment=exclude_segment, topic=topic, content=content, created_at=at,
            updated_at=at,
        )  # fmt: skip


def change_audience(
    campaign: Campaign,
    *,
    name: str,
    segment: Segment | None,
    topic: Topic | None,
    exclude_segment: Segment | None,
    at: datetime,
) -> None:
    """Write step one of a draft; a campaign that was launched meanwhile stays as it is."""
    with transaction.atomic():
        changed = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.DRAFT).update(
            name=name, segment=segment, exclude_segment=exclude_segment, topic=topic, updated_at=at
        )
        if not changed:
            return
        Content.objects.filter(pk=campaign.content_id).update(name=name)


def blocks_from(posted: Mapping[str, Any]) -> tuple[list[dict[str, str]], int | None]:
    """Blocks as the editor sent them, after the pressed button: add:<kind>, up:<n>, down:<n>, remove:<n>, copy:<n>.

    Returns the blocks and the place that the page should show.
    """
    found: dict[int, dict[str, str]] = {}
    for key in posted:
        match = FIELD.fullmatch(key)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = str(posted[key])
    blocks = clean([found[number] for number in sorted(found)])
    verb, _, argument = str(posted.get("do", "")).partition(":")
    if verb == "add" and argument in KINDS:
        new = {"kind": argument} | {field.name: field.sample for field in KINDS[argument].fields}
        return [*blocks, new], len(blocks)
    if not (argument.isascii() and argument.isdigit()) or int(argument) >= len(blocks):
        return blocks, None
    return _moved(blocks, verb, int(argument))


def _moved(blocks: list[dict[str, str]], verb: str, place: int) -> tuple[list[dict[str, str]], int]:
    other = place - 1 if verb == "up" else place + 1
    if verb in ("up", "down") and 0 <= other < len(blocks):
        blocks[place], blocks[other] = blocks[other], blocks[place]
        return blocks, other
    if verb == "remove":
        del blocks[place]
    elif verb == "copy":
        blocks.insert(place + 1, dict(blocks[place]))
        return blocks, place + 1
    return blocks, max(min(place, len(blocks) - 1), 0)


def change_content(content: Content, values: Mapping[str, Any], blocks: list[dict[str, str]], *, at: datetime) -> str:
    """Write step two. Returns what is wrong in words (nothing is written then), or an empty text."""
    for name, value in values.items():
        setattr(content, name, value)
    content.blocks = clean(blocks)
    content.updated_at = at
    try:
        compile_content(content)
    except BadTemplate as error:
        return str(error)
    content.save()
    return ""


def copy_campaign(source: Campaign, *, name: str, at: datetime) -> Campaign:
    """A draft like another campaign."""
    with transaction.atomic():
        content = source.content
        content.pk, content.name, content.created_at, content.updated_at = None, name, at, at
        content._state.adding = True
        content.save()
        return Campaign.objects.create(
            name=name, segment_id=source.segment_id, exclude_segment_id=source.exclude_segment_id, topic_id=source.topic_id,
            content=content, holdout_percent=source.holdout_percent, created_at=at, updated_at=at,
        )  # fmt: skip


def delete_draft(campaign: Campaign) -> bool:
    """A draft and its content, for good; False when it is no draft any more."""
    with transaction.atomic():
        draft = sql.for_update(Campaign.objects.filter(pk=campaign.pk, state=CampaignState.DRAFT)).first()
        if draft is None:
            return False
        draft.delete()
        Content.objects.filter(pk=draft.content_id).delete()
    return True
