"""What came of a campaign or journey: counts by state and reason, people's reactions, links, revenue beside the holdout."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from campaigns.enums import HANDED_OVER, MessageState, Reason, SourceKind, Visitor
from campaigns.models import Campaign, Engagement, Message
from campaigns.rules.lift import Group, Lift, lift

WINDOW = timedelta(days=7)


@dataclass(slots=True)
class Report:
    """Numbers of one source. Rates are over `sent` (taken by the mail server), None while nothing was sent."""

    planned: int = 0
    waiting: int = 0
    sent: int = 0
    bounced: int = 0
    failed: int = 0
    unknown: int = 0
    cancelled: int = 0
    held_out: int = 0
    skipped: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    states: list[tuple[str, str, int]] = field(default_factory=list)
    reasons: list[tuple[str, int]] = field(default_factory=list)

    def rate(self, count: int) -> float | None:
        return count / self.sent if self.sent else None

    @property
    def open_rate(self) -> float | None:
        return self.rate(self.opened)

    @property
    def click_rate(self) -> float | None:
        return self.rate(self.clicked)

    @property
    def unsubscribe_rate(self) -> float | None:
        return self.rate(self.unsubscribed)

    @property
    def done(self) -> int:
        return self.planned - self.waiting


def report(source_kind: str, source_id: int) -> Report:
    """Counts of one source, from one pass over its messages."""
    mine = Message.objects.filter(source_kind=source_kind, source_id=source_id)
    rows = mine.order_by().values_list("state", "reason").annotate(
        total=Count("id"), opened=Count("opened_at"), clicked=Count("clicked_at"), left=Count("unsubscribed_at")
    )  # fmt: skip
    reasons: dict[str, int] = {}
    found, states = Report(), dict.fromkeys(MessageState, 0)
    for state, reason, total, opened, clicked, left in rows:
        states[MessageState(state)] += total
        if reason and state != MessageState.HOLDOUT:
            reasons[reason] = reasons.get(reason, 0) + total
        found.opened += opened
        found.clicked += clicked
        found.unsubscribed += left
    found.planned = sum(states.values()) - states[MessageState.HOLDOUT]
    found.waiting = sum(
        states[s] for s in (MessageState.PLANNED, MessageState.CLAIMED, MessageState.SENDING, MessageState.DEFERRED)
    )
    found.sent = states[MessageState.SENT] + states[MessageState.DELIVERED] + states[MessageState.BOUNCED]
    found.bounced = states[MessageState.BOUNCED] + reasons.get(Reason.NO_SUCH_MAILBOX, 0)
    found.failed, found.unknown = states[MessageState.FAILED], states[MessageState.UNKNOWN]
    found.cancelled, found.held_out = states[MessageState.CANCELLED], states[MessageState.HOLDOUT]
    found.skipped = states[MessageState.SKIPPED]
    found.states = [(str(state), str(state.label), count) for state, count in states.items() if count]
    found.reasons = [(str(Reason(r).label), n) for r, n in sorted(reasons.items(), key=lambda pair: -pair[1])]
    return found


def links(campaign: Campaign) -> list[dict[str, Any]]:
    """Links of the campaign's version with people who clicked, clicks by people, and clicks by scanners."""
    if campaign.content_version is None:
        return []
    human = Q(engagements__visitor=Visitor.HUMAN)
    rows = campaign.content_version.links.annotate(
        people=Count("engagements__message", filter=human, distinct=True),
        clicks=Count("engagements", filter=human),
        others=Count("engagements", filter=~human & Q(engagements__isnull=False)),
    ).order_by("position")  # fmt: skip
    return [
        {"label": row.label, "url": row.url, "people": row.people, "clicks": row.clicks, "others": row.others}
        for row in rows
    ]


def clicks_by_hour(campaign: Campaign, at: datetime) -> dict[str, list[int]]:
    """Opens and clicks by people in each of the first 48 hours after launch."""
    if campaign.launched_at is None:
        return {}
    start = campaign.launched_at
    hours = min(max(int((at - start).total_seconds() // 3600) + 1, 1), 48)
    found = {"open": [0] * hours, "click": [0] * hours}
    rows = Engagement.objects.filter(
        message__source_kind=SourceKind.CAMPAIGN, message__source_id=campaign.pk, visitor=Visitor.HUMAN,
        kind__in=["open", "click"], at__gte=start, at__lt=start + timedelta(hours=hours),
    ).values_list("kind", "at")  # fmt: skip
    for kind, moment in rows.iterator(chunk_size=5000):
        found[kind][int((moment - start).total_seconds() // 3600)] += 1
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """Orders within seven days after launch, for people who got the message and people held out."""

    reached: Group
    held_out: Group
    lift: Lift | None
    is_over: bool


def outcome(campaign: Campaign, at: datetime) -> Outcome | None:
    """Revenue of both groups in the same seven days; None before launch."""
    if campaign.launched_at is None:
        return None
    end = campaign.launched_at + WINDOW
    kind = "double precision" if connection.vendor == "postgresql" else "real"
    states = ", ".join(f"'{state}'" for state in HANDED_OVER)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT held, count(*), sum(CASE WHEN revenue > 0 THEN 1 ELSE 0 END), sum(revenue),
                   sum(CAST(revenue AS {kind}) * revenue)
            FROM (
                SELECT CASE WHEN m."state" = 'holdout' THEN 1 ELSE 0 END AS held,
                       COALESCE((SELECT sum(o."total_minor") FROM "customers_order" o
                                 WHERE o."customer_id" = m."customer_id" AND o."placed_at" >= %s AND o."placed_at" < %s
                                   AND o."state" <> 'cancelled'), 0) AS revenue
                FROM "campaigns_message" m
                WHERE m."source_kind" = 'campaign' AND m."source_id" = %s AND m."state" IN ({states}, 'holdout')
            ) AS people GROUP BY held
            """,
            [_moment(campaign.launched_at), _moment(end), campaign.pk],
        )
        groups = {held: Group(people, int(buyers or 0), int(revenue or 0), float(squares or 0))
                  for held, people, buyers, revenue, squares in cursor.fetchall()}  # fmt: skip
    nobody = Group(0, 0, 0, 0.0)
    reached, held_out = groups.get(0, nobody), groups.get(1, nobody)
    return Outcome(reached, held_out, lift(reached, held_out), at >= end)


def _moment(value: datetime) -> Any:
    return Message._meta.get_field("sent_at").get_db_prep_value(value, connection)
