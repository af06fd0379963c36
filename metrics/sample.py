"""Metrics' part of the sample company: all days of the story, its months and cohorts, and the scores."""

from datetime import timedelta

from config.kit.clock import local_day
from customers.actions import heartbeat
from customers.ports.samples import SamplePart, Story, register
from customers.queries import brand
from metrics.actions import catch_up
from metrics.actions.score_rfm import score_rfm
from metrics.models import DirtyDay
from metrics.queries import truth


def build(story: Story) -> None:
    """Roll up every day from the first to yesterday, and today so far; nothing here is generated, all is counted."""
    today = local_day(story.at, brand.current().timezone)
    yesterday = today - timedelta(days=1)
    first = truth.first_day() or yesterday
    facts = catch_up.backfill(first=min(first, yesterday), last=yesterday, at=story.at)
    catch_up.rollup(first=today, last=today, at=story.at)
    score_rfm(day=yesterday)
    DirtyDay.objects.all().delete()
    for job in ("metrics.roll_up", "metrics.score_rfm"):
        heartbeat.claim_period(job, period=str(yesterday), at=story.at)
    story.progress("figures", facts)


register(SamplePart("metrics", "Figures per day and month", 90, build))
