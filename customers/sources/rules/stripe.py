"""What the events of Stripe mean. Shapes: docs.stripe.com/api, old ones and those since 2025-03-31 ("basil").

Orders are one-off payments, each counted once under the id of its payment intent. Which event counts depends on what the
API version says: before 2025-03-31 `payment_intent.succeeded` (it says whether it pays an invoice), except for guests of a
checkout, whom only the paid session names; since then the paid checkout session in payment mode. One-off invoices
(billing_reason "manual") count under the payment intent, or their own id. What subscriptions pay is MRR and not orders. An
order of Stripe is what was paid: a payment does not say how much of it is tax or shipping.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from config.kit import money
from customers.enums import SubscriptionStatus
from customers.imports.rules import values
from customers.sources.rules import reading
from customers.sources.rules.facts import (
    Contract,
    Coupon,
    Fact,
    Line,
    Missing,
    MoneyBack,
    PaidOrder,
    Person,
    Reading,
    TermPaid,
    Unusable,
)

TOPICS = (
    "customer.created", "customer.updated", "customer.deleted",
    "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
    "customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.trial_will_end",
    "customer.discount.created", "customer.discount.updated", "customer.discount.deleted",
    "invoice.paid", "invoice.payment_failed",
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "payment_intent.succeeded",
    "charge.refunded", "refund.created", "refund.updated",
)  # fmt: skip
# docs.stripe.com/currencies: amounts without decimals, and with three. ISK and UGX are written with two there.
WHOLE = frozenset(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"])
THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
MONTHS = {"day": Fraction(12, 365), "week": Fraction(12, 52), "month": Fraction(1), "year": Fraction(12)}
BASIL = "2025-03-31"
STATUS = {
    "trialing": SubscriptionStatus.TRIALING, "active": SubscriptionStatus.ACTIVE, "past_due": SubscriptionStatus.PAST_DUE,
    "paused": SubscriptionStatus.PAUSED, "unpaid": SubscriptionStatus.ENDED, "canceled": SubscriptionStatus.ENDED,
}  # fmt: skip
RANK = {"incomplete": 1, "trialing": 2, "active": 3, "paused": 4, "past_due": 5, "unpaid": 6, "canceled": 8}
Coupons = Mapping[str, Mapping[str, Any]]


def minor(amount: int, code: str) -> int:
    """An amount as Stripe writes it, in minor units as ISO 4217 has them."""
    theirs = 0 if code in WHOLE else 3 if code in THOUSANDTHS else 2
    return rounded(Fraction(amount) * Fraction(10) ** (money.exponent(code) - theirs))


def rounded(value: Fraction) -> int:
    """Half up, as invoices round; amounts here are never negative."""
    return int(value + Fraction(1, 2)) if value >= 0 else -int(-value + Fraction(1, 2))


def external_id(event: Mapping[str, Any]) -> str:
    return reading.text(event, "id", 110)


def occurred_at(event: Mapping[str, Any]) -> datetime | None:
    return reading.unix(event, "created")


def read(topic: str, event: Mapping[str, Any], coupons: Coupons) -> Reading:
    """The facts of one event. Raises `Unusable`, and `Missing` for a discount that was not seen yet (`discount_ids`)."""
    obj = reading.part(event, "data", "object")
    if not obj:
        raise Unusable("It holds no data.object.")
    if topic in ("customer.created", "customer.updated"):
        return _customer(event, obj)
    if topic == "customer.deleted":
        return Reading((), reading.identifier(obj, "id"), "Deleted in Stripe. The customer stays here; erase on request.")
    if topic == "customer.subscription.trial_will_end":
        return Reading((), reading.identifier(obj, "customer"), "The trial ends soon; nothing has changed yet.")
    if topic.startswith("customer.subscription."):
        return _subscription(topic, event, obj, coupons)
    if topic.startswith("customer.discount."):
        return _discount(event, obj)
    if topic in ("invoice.paid", "invoice.payment_failed"):
        return _invoice(topic, event, obj)
    if topic in ("checkout.session.completed", "checkout.session.async_payment_succeeded"):
        return _session(event, obj)
    if topic == "payment_intent.succeeded":
        return _payment(event, obj)
    if topic == "charge.refunded":
        return _charge(event, obj)
    if topic in ("refund.created", "refund.updated", "charge.refund.updated", "refund.failed"):
        return _refund(obj)
    return Reading((), reading.identifier(obj, "customer"), f"{topic or 'This event'} is not taken in.")


def _moment(event: Mapping[str, Any]) -> datetime:
    at = occurred_at(event)
    if at is None:
        raise Unusable("It does not say when it happened (created).")
    return at


def _mark(event: Mapping[str, Any]) -> str:
    return hashlib.sha256(external_id(event).encode()).hexdigest()


def _version(event: Mapping[str, Any]) -> datetime:
    """The moment of the event; in the same second "created" comes first and "deleted" last."""
    topic = reading.text(event, "type")
    rank = 0 if topic.endswith(".created") else 9 if topic.endswith(".deleted") else 5
    return reading.later(_moment(event), rank, _mark(event))


def _customer(event: Mapping[str, Any], obj: Mapping[str, Any]) -> Reading:
    source_id = reading.identifier(obj, "id")
    if not source_id:
        raise Unusable("The customer has no id.")
    notes: list[str] = []
    person = _profile(obj, source_id, _version(event), notes)
    before = reading.part(event, "data", "previous_attributes")
    gone = {field: "" for field, name in (("phone", "phone"), ("email", "email")) if before.get(name) and not obj.get(name)}
    if before.get("name") and not obj.get("name"):
        gone |= {"first_name": "", "last_name": ""}
    person = Person(person.source_id, person.version, person.email, {**person.values, **gone}, person.attributes,
                    person.created_at)  # fmt: skip
    return Reading((person,), source_id, notes=tuple(notes))


def _profile(obj: Mapping[str, Any], source_id: str, version: datetime, notes: list[str]) -> Person:
    address = reading.part(obj, "address") or reading.part(obj, "shipping", "address")
    country = reading.cleaned("The country", reading.text(address, "country"), values.country, notes)
    first, _, last = reading.text(obj, "name", 240).partition(" ")
    languages = obj.get("preferred_locales")
    locale = languages[0] if isinstance(languages, list) and languages and isinstance(languages[0], str) else ""
    found = {
        "first_name": first[:120],
        "last_name": last.strip()[:120],
        "phone": reading.cleaned("The phone number", reading.text(obj, "phone"), lambda t: values.phone(t, country), notes),
        "country": country,
        "city": reading.text(address, "city", 120),
        "locale": reading.cleaned("The language", locale.strip()[:200], values.locale, notes)[:16],
        "currency": reading.cleaned("The currency", reading.text(obj, "currency"), values.currency, notes),
    }
    named = reading.part(obj, "metadata")
    attributes = {
        f"stripe_{name}"[:80]: str(value)[:500] for name, value in list(named.items())[:50] if value not in (None, "")
    }
    return Person(
        source_id,
        version,
        reading.cleaned("The e-mail address", reading.text(obj, "email", 300), values.email, notes),
        {name: value for name, value in found.items() if value},
        attributes,
        reading.unix(obj, "created"),
    )


def _buyer(obj: Mapping[str, Any], email: str, name: str, version: datetime, notes: list[str]) -> Person | None:
    """Whom an invoice, session or payment names: a customer of Stripe, or a guest by address; None when neither."""
    source_id = reading.identifier(obj, "customer")
    address = reading.cleaned("The e-mail address", email, values.email, notes)
    if not source_id and not address:
        return None
    first, _, last = name.partition(" ")
    known = {"first_name": first[:120], "last_name": last.strip()[:120]}
    return Person(source_id, version, address, {field: value for field, value in known.items() if value})


# --- Subscriptions ------------------------------------------------------------------------------------------------------


def discount_ids(event: Mapping[str, Any]) -> set[str]:
    """Discounts that a subscription names by id only; `read` wants their coupons."""
    obj = reading.part(event, "data", "object")
    if obj.get("object") != "subscription":
        return set()
    listed = [obj.get("discounts"), *(item.get("discounts") for item in reading.items(obj, "items"))]
    return {entry[:110] for entries in listed if isinstance(entries, list) for entry in entries if isinstance(entry, str)}


def _subscription(topic: str, event: Mapping[str, Any], obj: Mapping[str, Any], coupons: Coupons) -> Reading:
    reference, customer = reading.identifier(obj, "id"), reading.identifier(obj, "customer")
    if not reference or not customer:
        raise Unusable("The subscription has no id or no customer.")
    state = reading.text(obj, "status")
    if state in ("incomplete", "incomplete_expired"):
        return Reading((), customer, "The first payment is not made yet: it is no subscription so far.")
    if state not in STATUS:
        raise Unusable(f"The subscription has the unknown status {state[:40]!r}.")
    status, reason = STATUS[state].value, _reason(state, obj)
    if obj.get("pause_collection") and status != SubscriptionStatus.ENDED:
        status, reason = SubscriptionStatus.PAUSED.value, "paused"
    code = reading.currency(obj, "currency")
    billed = [_item(item, code) for item in reading.items(obj, "items")]
    licensed = [item for item in billed if item is not None]
    if not billed and status != SubscriptionStatus.ENDED:
        raise Unusable("The subscription has no items, so its price is unknown.")
    starts, ends = _period(obj)
    rank = 0 if topic.endswith(".created") else 9 if topic.endswith(".deleted") else RANK.get(state, 5)
    at = reading.later(_moment(event), rank, _mark(event))
    is_ended = status == SubscriptionStatus.ENDED
    cancel_at = reading.unix(obj, "cancel_at") or (ends if obj.get("cancel_at_period_end") is True else None)
    contract = Contract(
        reference=reference, source_id=customer, status=status, currency=code, changed_at=at, key=external_id(event),
        mrr_minor=_mrr(obj, licensed, code, coupons), plan=_plan(licensed),
        quantity=max(sum(item["quantity"] for item in licensed), 1) if licensed else 1,
        interval_months=max((item["months"] for item in licensed), default=1),
        started_at=reading.unix(obj, "start_date") or reading.unix(obj, "created"),
        renews_at=None if is_ended or cancel_at else ends,
        cancel_at=None if is_ended else cancel_at, reason=reason, term=_new_term(event, obj, starts, status),
    )  # fmt: skip
    return Reading((contract,), customer)


def _reason(state: str, obj: Mapping[str, Any]) -> str:
    if state == "paused":
        return "paused"
    if state == "unpaid":
        return "involuntary"
    if state == "canceled":
        told = reading.text(reading.part(obj, "cancellation_details"), "reason")
        return "involuntary" if told in ("payment_failed", "payment_disputed") else "requested"
    return ""


def _period(obj: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """The present term. Since 2025-03-31 it stands at the items: from the last start to the first end."""
    holders = [obj, *reading.items(obj, "items")]
    starts = [moment for holder in holders if (moment := reading.unix(holder, "current_period_start"))]
    ends = [moment for holder in holders if (moment := reading.unix(holder, "current_period_end"))]
    return max(starts, default=None), min(ends, default=None)


def _new_term(event: Mapping[str, Any], obj: Mapping[str, Any], starts: datetime | None, status: str) -> int:
    """Unix time at which a further term began with this very change; 0 when none did, or when it was the end of a trial."""
    before = reading.part(event, "data", "previous_attributes")
    listed = [before, *reading.items(before, "items")]
    if starts is None or status == SubscriptionStatus.ENDED or reading.text(before, "status") in ("trialing", "incomplete"):
        return 0
    old = [moment for holder in listed if (moment := reading.unix(holder, "current_period_start"))]
    return int(starts.timestamp()) if old and max(old) < starts else 0


def _item(item: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    """One item normalised to a month; None for metered prices, which are no recurring promise. Raises `Unusable`."""
    price = reading.part(item, "price") or reading.part(item, "plan")
    rhythm = reading.part(price, "recurring") or price
    if reading.text(rhythm, "usage_type") == "metered":
        return None
    interval = reading.text(rhythm, "interval")
    count = reading.whole(rhythm, "interval_count")
    count = 1 if count is None else count
    if interval not in MONTHS or count < 1:
        raise Unusable("A price does not say how often it is paid.")
    quantity = reading.whole(item, "quantity")
    quantity = 1 if quantity is None else max(quantity, 0)
    months = MONTHS[interval] * count
    total = _unit(price, code) * quantity
    for rate in reading.items(item, "tax_rates"):
        total = total if rate.get("inclusive") is not True else total / (1 + _fraction(rate, "percentage") / 100)
    return {
        "monthly": total / months,
        "length": months,
        "months": max(int(months), 1),
        "quantity": quantity,
        "plan": _name(price),
        "discounts": item.get("discounts"),
    }


def _unit(price: Mapping[str, Any], code: str) -> Fraction:
    """The price of one piece for its whole interval, in our minor units."""
    scale = Fraction(10) ** (money.exponent(code) - (0 if code in WHOLE else 3 if code in THOUSANDTHS else 2))
    for name in ("unit_amount", "amount", "unit_amount_decimal", "amount_decimal"):
        if price.get(name) not in (None, ""):
            found = _fraction(price, name)
            if found < 0:
                break
            return found * scale
    raise Unusable("A price has no fixed amount (it has tiers, or is chosen by the customer), so its MRR is unknown.")


def _fraction(source: Mapping[str, Any], name: str) -> Fraction:
    try:
        found = Decimal(reading.text(source, name, 40))
    except InvalidOperation:
        raise Unusable(f"{name} is not a number.") from None
    if not found.is_finite() or abs(found) > 10**15 or found.as_tuple().exponent < -20:  # type: ignore[operator]
        raise Unusable(f"{name} is not a number.")
    return Fraction(found)


def _name(price: Mapping[str, Any]) -> str:
    product = price.get("product")
    named = reading.text(product, "name", 80) if isinstance(product, dict) else ""
    return (
        reading.text(price, "nickname", 80)
        or named
        or reading.text(price, "lookup_key", 80)
        or reading.text(price, "id", 80)
    )


def _plan(items: Sequence[Mapping[str, Any]]) -> str:
    return " + ".join(item["plan"] for item in items if item["plan"])[:80]


def _mrr(obj: Mapping[str, Any], items: Sequence[Mapping[str, Any]], code: str, coupons: Coupons) -> int:
    """The sum of the items a month, less what `forever` coupons take off, without tax that stands in the price.

    docs.stripe.com/billing/subscriptions/analytics: trials and pauses count 0 by their status, metered prices never.
    """
    total = Fraction(0)
    for item in items:
        own = item["monthly"]
        for coupon in _coupons(item["discounts"], coupons):
            own = _off(own, coupon, item["length"], code)
        total += own
    for rate in reading.items(obj, "default_tax_rates"):
        total = total if rate.get("inclusive") is not True else total / (1 + _fraction(rate, "percentage") / 100)
    listed: list[Any] = (
        obj["discounts"] if isinstance(obj.get("discounts"), list) and obj["discounts"] else [obj.get("discount")]
    )
    length = items[0]["length"] if items else Fraction(1)
    for coupon in _coupons(listed, coupons):
        total = _off(total, coupon, length, code)
    return rounded(total)


def _coupons(discounts: Any, known: Coupons) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for discount in discounts if isinstance(discounts, list) else []:
        if isinstance(discount, dict) and discount:
            found.append(coupon_of(discount))
        elif isinstance(discount, str) and discount:
            if discount not in known:
                text = "Stripe names a discount by its id only. It goes on when customer.discount.created arrives."
                raise Missing(f"discount:{discount[:110]}", text)
            found.append(known[discount])
    return [coupon for coupon in found if coupon.get("duration") == "forever"]


def coupon_of(discount: Mapping[str, Any]) -> dict[str, Any]:
    """What a discount takes off. Raises `Unusable` when it does not hold its coupon."""
    coupon = reading.part(discount, "coupon") or reading.part(discount, "source", "coupon")
    if not coupon:
        raise Unusable("A discount does not say what it takes off.")
    return {name: coupon.get(name) for name in ("duration", "percent_off", "amount_off", "currency")}


def _off(monthly: Fraction, coupon: Mapping[str, Any], length: Fraction, code: str) -> Fraction:
    if coupon.get("percent_off") not in (None, ""):
        return max(monthly * (1 - _fraction(coupon, "percent_off") / 100), Fraction(0))
    amount = reading.whole(coupon, "amount_off")
    if amount is None or reading.text(coupon, "currency").upper() != code:
        raise Unusable("A coupon takes off an amount in another currency, or none at all.")
    return max(monthly - Fraction(minor(amount, code)) / length, Fraction(0))


def _discount(event: Mapping[str, Any], obj: Mapping[str, Any]) -> Reading:
    found = reading.identifier(obj, "id")
    if not found:
        raise Unusable("The discount has no id.")
    return Reading((Coupon(found, _version(event), coupon_of(obj)),), reading.identifier(obj, "customer"))


# --- Invoices, payments, refunds ---------------------------------------------------------------------------------------


def _invoice(topic: str, event: Mapping[str, Any], obj: Mapping[str, Any]) -> Reading:
    notes: list[str] = []
    subject = reading.identifier(obj, "customer")
    email, name = reading.text(obj, "customer_email", 300), reading.text(obj, "customer_name", 240)
    person = _buyer(obj, email, name, reading.later(_moment(event), 0, _mark(event)), notes)
    facts: list[Fact] = [person] if person else []
    why = reading.text(obj, "billing_reason")
    if topic == "invoice.payment_failed":
        return Reading(tuple(facts), subject, "" if facts else "It names nobody.", tuple(notes))
    if why == "subscription_cycle":
        reference, term = _term(obj)
        if reference and term:
            facts.append(TermPaid(reference, term))
    elif why == "manual" and not _subscription_of(obj) and (reading.whole(obj, "amount_paid") or 0) > 0:
        if person is None:
            raise Unusable("The invoice names nobody.")
        facts.append(_one_off(obj, person, event))
    return Reading(tuple(facts), subject, "" if facts else "It names nobody.", tuple(notes))


def _subscription_of(obj: Mapping[str, Any]) -> str:
    return reading.identifier(obj, "subscription") or reading.identifier(
        reading.part(obj, "parent", "subscription_details"), "subscription"
    )


def _term(obj: Mapping[str, Any]) -> tuple[str, int]:
    """The subscription that an invoice renews, and the start of the term it pays."""
    starts = []
    for line in reading.items(obj, "lines"):
        details = reading.part(line, "parent", "subscription_item_details")
        metered = reading.text(reading.part(line, "price", "recurring"), "usage_type") == "metered"
        start = reading.whole(reading.part(line, "period"), "start")
        if start and not metered and line.get("proration") is not True and details.get("proration") is not True:
            starts.append(start)
    return _subscription_of(obj), max(starts, default=0)


def _one_off(obj: Mapping[str, Any], person: Person, event: Mapping[str, Any]) -> PaidOrder:
    code = reading.currency(obj, "currency")
    lines = []
    for position, line in enumerate(reading.items(obj, "lines")):
        quantity, amount = reading.whole(line, "quantity") or 1, reading.whole(line, "amount")
        if quantity < 1 or amount is None or amount < 0:
            continue
        product = reading.identifier(reading.part(line, "pricing", "price_details"), "product") or reading.identifier(
            reading.part(line, "price"), "product"
        )
        unit = rounded(Fraction(minor(amount, code), quantity))
        lines.append(
            Line(product[:80] or f"invoice-line-{position + 1}", quantity, unit, reading.text(line, "description"))
        )
    paid_at = reading.unix(reading.part(obj, "status_transitions"), "paid_at") or _moment(event)
    number = reading.identifier(obj, "payment_intent") or reading.identifier(obj, "id")
    if not number:
        raise Unusable("The invoice has no id.")
    discount = sum(max(reading.whole(d, "amount") or 0, 0) for d in reading.items(obj, "total_discount_amounts"))
    return PaidOrder(number[:80], person, paid_at, code, minor(reading.whole(obj, "amount_paid") or 0, code),
                     minor(discount, code), tuple(lines))  # fmt: skip


def _says_invoice(event: Mapping[str, Any], obj: Mapping[str, Any]) -> bool:
    """Whether a payment of this API version says which invoice it pays."""
    return "invoice" in obj or (bool(version := reading.text(event, "api_version")) and version[:10] < BASIL)


def _session(event: Mapping[str, Any], obj: Mapping[str, Any]) -> Reading:
    notes: list[str] = []
    subject = reading.identifier(obj, "customer")
    details = reading.part(obj, "customer_details")
    email = reading.text(details, "email", 300) or reading.text(obj, "customer_email", 300)
    version = reading.later(_moment(event), 0, _mark(event))
    person = _buyer(obj, email, reading.text(details, "name", 240), version, notes)
    facts: list[Fact] = [person] if person else []
    payment = reading.identifier(obj, "payment_intent")
    version_says = reading.text(event, "api_version")
    counts = not version_says or version_says[:10] >= BASIL or not subject
    is_paid = reading.text(obj, "payment_status") == "paid"
    if reading.text(obj, "mode") == "payment" and is_paid and payment and counts and not reading.identifier(obj, "invoice"):
        if person is None:
            return Reading((), subject, "It names nobody: without e-mail and customer the payment is no one's order.")
        code = reading.currency(obj, "currency")
        total = reading.whole(obj, "amount_total")
        if total is None or total < 0:
            raise Unusable("The session does not say what was paid.")
        off = reading.whole(reading.part(obj, "total_details"), "amount_discount") or 0
        facts.append(PaidOrder(payment[:80], person, _moment(event), code, minor(total, code), minor(max(off, 0), code)))
    return Reading(tuple(facts), subject, "" if facts else "It is not a paid one-off purchase.", tuple(notes))


def _payment(event: Mapping[str, Any], obj: Mapping[str, Any]) -> Reading:
    subject = reading.identifier(obj, "customer")
    number = reading.identifier(obj, "id")
    if not number:
        raise Unusable("The payment has no id.")
    if reading.identifier(obj, "invoice"):
        return Reading((), subject, "It pays an invoice; invoices and subscriptions are taken in by themselves.")
    if not _says_invoice(event, obj):
        text = "This API version does not say whether a payment pays an invoice; checkout sessions count instead."
        return Reading((), subject, text)
    notes: list[str] = []
    charges = [*reading.items(obj, "charges"), reading.part(obj, "latest_charge")]
    billing = next((found for charge in charges if (found := reading.part(charge, "billing_details"))), {})
    email = reading.text(obj, "receipt_email", 300) or reading.text(billing, "email", 300)
    version = reading.later(_moment(event), 0, _mark(event))
    person = _buyer(obj, email, reading.text(billing, "name", 240), version, notes)
    if person is None:
        return Reading((), subject, "It names nobody: without e-mail and customer the payment is no one's order.")
    code = reading.currency(obj, "currency")
    total = reading.whole(obj, "amount_received")
    total = reading.whole(obj, "amount") if total is None else total
    if total is None or total < 0:
        raise Unusable("The payment does not say what was paid.")
    order = PaidOrder(number[:80], person, _moment(event), code, minor(total, code))
    return Reading((person, order), subject, notes=tuple(notes))


def _charge(event: Mapping[str, Any], obj: Mapping[str, Any]) -> Reading:
    """Old API versions list the refunds in the charge; later ones tell of each by refund.created."""
    subject = reading.identifier(obj, "customer")
    if reading.identifier(obj, "invoice"):
        return Reading((), subject, "It gives back what a subscription paid; MRR leaves refunds out.")
    found = [fact for item in reading.items(obj, "refunds") for fact in _refund(item, obj).facts]
    nothing = "" if found else "The refunds themselves come as refund.created."
    return Reading(tuple(found), subject, nothing)


def _refund(obj: Mapping[str, Any], charge: Mapping[str, Any] | None = None) -> Reading:
    subject = reading.identifier(charge or {}, "customer")
    state = reading.text(obj, "status")
    if state and state != "succeeded":
        return Reading((), subject, f"The refund is {state[:20]}: nothing was given back so far.")
    number = reading.identifier(obj, "id")
    payment = reading.identifier(obj, "payment_intent") or reading.identifier(charge or {}, "payment_intent")
    amount, at = reading.whole(obj, "amount"), reading.unix(obj, "created")
    if not number or amount is None or amount <= 0 or at is None:
        raise Unusable("The refund has no id, amount or moment.")
    if not payment:
        return Reading((), subject, "It names no payment intent, so it belongs to no order here.")
    code = reading.currency(obj, "currency")
    return Reading((MoneyBack(number[:80], payment[:80], at, minor(amount, code), currency=code),), subject)
