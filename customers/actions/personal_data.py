"""What the first floor does with a person's rows on export, erasure and merge."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import F, Max, Min, Model, Q, Sum
from django.utils.translation import gettext as _

from config.kit import sql
from customers.actions import consent
from customers.commerce.actions import movements
from customers.enums import ChangeCause, MovementKind, SegmentKind, SuppressionReason
from customers.models import (
    Consent,
    ConsentChange,
    Customer,
    CustomerFacts,
    CustomerMerge,
    CustomerNote,
    CustomerPersona,
    CustomerStanding,
    DataRequest,
    Event,
    EventAggregate,
    FailedEvent,
    Identity,
    MrrMovement,
    OptIn,
    Order,
    PendingEvent,
    Preference,
    Refund,
    Segment,
    SegmentChange,
    SegmentMembership,
    SegmentTouch,
    StageChange,
    Subscription,
    SubscriptionChange,
    Suppression,
)
from customers.ports import event_types
from customers.ports.personal_data import Part, PersonalData, Table, register
from customers.privacy.actions import traces
from customers.rules import addresses
from customers.segments.queries import index

OWN: tuple[type[Model], ...] = (
    CustomerFacts, Identity, CustomerNote, Order, Refund, Subscription, MrrMovement, Consent, ConsentChange, Preference,
    OptIn, Suppression, DataRequest, SegmentMembership, SegmentChange, StageChange, CustomerPersona, CustomerStanding,
    Event, EventAggregate,
)  # fmt: skip
DELETED: tuple[type[Model], ...] = (
    Identity, CustomerNote, Consent, Preference, OptIn, CustomerPersona, CustomerStanding,
)  # fmt: skip
MOVED: tuple[type[Model], ...] = (
    Order, Refund, Subscription, ConsentChange, Suppression, SegmentChange, Event, StageChange, OptIn, DataRequest,
    CustomerNote,
)  # fmt: skip
TABLES = (
    *(Table(model, is_moved=True) for model in MOVED),
    Table(CustomerMerge, ("into",), is_moved=True),
    Table(Segment, ("memberships__customer",), counters=("member_count",)),
    Table(SegmentMembership, is_state=True),
    Table(CustomerPersona, is_state=True),
    Table(CustomerStanding, is_state=True),
    Table(Consent, is_state=True),
    Table(Preference, is_state=True),
    Table(MrrMovement),
    Table(CustomerFacts, counters=("order_count", "revenue_minor", "refunded_minor", "event_count")),
    Table(EventAggregate, counters=("count",)),
)
PROFILE: dict[str, Any] = {
    "external_id": None, "email": "", "phone": "", "first_name": "", "last_name": "", "city": "", "company": "",
    "born_on": None,
    "attributes": {}, "industry": "", "persona": "", "locale": "", "timezone": "", "acquisition_channel": "",
}  # fmt: skip


def _others() -> tuple[type[Model], ...]:
    """Working tables of segments that name a customer (who must be looked at again); they hold no facts about a person."""
    found = []
    for model in apps.get_app_config("customers").get_models():
        keys = [field for field in model._meta.fields if field.related_model is Customer]
        if keys and model not in (*OWN, CustomerMerge):
            found.append(model)
    return tuple(found)


Plain = dict[str, Any]


def _rows(rows: Any) -> list[Plain]:
    return [dict(row) for row in rows]


def _stream(rows: Any) -> Iterator[Plain]:
    yield from rows.iterator(chunk_size=2000)


def export(customer_id: int) -> dict[str, Iterable[Plain]]:
    """The profile and every row about a customer, by table; long tables as iterators."""
    tables: dict[str, Iterable[Plain]] = {
        "customer": _rows(Customer.objects.filter(pk=customer_id).values(*_columns(Customer))),
        "order_lines": _rows(
            Order.objects.filter(customer_id=customer_id, lines__isnull=False).values(
                "number", "lines__product__sku", "lines__quantity", "lines__unit_minor"
            )
        ),
        "subscription_changes": _rows(
            SubscriptionChange.objects.filter(subscription__customer_id=customer_id)
            .order_by("subscription_id", "changed_at")
            .values("subscription__reference", "changed_at", "status", "plan", "quantity", "mrr_minor", "reason")
        ),
        "merges": _rows(CustomerMerge.objects.filter(into_id=customer_id).values("from_number", "merged_at", "source")),
    }
    for model in OWN:
        rows = model._default_manager.filter(customer_id=customer_id).order_by("pk").values(*_columns(model))
        tables[model._meta.model_name or ""] = _stream(rows) if model is Event else _rows(rows)
    return tables


# What is kept for machines or says nothing about the person: keys of links, colleagues' numbers, text made for the search.
NOT_EXPORTED = {"customer_id", "fingerprint", "address_hash", "requested_by_id", "author_id", "file", "search", "key"}


def _columns(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields if field.attname not in NOT_EXPORTED]


def erase(customer_id: int, at: datetime) -> None:
    """Make the person unrecognisable: profile emptied, address blocked for good by its hash, consent withdrawn.

    Orders, refunds, subscriptions and the changes of consent (the proof) stay without what could name the person. Other
    events go; their keys are remembered, so that no replay brings them back.
    """
    with transaction.atomic():
        customer = Customer.objects.get(pk=customer_id)
        for channel, column in addresses.FIELDS.items():
            if address := getattr(customer, column):
                reason = SuppressionReason.ERASED
                consent.suppress(channel=channel, address=address, reason=reason, at=at, customer_id=customer_id)
        Suppression.objects.filter(customer_id=customer_id).update(customer=None)
        for model in DELETED:
            model._default_manager.filter(customer_id=customer_id).delete()
        DataRequest.objects.filter(customer_id=customer_id).update(error="")
        ConsentChange.objects.filter(customer_id=customer_id).update(client_address="", user_agent="", requested_from="")
        Subscription.objects.filter(customer_id=customer_id).exclude(source="").update(source="")
        _forget_memberships(customer_id, at)
        _erase_events(customer_id)
        blank = PROFILE | {name: "" for name in ("search_text",) if name in _columns(Customer)}
        Customer.objects.filter(pk=customer_id).update(**blank, updated_at=at)
        _touch([customer_id], at)


def _forget_memberships(customer_id: int, at: datetime) -> None:
    """Lists lose the person, untold. Segments of rules look again: a member who still fits would enter a second time."""
    mine = SegmentMembership.objects.filter(customer_id=customer_id, segment__kind=SegmentKind.STATIC)
    left = list(mine.order_by("segment_id").values_list("segment_id", "segment__version"))
    SegmentChange.objects.bulk_create(
        SegmentChange(
            segment_id=segment_id, customer_id=customer_id, entered=False, version=version, changed_at=at,
            cause=ChangeCause.LIST,
        )
        for segment_id, version in left
    )  # fmt: skip
    ids = [segment_id for segment_id, _ in left]
    Segment.objects.filter(id__in=ids, member_count__gt=0).update(member_count=F("member_count") - 1)
    mine.delete()


def _erase_events(customer_id: int) -> None:
    """Bookings of commerce keep what the catalogue knows of them (numbers and ids); everything else is deleted."""
    mine = Event.objects.filter(customer_id=customer_id)
    kept = Q(name__startswith="order.") | Q(name__startswith="subscription.")
    gone = mine.exclude(kept)
    traces.spend(gone.values_list("key", flat=True).iterator(chunk_size=2000))
    PendingEvent.objects.filter(event__in=gone).delete()
    FailedEvent.objects.filter(event__in=mine).delete()
    gone._raw_delete(gone.db)
    changed = []
    for event in mine.filter(kept).only("name", "properties", "source").iterator(chunk_size=2000):
        known = event_types.get(event.name).properties if event_types.registry.has(event.name) else {}
        properties = {key: value for key, value in event.properties.items() if key in known}
        changed.append((event.pk, properties))
        if len(changed) == 2000:
            _write_properties(changed)
            changed = []
    _write_properties(changed)
    EventAggregate.objects.filter(customer_id=customer_id).exclude(kept).delete()
    left = EventAggregate.objects.filter(customer_id=customer_id).aggregate(
        count=Sum("count"), first=Min("first_at"), last=Max("last_at")
    )
    CustomerFacts.objects.filter(customer_id=customer_id).update(
        event_count=left["count"] or 0, first_seen_at=left["first"], last_seen_at=left["last"]
    )


def _write_properties(rows: list[tuple[int, Plain]]) -> None:
    sql.update_many(Event, "id", ["properties"], rows)


def merge(from_id: int, into_id: int, at: datetime) -> None:
    """Move every row of one customer to another; counters are added up, the later answer of a consent wins.

    The counters are locked before they are read: a worker that is adding to them is waited for, not overlooked.
    """
    with transaction.atomic():
        for model in MOVED:
            model._default_manager.filter(customer_id=from_id).update(customer_id=into_id)
        CustomerMerge.objects.filter(into_id=from_id).update(into_id=into_id)
        _merge_memberships(from_id, into_id)
        _merge_personas(from_id, into_id)
        _merge_standings(from_id, into_id)
        _merge_consents(from_id, into_id)
        _merge_preferences(from_id, into_id)
        _merge_movements(from_id, into_id)
        _add_up(from_id, into_id)
        if SubscriptionChange.objects.filter(subscription__customer_id=into_id).exists():
            movements.rebuild([into_id], at=at)
        _touch([into_id], at)


def unmerge(kept: dict[str, Any], from_id: int, into_id: int, at: datetime) -> None:
    """What is derived from the rows that went back is counted anew."""
    if SubscriptionChange.objects.filter(subscription__customer_id__in=(from_id, into_id)).exists():
        movements.rebuild([from_id, into_id], at=at)
    _touch([from_id, into_id], at)


def _touch(customer_ids: list[int], at: datetime) -> None:
    """Every segment looks at these customers again: one touch each, by an event that it asks about."""
    names = {min(live.names) for live in index.live() if live.names}
    SegmentTouch.objects.bulk_create(
        [SegmentTouch(customer_id=i, name=name, touched_at=at) for i in customer_ids for name in sorted(names)]
    )


def _merge_memberships(from_id: int, into_id: int) -> None:
    mine = SegmentMembership.objects.filter(customer_id=from_id)
    twice = list(
        mine.filter(segment__memberships__customer_id=into_id).order_by("segment_id").values_list("segment_id", flat=True)
    )
    Segment.objects.filter(id__in=twice, member_count__gt=0).update(member_count=F("member_count") - 1)
    mine.filter(segment_id__in=twice).delete()
    SegmentMembership.objects.filter(customer_id=from_id).update(customer_id=into_id)


def _merge_personas(from_id: int, into_id: int) -> None:
    known = list(CustomerPersona.objects.filter(customer_id=into_id).values_list("persona_id", flat=True))
    CustomerPersona.objects.filter(customer_id=from_id, persona_id__in=known).delete()
    CustomerPersona.objects.filter(customer_id=from_id).update(customer_id=into_id)


def _merge_standings(from_id: int, into_id: int) -> None:
    """Derived: the target's stays and is counted anew with the events of both."""
    if CustomerStanding.objects.filter(customer_id=into_id).exists():
        CustomerStanding.objects.filter(customer_id=from_id).delete()
    CustomerStanding.objects.filter(customer_id=from_id).update(customer_id=into_id)


