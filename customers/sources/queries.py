"""Reading connections and their logs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from config.kit import vault
from customers.enums import DeliveryState, SourceKind
from customers.models import Connection, Delivery, JobRun
from customers.ports.jobs import Due
from customers.sources.rules import shopify, stripe
from customers.sources.rules.signatures import SIGNING, TOKEN

CHECK = "customers.reconcile_sources"
TROUBLE = (DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.FAILED)


def due(at: datetime) -> Due:
    """Webhooks whose time has come and that nobody has taken in."""
    waiting = Delivery.objects.filter(due_at__lte=at, connection__is_active=True)
    found = waiting.aggregate(count=Count("id"), oldest=Min("due_at"))
    return Due(found["count"], found["oldest"])


@dataclass(frozen=True, slots=True)
class Health:
    """How a connection is doing."""

    connection: Connection
    last_received_at: datetime | None
    waiting: int
    held: int
    failed: int
    state: str  # "good", "quiet", "trouble", "paused"


def health(rows: Iterable[Connection]) -> list[Health]:
    """The health of connections, in two queries and one look at the newest webhook of each."""
    listed = list(rows)
    counted: Any = (
        Delivery.objects.filter(connection__in=listed, state__in=TROUBLE)
        .order_by()
        .values("connection")
        .annotate(
            waiting=Count("id", filter=Q(state=DeliveryState.PENDING)),
            held=Count("id", filter=Q(state=DeliveryState.HELD)),
            failed=Count("id", filter=Q(state=DeliveryState.FAILED)),
        )
    )
    by_id = {row["connection"]: row for row in counted}
    return [_health(row, by_id.get(row.pk, {})) for row in listed]


def _health(row: Connection, counts: dict[str, Any]) -> Health:
    newest = Delivery.objects.filter(connection=row).order_by("-id").values_list("received_at", flat=True).first()
    failed = counts.get("failed", 0)
    state = "trouble" if failed or row.problem else "good" if newest else "quiet"
    return Health(
        row, newest, counts.get("waiting", 0), counts.get("held", 0), failed, state if row.is_active else "paused"
    )


def log(connection: Connection, *, state: str = "", topic: str = "", text: str = "") -> QuerySet[Delivery]:
    """Webhooks of a connection, newest first; the payloads stay in the database."""
    rows = Delivery.objects.filter(connection=connection).defer("payload").order_by("-id")
    if state in DeliveryState.values:
        rows = rows.filter(state=state)
    if topic:
        rows = rows.filter(topic=topic)
    if text:
        rows = rows.filter(Q(external_id=text) | Q(subject=text))
    return rows


def last_checks(connection: Connection) -> list[JobRun]:
    """The latest checks with the source, newest first."""
    return list(JobRun.objects.filter(job=CHECK, period__endswith=f":{connection.pk}").order_by("-id")[:5])


def topics(kind: str) -> tuple[str, ...]:
    """The topics to subscribe to."""
    return stripe.TOPICS if kind == SourceKind.STRIPE else shopify.TOPICS


def masked(connection: Connection) -> dict[str, str]:
    """What may be shown of the secrets: that they are there, and that they can still be read."""
    return {
        "signing_secret": _mask(connection.signing_secret, SIGNING),
        "api_token": _mask(connection.api_token, TOKEN),
    }


def _mask(stored: str, purpose: str) -> str:
    if not stored:
        return ""
    try:
        vault.decrypt(purpose, stored)
    except vault.Unreadable as error:
        return str(error)
    return "••••••••"


def pretty(payload: Any) -> str:
    """A payload as text for people."""
    return json.dumps(payload, indent=2, ensure_ascii=False, sort_keys=False)[:200_000]
