"""The nightly check: what changed at the source is fetched, and what no webhook told is taken in the same way."""

import http.client
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from config.kit import vault
from customers.actions import heartbeat
from customers.enums import SourceKind
from customers.models import Connection, Delivery, JobRun, Order, SourceObject, Subscription
from customers.sources.actions import connections, people
from customers.sources.actions.receive import Arrival, store
from customers.sources.adapters import interfaces
from customers.sources.adapters.http import Client
from customers.sources.rules import bodies, reading, shopify

JOB = "customers.reconcile_sources"
OVERLAP = timedelta(days=3)
SHOPIFY_KEEPS = timedelta(days=60)  # orders that an app may read without asking for more
TRIES = 5
BUDGET_SECONDS = 450
Pause = Callable[[float], None]
STOPPED = (interfaces.Refused, interfaces.RateLimited, OSError, http.client.HTTPException, vault.Unreadable)


class OutOfTime(interfaces.Refused):
    """There was more than one run can fetch."""


def nightly(*, at: datetime, calls: Client | None = None, pause: Pause = time.sleep) -> int:
    """Check every active connection that has a token, once per day; returns how many were checked."""
    rows = Connection.objects.filter(is_active=True).exclude(api_token="").order_by("id")
    return sum(check(row, period=at.date().isoformat(), at=at, calls=calls, pause=pause) is not None for row in rows)


def check(
    source: Connection, *, period: str, at: datetime, calls: Client | None = None, pause: Pause = time.sleep
) -> dict[str, Any] | None:
    """Fetch what changed since the last check, three days more, and store what is missing; the summary, by kind.

    None when this period was checked already. A check that could not finish says why on the page, and the next one starts
    where the last finished one stood.
    """
    name = f"{period}:{source.pk}"
    if not heartbeat.claim_period(JOB, period=name, at=at):
        return None
    summary: dict[str, Any] = {"connection": source.name}
    problem = ""
    try:
        fetch = _Fetch(source, calls or interfaces.client(), pause)
        listed = _stripe(source, fetch, at) if source.kind == SourceKind.STRIPE else _shopify(source, fetch, at)
        for kind, found, missing in listed:
            summary[kind] = summary.get(kind, 0) + found
            summary["missing"] = summary.get("missing", 0) + len(missing)
            store(source, missing, at=at)
    except STOPPED as error:
        problem = str(error)[:300] or type(error).__name__
        summary["stopped"] = problem
    Connection.objects.filter(pk=source.pk).update(problem=problem, **({} if problem else {"reconciled_until": at}))
    JobRun.objects.filter(job=JOB, period=name).update(finished_at=at, summary=summary)
    return summary


class _Fetch:
    """Pages of one connection, with pauses where the source asks for them."""

    def __init__(self, source: Connection, calls: Client, pause: Pause) -> None:
        self.source, self.calls, self.pause = source, calls, pause
        self.token = connections.api_token(source)
        self.end = time.monotonic() + BUDGET_SECONDS

    def pages(self, path: str) -> Iterator[list[dict[str, Any]]]:
        for page in interfaces.pages(path, self._page):
            yield page.objects

    def _page(self, path: str) -> interfaces.Page:
        for attempt in range(1, TRIES + 1):
            if time.monotonic() > self.end:
                raise OutOfTime("There was more to fetch than one check can; the next one goes on.")
            try:
                if self.source.kind == SourceKind.STRIPE:
                    return interfaces.stripe_page(self.calls, path, self.token)
                return interfaces.shopify_page(self.calls, self.source.account, path, self.token)
            except interfaces.RateLimited as error:
                if attempt == TRIES:
                    raise
                self.pause(error.seconds)
        raise AssertionError("unreachable")


Found = tuple[str, int, list[Arrival]]


def _stripe(source: Connection, fetch: _Fetch, at: datetime) -> Iterator[Found]:
    oldest = at - interfaces.STRIPE_KEEPS
    since = max((source.reconciled_until or oldest) - OVERLAP, oldest)
    for page in fetch.pages(interfaces.stripe_path("events", since=since)):
        events = [_event(event, at) for event in page]
        yield "events", len(page), _unknown(source, [event for event in events if event])
    for page in fetch.pages(interfaces.stripe_path("payment_intents", since=since)):
        yield "payments", len(page), _payments(page, at)
    if source.reconciled_until is None:
        for page in fetch.pages(interfaces.stripe_path("customers", since=None)):
            yield "customers", len(page), _customers(source, page, at)
        for page in fetch.pages(interfaces.stripe_path("subscriptions", since=None)):
            yield "subscriptions", len(page), _subscriptions(page, oldest)