def _merge_consents(from_id: int, into_id: int) -> None:
    own = {(row.topic_id, row.channel): row for row in sql.for_update(Consent.objects.filter(customer_id=into_id))}
    for row in sql.for_update(Consent.objects.filter(customer_id=from_id)):
        mine = own.get((row.topic_id, row.channel))
        if mine is None:
            Consent.objects.filter(pk=row.pk).update(customer_id=into_id)
            continue
        if row.changed_at > mine.changed_at:
            Consent.objects.filter(pk=mine.pk).update(state=row.state, changed_at=row.changed_at)
        row.delete()


def _merge_preferences(from_id: int, into_id: int) -> None:
    """The later wish of the two stays."""
    rows = {row.customer_id: row for row in sql.for_update(Preference.objects.filter(customer_id__in=[from_id, into_id]))}
    old, new = rows.get(from_id), rows.get(into_id)
    if old is None:
        return
    if new is None or old.changed_at > new.changed_at:
        Preference.objects.filter(pk=into_id).delete()
        Preference.objects.filter(pk=from_id).update(customer_id=into_id)
    else:
        old.delete()


def _merge_movements(from_id: int, into_id: int) -> None:
    """MRR of two is one MRR now: movements of a day are netted, and what is new, churn or reactivation is named again."""
    rows = list(sql.for_update(MrrMovement.objects.filter(customer_id__in=[from_id, into_id]).order_by("local_day", "id")))
    if all(row.customer_id == into_id for row in rows):
        return
    by_day: dict[date, list[MrrMovement]] = {}
    for row in rows:
        by_day.setdefault(row.local_day, []).append(row)
    joined, before, was_paying = [], 0, False
    for day, parts in sorted(by_day.items()):
        after = before + sum(part.amount_minor for part in parts)
        if after != before:
            last = max(parts, key=lambda part: abs(part.amount_minor))
            joined.append(
                MrrMovement(
                    customer_id=into_id, local_day=day, kind=_kind(before, after, was_paying),
                    amount_minor=after - before, before_minor=before, after_minor=after, currency=last.currency,
                    reason=last.reason,
                )
            )  # fmt: skip
        before, was_paying = after, was_paying or after > 0
    MrrMovement.objects.filter(pk__in=[row.pk for row in rows]).delete()
    MrrMovement.objects.bulk_create(joined)


