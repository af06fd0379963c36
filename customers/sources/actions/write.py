"""Writing what a batch of webhooks says, each kind of fact in one set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from config.kit import sql
from config.kit.clock import local_day
from customers.actions.timeline import event_key
from customers.commerce.actions.orders import NewLine, NewOrder, NewRefund, cancel_many, place_many, refund_many
from customers.commerce.actions.subscriptions import SubscriptionState, record_states
from customers.commerce.actions.values import Result
from customers.enums import DeliveryState, SourceKind
from customers.models import Connection, Delivery, Order, SourceObject
from customers.queries import brand
from customers.sources.actions import people, requests, wishes
from customers.sources.rules import facts, shopify, stripe
from customers.sources.rules.facts import Fact, Missing, Reading, Unusable

HELD = "held:"
WORST = {DeliveryState.FAILED: 4, DeliveryState.PENDING: 3, DeliveryState.HELD: 2, DeliveryState.DONE: 1}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one webhook. `arrived` names what others may have been waiting for."""

    state: str
    reason: str = ""
    waits_for: str = ""
    subject: str = ""
    gives_up: bool = False
    is_for_staff: bool = False
    arrived: frozenset[str] = frozenset()


@dataclass(slots=True)
class Item:
    """One webhook on its way: what it says, and what went wrong so far."""

    PATIENCE = 7  # tries before one stops waiting for what may never come: three and a half days

    row: Delivery
    reading: Reading = field(default_factory=Reading)
    problem: Outcome | None = None
    notes: list[str] = field(default_factory=list)
    arrived: set[str] = field(default_factory=set)

    def stop(self, state: str, reason: str, waits_for: str = "", *, gives_up: bool = False) -> None:
        """Note a problem; the worst one counts."""
        found = Outcome(state, reason, waits_for, gives_up=gives_up)
        if self.problem is None or WORST.get(DeliveryState(state), 0) > WORST.get(DeliveryState(self.problem.state), 0):
            self.problem = found

    @property
    def is_impatient(self) -> bool:
        return self.row.attempts + 1 >= self.PATIENCE


