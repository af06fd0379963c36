"""What the first page shows: what needs attention, how the last 28 days went, what comes next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Campaign
from config.kit.clock import local_day
from customers.models import Brand, Customer, FailedEvent, Heartbeat, Segment
from customers.ports import jobs
from customers.templatetags.perennial import percent
from metrics.queries import figures, show
from metrics.queries.figures import Daily
from metrics.rules.periods import Period, named

METRICS = (
    "revenue",
    "orders",
    "aov",
    "active_customers",
    "new_customers",
    "nps",
    "lapsed",
    "customers_created",
    "subscribed",
    "unsubscribed",
    "sends",
    "delivered",
    "opens",
    "clicks",
    "bounces",
    "complaints",
)
LATE = timedelta(minutes=30)
LATE_NIGHTLY = timedelta(hours=6)
BOUNCE_LIMIT, COMPLAINT_LIMIT = 0.05, 0.001
ENOUGH_SENDS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that fails or waits too long: what, how bad ("bad" or "warn"), and where to look."""

    text: str
    tone: str
    url: str


@dataclass(frozen=True, slots=True)
class Home:
    """Everything of the page, read with a number of queries that does not grow."""

    period: Period
    is_rolled_up: bool
    today: dict[str, str]
    problems: list[Problem]
    tiles: list[dict[str, Any]]
    charts: list[dict[str, Any]]
    list_growth: dict[str, int]
    scheduled: list[tuple[Campaign, str]]
    recent: list[dict[str, Any]]
    steps: list[dict[str, Any]]


def home(*, brand: Brand, at: datetime) -> Home:
    """The first page at a moment."""
    today = local_day(at, brand.timezone)
    period = named("28d", last=today - timedelta(days=1))
    daily = figures.daily(METRICS, first=period.before.first, last=today)
    campaigns = _campaigns()
    return Home(
        period=period,
        is_rolled_up=bool(daily.dates),
        today={
            metric: show.written(metric, daily.value(metric, Period(today, today)), brand.currency)
            for metric in ("orders", "revenue", "sends")
        },
        problems=[*_waiting(at), *_reputation(daily, period)],
        tiles=_tiles(daily, period, brand.currency),
        charts=[
            show.chart(
                "home-revenue", _("Revenue"), ["revenue"], daily, period, kind="line", currency=brand.currency, compare=True
            ),
            show.chart("home-orders", _("Orders"), ["orders"], daily, period, kind="bar"),
        ],
        list_growth={metric: daily.total(metric, period) for metric in ("customers_created", "subscribed", "unsubscribed")},
        scheduled=[
            (item, reverse("campaigns:campaign-detail", args=[item.pk])) for item in campaigns if item.state == "scheduled"
        ],
        recent=_results([item for item in campaigns if item.launched_at and item.state != "scheduled"][:5]),
        steps=_first_steps(has_campaign=any(item.launched_at for item in campaigns)),
    )


def _tiles(daily: Daily, period: Period, currency: str) -> list[dict[str, Any]]:
    before = period.before
    known = daily.has(before)
    since = _("against the 28 days before") if known else _("last 28 days")

    def simple(metric: str, icon: str, *, short: bool = False) -> dict[str, Any]:
        earlier = daily.value(metric, before) if known else None
        return show.tile(
            metric, daily.value(metric, period), earlier, currency=currency, hint=since, icon=icon, short=short
        )

    repeat_now, repeat_before = figures.repeat(period.last, before.last)
    churn = figures.churn_table(latest=2)
    rate = churn[-1].churn.rate if churn else None
    month = date_format(churn[-1].month, "F Y") if churn else _("after three months of orders")
    return [
        simple("revenue", "banknote", short=True),
        simple("orders", "shopping-bag"),
        simple("aov", "receipt"),
        simple("active_customers", "users"),
        simple("new_customers", "user-plus"),
        show.tile(
            "repeat_rate",
            repeat_now.rate,
            repeat_before.rate if known else None,
            currency="",
            icon="repeat",
            hint=_("of all customers so far"),
        ),
        show.nps_tile(daily, period),
        show.tile(
            "churn",
            rate,
            churn[-2].churn.rate if len(churn) > 1 else None,
            currency="",
            icon="user-minus",
            hint=month,
        ),
    ]