def _kind(before: int, after: int, was_paying: bool) -> MovementKind:
    """The words of `rules/metrics.md` 3.3 for a movement from one MRR to another."""
    if before == 0:
        return MovementKind.REACTIVATION if was_paying else MovementKind.NEW
    if after == 0:
        return MovementKind.CHURN
    return MovementKind.EXPANSION if after > before else MovementKind.CONTRACTION


def _add_up(from_id: int, into_id: int) -> None:
    add, least, greatest = (
        ["order_count", "revenue_minor", "refunded_minor", "event_count"],
        ["first_order_at", "first_seen_at"],
        ["last_order_at", "last_seen_at"],
    )
    facts = sql.for_update(CustomerFacts.objects.filter(customer_id=from_id)).values_list(*add, *least, *greatest)
    rows = [(into_id, *row) for row in facts]
    sql.add_up(CustomerFacts, key=["customer"], add=add, least=least, greatest=greatest, rows=rows)
    own = sql.for_update(EventAggregate.objects.filter(customer_id=from_id).order_by("name"))
    sql.add_up(
        EventAggregate,
        key=["customer", "name"],
        add=["count"],
        least=["first_at"],
        greatest=["last_at"],
        rows=[(into_id, *row) for row in own.values_list("name", "count", "first_at", "last_at")],
    )
    CustomerFacts.objects.filter(customer_id=from_id).delete()
    EventAggregate.objects.filter(customer_id=from_id).delete()