class Batch:
    """The webhooks of one connection that are taken in together."""

    def __init__(self, source: Connection, rows: Sequence[Delivery], at: datetime) -> None:
        self.source, self.at = source, at
        self.items = [Item(row) for row in rows]
        self.customers: dict[str, int] = {}
        self.zone = brand.current().timezone

    def run(self) -> None:
        """Read everything, then write it kind by kind."""
        self._read()
        self._people()
        self._orders()
        self._refunds()
        self._cancellations()
        self._subscriptions()
        wishes.record(self._of(facts.Answer), self.customers, source=self.source.kind)
        requests.create(self._of(facts.Asked), self.source, at=self.at)

    def outcomes(self) -> dict[int, Outcome]:
        """What became of each webhook, by its row."""
        return {item.row.pk: self._outcome(item) for item in self.items}

    def _outcome(self, item: Item) -> Outcome:
        reading = item.reading
        if item.problem is not None:
            found = item.problem
        elif reading.staff:
            found = Outcome(DeliveryState.HELD, reading.staff, is_for_staff=True)
        elif reading.nothing:
            found = Outcome(DeliveryState.IGNORED, reading.nothing)
        else:
            found = Outcome(DeliveryState.DONE, " ".join([*reading.notes, *item.notes]))
        return replace(found, subject=reading.subject, arrived=frozenset(item.arrived))

    def _of(self, kind: type[Any]) -> list[tuple[Item, Any]]:
        """The facts of a kind in webhooks that are all right so far, oldest webhook first."""
        chosen = [item for item in self.items if item.problem is None]
        chosen.sort(key=lambda item: (item.row.occurred_at, item.row.external_id))
        return [(item, fact) for item in chosen for fact in item.reading.facts if isinstance(fact, kind)]

    # --- Reading --------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        is_stripe = self.source.kind == SourceKind.STRIPE
        named: set[str] = set()
        if is_stripe:
            named = {found for item in self.items for found in stripe.discount_ids(item.row.payload)}
        coupons = self._coupons(named)
        pending: list[Item] = []
        for item in self.items:
            self._read_one(item, coupons)
            if item.problem is not None and item.problem.waits_for.startswith("discount:"):
                pending.append(item)
        found = {fact.discount_id: fact for _, fact in self._of(facts.Coupon)}
        if not found:
            return
        rows = [("discount", key, fact.version, dict(fact.facts)) for key, fact in found.items()]
        remember(self.source, rows)
        for item, fact in self._of(facts.Coupon):
            item.arrived.add(f"discount:{fact.discount_id}")
        for item in pending:
            item.problem = None
            self._read_one(item, {**coupons, **{key: fact.facts for key, fact in found.items()}})

    def _coupons(self, ids: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        return {row.external_id: row.facts for row in known(self.source, "discount", ids)}

    def _read_one(self, item: Item, coupons: Mapping[str, Mapping[str, Any]]) -> None:
        row = item.row
        try:
            if not row.payload:
                item.reading = Reading(subject=row.subject, nothing="Its contents are gone: erased, or kept long enough.")
                return
            if "unreadable_body" in row.payload:
                raise Unusable("The body is not a JSON object.")
            if self.source.kind == SourceKind.STRIPE:
                item.reading = stripe.read(row.topic, row.payload, coupons)
            else:
                item.reading = shopify.read(row.topic, row.payload, row.occurred_at)
        except Unusable as error:
            item.stop(DeliveryState.FAILED, str(error))
        except Missing as error:
            item.stop(DeliveryState.HELD, error.reason, error.waits_for)

    # --- People ---------------------------------------------------------------------------------------------------------

    def _people(self) -> None:
        listed = self._of(facts.Person)
        bare = self._bare()
        result = people.write([fact for _, fact in listed] + bare, self._named(), self.source, at=self.at)
        self.customers = result.customers
        for item in self.items:
            for key in self._needs(item):
                if key in result.erased:
                    item.stop(DeliveryState.IGNORED, "This person was erased on request and is not taken in again.")
                elif key not in self.customers:
                    text = "The customer is not here yet. It goes on when a webhook about the customer arrives."
                    item.stop(DeliveryState.HELD, text, f"customer:{key}")
        for item, fact in listed:
            item.arrived.add(f"customer:{people.key_of(fact)}")
        for item in self.items:
            if item.problem is None and item.is_impatient:
                item.arrived |= {f"customer:{fact.source_id}" for fact in bare}

    def _needs(self, item: Item) -> set[str]:
        found = set()
        for fact in item.reading.facts:
            if isinstance(fact, facts.Person):
                found.add(people.key_of(fact))
            elif isinstance(fact, facts.Contract):
                found.add(fact.source_id)
        return found

    def _named(self) -> set[str]:
        return {key for item in self.items for key in self._needs(item)}

    def _bare(self) -> list[facts.Person]:
        """Customers of whom nothing but the id ever came, although their subscription waited for days."""
        waited = [(item, fact) for item, fact in self._of(facts.Contract) if item.is_impatient and item.row.waits_for]
        return [facts.Person(fact.source_id, item.row.occurred_at) for item, fact in waited]

    def _customer(self, person: facts.Person) -> int:
        return self.customers[people.key_of(person)]

    # --- Orders ---------------------------------------------------------------------------------------------------------

    def _orders(self) -> None:
        listed = self._of(facts.PaidOrder)
        if not listed:
            return
        first: dict[str, facts.PaidOrder] = {}
        for _, order in listed:
            first.setdefault(order.number, order)
        here = _orders_here(first)
        new = [order for number, order in first.items() if number not in here]
        result = place_many([self._order(order) for order in new], at=self.at)
        if self.source.kind == SourceKind.SHOPIFY:
            seen = [(order, item.row.occurred_at) for item, order in listed]
            remember(self.source, [("order", o.number, moment, {"has_tax_inside": o.has_tax_inside}) for o, moment in seen])
        for item, order in listed:
            _tell(item, order.number, result, waits_for="rate")
            if item.problem is None:
                item.arrived.add(f"order:{order.number}")

    def _order(self, order: facts.PaidOrder) -> NewOrder:
        lines = tuple(NewLine(line.sku, line.quantity, line.unit_minor, line.name, line.category) for line in order.lines)
        return NewOrder(
            self._customer(order.person), order.number, order.placed_at, order.currency, order.total_minor, lines,
            order.discount_minor, self.source.kind,
        )  # fmt: skip

    def _refunds(self) -> None:
        listed = self._of(facts.MoneyBack)
        if not listed:
            return
        first: dict[str, facts.MoneyBack] = {}
        for _, refund in listed:
            first.setdefault(refund.number, refund)
        numbers = {refund.order_number for refund in first.values()}
        taxed = {row.external_id for row in known(self.source, "order", numbers) if row.facts.get("has_tax_inside")}
        new = []
        for refund in first.values():
            amount = refund.amount_minor - (refund.tax_minor if refund.order_number in taxed else 0)
            if amount > 0:
                new.append(
                    NewRefund(refund.number, refund.refunded_at, amount, refund.currency,
                              order_number=refund.order_number, source=self.source.kind)
                )  # fmt: skip
        result = refund_many(new, at=self.at)
        for item, refund in listed:
            _tell(item, refund.number, result, waits_for=f"order:{refund.order_number}", gives_up=True)

    def _cancellations(self) -> None:
        listed = self._of(facts.Cancelled)
        if not listed:
            return
        moments = {fact.number: fact.at for _, fact in reversed(listed)}
        result = cancel_many(moments, source=self.source.kind, at=self.at)
        for item, fact in listed:
            _tell(item, fact.number, result, waits_for=f"order:{fact.number}", gives_up=True)

    # --- Subscriptions --------------------------------------------------------------------------------------------------

    def _subscriptions(self) -> None:
        listed = self._of(facts.Contract)
        terms = []
        for item, contract in listed:
            if contract.term:
                name = f"{contract.reference}:{contract.term}"
                terms.append(("term", name, contract.changed_at, _kept(contract)))
                item.arrived.add(f"term:{name}")
        remember(self.source, terms)
        states = [(item, self._state(contract)) for item, contract in listed]
        states += self._renewals()
        if not states:
            return
        states.sort(key=lambda pair: (pair[1].reference, pair[1].changed_at))
        result = record_states([state for _, state in states], at=self.at)
        for item, state in states:
            _tell(item, state.reference, result, waits_for="rate")

    def _state(self, contract: facts.Contract) -> SubscriptionState:
        return SubscriptionState(
            customer_id=self.customers[contract.source_id], reference=contract.reference, status=contract.status,
            mrr_minor=contract.mrr_minor, currency=contract.currency, changed_at=contract.changed_at,
            key=event_key(self.source.kind, "state", contract.reference, contract.key), plan=contract.plan,
            quantity=contract.quantity, interval_months=contract.interval_months, started_at=contract.started_at,
            renews_on=local_day(contract.renews_at, self.zone) if contract.renews_at else None,
            cancel_at=contract.cancel_at, reason=contract.reason, source=self.source.kind,
        )  # fmt: skip

    def _renewals(self) -> list[tuple[Item, SubscriptionState]]:
        """Terms that were paid: the state in which the term began, marked as a renewal."""
        paid = self._of(facts.TermPaid)
        names = {f"{fact.reference}:{fact.term}" for _, fact in paid}
        begun = {row.external_id: row for row in known(self.source, "term", names)}
        customers = people.ids_of(self.source, {row.facts["source_id"] for row in begun.values()})
        found = []
        for item, fact in paid:
            name = f"{fact.reference}:{fact.term}"
            row = begun.get(name)
            customer_id = customers.get(row.facts["source_id"]) if row else None
            if row is None or customer_id is None:
                text = (
                    "It pays a term of a subscription whose beginning has not arrived yet (customer.subscription.updated)."
                )
                item.stop(DeliveryState.HELD, text, f"term:{name}", gives_up=True)
                continue
            found.append((item, self._renewed(fact, row, customer_id)))
        return found

    def _renewed(self, fact: facts.TermPaid, row: SourceObject, customer_id: int) -> SubscriptionState:
        state = row.facts
        renews_at, started_at = (
            datetime.fromisoformat(state[name]) if state[name] else None for name in ("renews_at", "started_at")
        )
        cancel_at = datetime.fromisoformat(state["cancel_at"]) if state["cancel_at"] else None
        return SubscriptionState(
            customer_id=customer_id, reference=fact.reference, status=state["status"], mrr_minor=state["mrr_minor"],
            currency=state["currency"], changed_at=row.version_at + timedelta(microseconds=1),
            key=event_key(self.source.kind, "renewal", fact.reference, fact.term), plan=state["plan"],
            quantity=state["quantity"], interval_months=state["interval_months"], started_at=started_at,
            renews_on=local_day(renews_at, self.zone) if renews_at else None, cancel_at=cancel_at, is_renewal=True,
            source=self.source.kind,
        )  # fmt: skip


KEPT = ("source_id", "status", "mrr_minor", "currency", "plan", "quantity", "interval_months")


def _kept(contract: facts.Contract) -> dict[str, Any]:
    moments = {name: getattr(contract, name) for name in ("renews_at", "started_at", "cancel_at")}
    plain = {name: moment.isoformat() if moment else "" for name, moment in moments.items()}
    return {**{name: getattr(contract, name) for name in KEPT}, **plain}


def _orders_here(numbers: Iterable[str]) -> set[str]:
    wanted = list(numbers)
    return set(Order.objects.filter(number__in=wanted).values_list("number", flat=True))


def _tell(item: Item, key: str, result: Result, *, waits_for: str, gives_up: bool = False) -> None:
    reason = result.refused.get(key)
    if reason is None:
        return
    if not reason.startswith(HELD):
        item.stop(DeliveryState.FAILED, reason)
        return
    text = reason.removeprefix(HELD).strip()
    is_rate = "rate" in text
    item.stop(DeliveryState.HELD, text[:1].upper() + text[1:], "rate" if is_rate else waits_for,
              gives_up=gives_up and not is_rate)  # fmt: skip


def known(source: Connection, kind: str, ids: Iterable[str]) -> list[SourceObject]:
    """What was noted of these objects of a source."""
    wanted = sorted(ids)
    if not wanted:
        return []
    return list(SourceObject.objects.filter(connection=source, kind=kind, external_id__in=wanted))


def remember(source: Connection, rows: Sequence[tuple[str, str, datetime, dict[str, Any]]]) -> None:
    """Note objects as (kind, id, version, facts); the newest version of each stays."""
    if not rows:
        return
    newest: dict[tuple[str, str], tuple[str, str, datetime, dict[str, Any]]] = {}
    for row in rows:
        key = (row[0], row[1])
        if key not in newest or row[2] > newest[key][2]:
            newest[key] = row
    have = {
        (item.kind, item.external_id): item
        for kind in {row[0] for row in rows}
        for item in known(source, kind, {row[1] for row in rows if row[0] == kind})
    }
    fresh = [row for key, row in newest.items() if key not in have]
    SourceObject.objects.bulk_create(
        [SourceObject(connection=source, kind=k, external_id=i, version_at=v, facts=f) for k, i, v, f in fresh]
    )
    changed = [
        (have[key].pk, row[2], row[3]) for key, row in newest.items() if key in have and row[2] > have[key].version_at
    ]
    sql.update_many(SourceObject, "id", ["version_at", "facts"], changed)


__all__ = ["Batch", "Fact", "Item", "Outcome"]