def _waiting(at: datetime) -> list[Problem]:
    """Failed events, jobs that raised, and work that is due for too long. Gauges are read at most twice a minute."""
    url = reverse("customers:watchdog")
    problems = []
    failed = FailedEvent.objects.count()
    if failed:
        text = ngettext(
            "%(count)s event could not be processed and waits until somebody tries again.",
            "%(count)s events could not be processed and wait until somebody tries again.",
            failed,
        ) % {"count": failed}
        problems.append(Problem(text, "bad", url))
    labels = {job.task: job.label for job in jobs.all()}
    for beat in Heartbeat.objects.exclude(error=""):
        text = _("%(job)s failed at its last run.") % {"job": labels.get(beat.job, beat.job)}
        problems.append(Problem(text, "bad", url))
    for label, count, minutes in cache.get_or_set("metrics.late-work", lambda: _late_work(at), 30) or []:
        text = _("%(job)s: %(count)s wait, the oldest for %(time)s.") % {
            "job": label,
            "count": count,
            "time": _duration(minutes),
        }
        problems.append(Problem(text, "warn", url))
    return problems


def _late_work(at: datetime) -> list[tuple[str, int, int]]:
    late = []
    for job in jobs.all():
        due = job.due(at) if job.due else None
        limit = LATE if isinstance(job.every, timedelta) else LATE_NIGHTLY
        if due and due.count and due.oldest_at and at - due.oldest_at > limit:
            late.append((str(job.label), due.count, int((at - due.oldest_at).total_seconds() // 60)))
    return sorted(late, key=lambda item: -item[2])


def _duration(minutes: int) -> str:
    if minutes < 120:
        return _("%(count)s minutes") % {"count": minutes}
    if minutes < 2880:
        return _("%(count)s hours") % {"count": minutes // 60}
    return _("%(count)s days") % {"count": minutes // 1440}


def _reputation(daily: Daily, period: Period) -> list[Problem]:
    """Bounce and spam report rates above what mailbox providers accept."""
    problems = []
    if daily.total("sends", period) < ENOUGH_SENDS:
        return []
    url = reverse("metrics:messages")
    bounced, reported = daily.value("bounce_rate", period), daily.value("complaint_rate", period)
    if bounced and bounced > BOUNCE_LIMIT:
        problems.append(
            Problem(_("%(rate)s of the messages bounced in 28 days.") % {"rate": percent(bounced)}, "warn", url)
        )
    if reported and reported > COMPLAINT_LIMIT:
        text = _("%(rate)s of the messages were reported as spam in 28 days.") % {"rate": percent(reported, 2)}
        problems.append(Problem(text, "bad", url))
    return problems


def _campaigns() -> list[Campaign]:
    """The next scheduled and the last launched campaigns, in one query each."""
    coming = Campaign.objects.filter(state="scheduled").order_by("scheduled_at").select_related("segment")[:5]
    launched = Campaign.objects.filter(launched_at__isnull=False).exclude(state="scheduled").order_by("-launched_at")[:5]
    return [*coming, *launched]


def _results(campaigns: list[Campaign]) -> list[dict[str, Any]]:
    counts = figures.by_sender(f"campaign:{campaign.pk}" for campaign in campaigns)
    rows = []
    for campaign in campaigns:
        found = counts.get(f"campaign:{campaign.pk}", {})
        delivered = found.get("delivered", 0)
        rows.append(
            {
                "campaign": campaign,
                "url": reverse("campaigns:campaign-detail", args=[campaign.pk]),
                "sends": found.get("sends", 0),
                "open_rate": found.get("opens", 0) / delivered if delivered else None,
                "click_rate": found.get("clicks", 0) / delivered if delivered else None,
                "unsubscribes": found.get("unsubscribes", 0),
            }
        )
    return rows


def _first_steps(*, has_campaign: bool) -> list[dict[str, Any]]:
    """The way to the first message; empty once it was walked."""
    has_customers, has_segment = Customer.objects.exists(), Segment.objects.exists()
    if has_customers and has_segment and has_campaign:
        return []
    return [
        {
            "label": _("Bring your customers"),
            "text": _("Import customers and orders from CSV files."),
            "icon": "upload",
            "url": reverse("customers:import-list"),
            "is_done": has_customers,
        },
        {
            "label": _("Describe a group"),
            "text": _("A segment says who, for example everybody who has not ordered for 90 days."),
            "icon": "list-filter",
            "url": reverse("customers:segment-list"),
            "is_done": has_segment,
        },
        {
            "label": _("Send the first message"),
            "text": _("A campaign brings one message to one segment."),
            "icon": "send",
            "url": reverse("campaigns:campaign-list"),
            "is_done": has_campaign,
        },
    ]