def _event(event: dict[str, Any], at: datetime) -> Arrival | None:
    plain = bodies.clean(event)
    number = reading.text(plain, "id", 110)
    return Arrival(number, reading.text(plain, "type", 80), plain, reading.unix(plain, "created") or at) if number else None


def _unknown(source: Connection, arrivals: Iterable[Arrival]) -> list[Arrival]:
    listed = list(arrivals)
    rows = Delivery.objects.filter(connection=source, external_id__in=[arrival.external_id for arrival in listed])
    known = set(rows.values_list("external_id", flat=True))
    return [arrival for arrival in listed if arrival.external_id not in known]


def _pulled(kind: str, obj: dict[str, Any], moment: datetime, topic: str) -> Arrival:
    """An object in the shape of the event that would have told it."""
    plain = bodies.clean(obj)
    number = f"pull:{reading.identifier(plain, 'id')[:70]}:{bodies.digest(plain)[:16]}"
    event = {
        "id": number, "object": "event", "type": topic, "api_version": interfaces.STRIPE_VERSION,
        "created": int(moment.timestamp()), "data": {"object": {"object": kind, **plain}},
    }  # fmt: skip
    return Arrival(number, topic, event, moment)


def _payments(page: list[dict[str, Any]], at: datetime) -> list[Arrival]:
    """One-off payments that are no order here yet; payments of newer versions say only here that they pay no invoice."""
    paid = [obj for obj in page if obj.get("status") == "succeeded" and "invoice" in obj and not obj["invoice"]]
    numbers = [reading.identifier(obj, "id") for obj in paid]
    known = set(Order.objects.filter(number__in=numbers).values_list("number", flat=True))
    return [
        _pulled("payment_intent", obj, reading.unix(obj, "created") or at, "payment_intent.succeeded")
        for obj, number in zip(paid, numbers, strict=True)
        if number and number not in known
    ]


def _customers(source: Connection, page: list[dict[str, Any]], at: datetime) -> list[Arrival]:
    ids = [reading.identifier(obj, "id") for obj in page]
    known = people.ids_of(source, [number for number in ids if number])
    return [
        _pulled("customer", obj, at, "customer.updated") for obj, number in zip(page, ids, strict=True)
        if number and number not in known
    ]  # fmt: skip


def _subscriptions(page: list[dict[str, Any]], oldest: datetime) -> list[Arrival]:
    """Subscriptions that began before the events that Stripe still has: as they stand now, dated at their start."""
    ids = [reading.identifier(obj, "id") for obj in page]
    known = set(Subscription.objects.filter(reference__in=ids).values_list("reference", flat=True))
    found = []
    for obj, number in zip(page, ids, strict=True):
        start = reading.unix(obj, "start_date") or reading.unix(obj, "created")
        if number and number not in known and start is not None and start < oldest:
            found.append(_pulled("subscription", obj, start, "customer.subscription.created"))
    return found


def _shopify(source: Connection, fetch: _Fetch, at: datetime) -> Iterator[Found]:
    since = (source.reconciled_until or at - SHOPIFY_KEEPS + OVERLAP) - OVERLAP
    for kind, topic in (("customers", "customers/update"), ("orders", "orders/updated")):
        for page in fetch.pages(interfaces.shopify_path(kind, since=since)):
            yield kind, len(page), _unknown(source, _changed(source, kind, topic, page, at))


def _changed(source: Connection, kind: str, topic: str, page: list[dict[str, Any]], at: datetime) -> Iterator[Arrival]:
    """Objects that are newer than what was taken in of them."""
    plain = [bodies.clean(obj) for obj in page]
    own = "customer" if kind == "customers" else "order"
    ids = {reading.identifier(obj, "id"): obj for obj in plain if reading.identifier(obj, "id")}
    names = {(number if own == "customer" else shopify.order_number(number)): number for number in ids}
    rows = SourceObject.objects.filter(connection=source, kind=own, external_id__in=sorted(names))
    versions = {names[row.external_id]: row.version_at for row in rows}
    for number, obj in ids.items():
        moment = shopify.occurred_at(obj) or at
        if number not in versions or versions[number] < moment:
            stamp = int(moment.astimezone(UTC).timestamp())
            yield Arrival(f"pull:{own}:{number}:{stamp}"[:120], topic, obj, moment)
