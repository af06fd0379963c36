"""What came out of a survey: score with its interval, distribution, months, groups, comments.

Counted are confirmed answers without suspicion, the newest of each person in the period.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber, TruncMonth
from django.utils.translation import gettext as _

from customers.ports import fields
from customers.ports.fields import FieldType
from surveys.enums import Band, ResponseState
from surveys.models import Invitation, Response, Survey
from surveys.rules import nps
from surveys.rules.nps import Counts

PERIODS = {"30": 30, "90": 90, "365": 365, "all": None}
GROUP_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Score:
    """A score as screens show it; `value` is None while too few people have answered."""

    counts: Counts
    value: float | None
    low: float | None
    high: float | None

    @property
    def total(self) -> int:
        return self.counts.total


def score_of(counts: Counts, *, minimum: int = nps.MINIMUM) -> Score:
    """Score and interval of some answers, hidden below `minimum`."""
    found = nps.interval(counts)
    if counts.total < minimum or found is None:
        return Score(counts, None, None, None)
    return Score(counts, nps.nps(counts), *found)


def counted(survey: Survey, *, since: datetime | None = None, until: datetime | None = None) -> QuerySet[Response]:
    """Every answer that counts, of every time a person was asked."""
    answers = Response.objects.filter(survey=survey, state=ResponseState.CONFIRMED, suspicion="")
    if since:
        answers = answers.filter(answered_at__gte=since)
    return answers.filter(answered_at__lt=until) if until else answers


def newest_per_person(answers: QuerySet[Response]) -> QuerySet[Response]:
    """The newest answer of each person among these."""
    ranked = answers.annotate(
        rank=Window(RowNumber(), partition_by=[F("customer_id")], order_by=[F("answered_at").desc(), F("id").desc()])
    )
    return Response.objects.filter(pk__in=ranked.filter(rank=1).values("pk"))


def since(period: str, *, at: datetime) -> datetime | None:
    """Where a period of `PERIODS` begins; None for all time."""
    days = PERIODS.get(period, 365)
    return at - timedelta(days=days) if days else None


def counts(answers: QuerySet[Response]) -> Counts:
    return nps.counts_of(dict(answers.order_by().values_list("band").annotate(Count("id"))))


def distribution(answers: QuerySet[Response]) -> list[int]:
    """How many answered 0, 1 ... 10."""
    found = dict(answers.order_by().values_list("score").annotate(Count("id")))
    return [found.get(score, 0) for score in range(11)]


@dataclass(frozen=True, slots=True)
class Rate:
    """Of the people asked, how many answered."""

    asked: int
    answered: int

    @property
    def share(self) -> float | None:
        return self.answered / self.asked if self.asked else None


def response_rate(survey: Survey, *, since: datetime | None) -> Rate:
    """Invitations that were sent since then, and those of them with a counted answer."""
    sent = Invitation.objects.filter(survey=survey, sent_at__isnull=False)
    if since:
        sent = sent.filter(sent_at__gte=since)
    found = sent.aggregate(
        asked=Count("id"), answered=Count("id", filter=Q(response__state=ResponseState.CONFIRMED, response__suspicion=""))
    )
    return Rate(found["asked"], found["answered"])


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the trend; `change` compares it with the month before."""

    first_day: date
    score: Score
    change: nps.Change | None


def months(survey: Survey, *, since: datetime | None = None) -> list[Month]:
    """The score of each month with answers, oldest first; a person's newest answer in the month counts."""
    ranked = counted(survey, since=since).annotate(
        rank=Window(
            RowNumber(),
            partition_by=[F("customer_id"), TruncMonth("local_day")],
            order_by=[F("answered_at").desc(), F("id").desc()],
        )
    )
    rows = (
        Response.objects.filter(pk__in=ranked.filter(rank=1).values("pk"))
        .annotate(month=TruncMonth("local_day"))
        .order_by("month")
        .values_list("month", "band")
        .annotate(Count("id"))
    )
    by_month: dict[date, dict[str, int]] = {}
    for month, band, count in rows:
        by_month.setdefault(month, {})[band] = count
    found: list[Month] = []
    for month in sorted(by_month):
        tally = nps.counts_of(by_month[month])
        before = found[-1].score.counts if found else None
        found.append(
            Month(
                month,
                score_of(tally, minimum=nps.GROUP_MINIMUM),
                nps.change(before, tally) if before else None,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Group:
    """The score of the people who share a value."""

    label: str
    score: Score


GROUPABLE = (FieldType.TEXT, FieldType.CHOICE, FieldType.BOOLEAN)
PREFERRED = ("loyalty.tier", "customer.country", "customer.market", "customer.stage", "customer.acquisition_channel")


def groupings() -> list[tuple[str, str]]:
    """Fields (key, label) by which results can be split, the usual ones first; "segment" splits by segment."""
    found = {f.key: f.label for f in fields.all() if f.type in GROUPABLE}
    first = [(key, str(found[key])) for key in PREFERRED if key in found]
    return [*first, ("segment", "Segment")]


def groups(answers: QuerySet[Response], *, by: str) -> list[Group]:
    """Scores by the value of field `by`, the largest group first; those below 10 answers keep their score to themselves."""
    if by == "segment":
        rows = answers.filter(customer__memberships__isnull=False).values_list(
            "customer__memberships__segment__name", "band"
        )
        labels: dict[object, str] = {}
    else:
        field = fields.get(by)
        column = field.rows().filter(**{field.customer: OuterRef("customer_id")}).values(field.value)[:1]
        rows = answers.annotate(group=Subquery(column)).values_list("group", "band")
        labels = {value: str(label) for value, label in field.choices()} if field.choices else {}
    by_value: dict[object, dict[str, int]] = {}
    for value, band, count in rows.order_by().annotate(Count("id")):
        by_value.setdefault(value, {})[band] = by_value.get(value, {}).get(band, 0) + count
    found = [
        Group(
            labels.get(value) or (str(value) if value not in (None, "") else _("No value")),
            score_of(nps.counts_of(bands), minimum=nps.GROUP_MINIMUM),
        )
        for value, bands in by_value.items()
    ]
    return sorted(found, key=lambda group: -group.score.total)[:GROUP_LIMIT]


def comments(answers: QuerySet[Response], *, text: str = "", band: str = "") -> QuerySet[Response]:
    """Answers with a comment, newest first, narrowed to a text and a band."""
    found = answers.exclude(comment="").select_related("customer").order_by("-answered_at", "-id")
    if text:
        found = found.filter(comment__icontains=text)
    return found.filter(band=band) if band in Band.values else found


def excluded_count(survey: Survey) -> int:
    """Answers that look like a machine's."""
    return Response.objects.filter(survey=survey).exclude(suspicion="").count()
