"""Who may be asked now, and why not."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext as _

from surveys.models import Invitation, Survey, SurveyStop

GLOBAL_DAYS = 30


def skipped(customer_ids: Sequence[int], *, survey: Survey, at: datetime) -> dict[int, str]:
    """Reason in words for each of these customers who must not be asked now; the others are absent.

    Counted from the sending, answered or not: 30 days over all surveys, and the survey's own `throttle_days`.
    """
    reasons: dict[int, str] = {}
    sent = Invitation.objects.filter(customer_id__in=customer_ids, sent_at__isnull=False).order_by()
    anything = sent.filter(sent_at__gt=at - timedelta(days=GLOBAL_DAYS))
    for customer_id, last in anything.values_list("customer_id").annotate(Max("sent_at")):
        reasons[customer_id] = _("was asked on %(day)s, less than %(days)s days ago") % {
            "day": f"{last:%Y-%m-%d}",
            "days": GLOBAL_DAYS,
        }
    same = sent.filter(survey=survey, sent_at__gt=at - timedelta(days=survey.throttle_days))
    for customer_id, last in same.values_list("customer_id").annotate(Max("sent_at")):
        reasons.setdefault(
            customer_id,
            _("was asked this on %(day)s, less than %(days)s days ago")
            % {"day": f"{last:%Y-%m-%d}", "days": survey.throttle_days},
        )
    for customer_id in SurveyStop.objects.filter(customer_id__in=customer_ids).values_list("customer_id", flat=True):
        reasons[customer_id] = _("asked for no more surveys")
    return reasons
