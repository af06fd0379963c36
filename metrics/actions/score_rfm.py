"""Scoring every buyer by recency, frequency and money."""

from datetime import date, datetime

from django.db import transaction

from customers.actions import heartbeat
from customers.stages.actions.evaluate import touch
from metrics.models import RfmScore
from metrics.queries import statements
from metrics.rules.rfm import sql_case

JOB = "metrics.score_rfm"
RFM_SCORED = "metrics:scored"  # not on the timeline: the name under which segments hear of new scores


def score_rfm(*, day: date) -> int:
    """Score all buyers on their orders up to `day`, in one statement; returns how many scores changed."""
    with transaction.atomic():
        gone = statements.run("rfm_gone", day=day)
        changed = statements.run("rfm", pieces={"classes": sql_case()}, day=day, on=day)
    return gone + changed


def score_once(*, day: date, at: datetime) -> bool:
    """Score all buyers for `day` unless that was done already; False when it was. Segments look at whoever moved."""
    with transaction.atomic():
        if not heartbeat.claim_period(JOB, period=str(day), at=at):
            return False
        score_rfm(day=day)
        changed = RfmScore.objects.filter(computed_on=day).values_list("customer_id", flat=True)
        touch(list(changed), RFM_SCORED, at=at)
    return True