def count(customer_id: int) -> list[Part]:
    """What a customer owns on this floor."""
    parts = [(_("Orders"), Order), (_("Subscriptions"), Subscription), (_("Events"), Event), (_("Notes"), CustomerNote),
             (_("Segments"), SegmentMembership), (_("Answers about consent"), ConsentChange)]  # fmt: skip
    found = []
    for label, model in parts:
        rows: Any = model._default_manager
        found.append(Part(label, rows.filter(customer_id=customer_id).count()))
    return found


def warn(from_id: int, into_id: int) -> list[str]:
    """What staff should know before they merge two customers."""
    found = []
    own = {(row.topic_id, row.channel): row.state for row in Consent.objects.filter(customer_id=into_id)}
    theirs = Consent.objects.filter(customer_id=from_id)
    if any(own.get((row.topic_id, row.channel), row.state) != row.state for row in theirs):
        found.append(_("They answered differently about consent: the later answer of each topic counts."))
    if Suppression.objects.filter(customer_id__in=(from_id, into_id)).exists():
        found.append(_("One of them may not be written to. That stays."))
    return found


def register_all() -> None:
    register(
        PersonalData(
            "customers", (*OWN, CustomerMerge, *_others()), export, erase, merge, tables=TABLES, unmerge=unmerge,
            count=count, warn=warn,
            erased="Name, addresses, attributes, ids, notes, events, consent, segments; copies in uploads and webhooks.",
            stays="Orders, refunds and subscriptions without a name (books, tax law); the proof of consent without a name; "
            "a keyed hash of each address, so that it is never written to again.",
        )
    )  # fmt: skip
