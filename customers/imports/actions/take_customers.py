"""Rows of a customers file into the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from customers import events
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import ConsentState
from customers.imports.rules import taking as reading
from customers.imports.rules.taking import BadCell, Outcome, Row, Taking
from customers.models import Customer, Topic

COLUMNS = [
    "external_id", "email", "phone", "first_name", "last_name", "locale", "timezone", "country", "city", "currency",
    "company",
    "industry", "market", "persona", "plan", "acquisition_channel", "acquired_on", "born_on", "renews_on", "attributes",
    "created_at", "updated_at",
]  # fmt: skip
CHUNK = 5000


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Create or update one customer per row; runs in the caller's transaction.

    A row belongs to the customer with its external id, else to the one with its e-mail who has no other external id.
    An empty cell
    leaves the value as it is. Two rows of the same person are taken one after the other.
    """
    outcome = Outcome()
    sound = []
    for row in rows:
        problem = reading.unreadable(row, taking)
        if problem is None:
            try:
                sound.append(reading.customer(row, taking))
            except BadCell as error:
                problem = reading.problem_of(row, taking, error)
        if problem is not None:
            outcome.problems.append(problem)
    people = _People(sound)
    touched = [people.put(profile, attributes, at) for profile, attributes in sound]
    people.save()
    outcome.created = len(people.new)
    outcome.updated = len(people.changed)
    outcome.unchanged = len(sound) - outcome.created - outcome.updated
    _record(people, taking, at)
    moved = [c.pk for c in people.new] + [
        customer.pk for customer, fields in people.changed.values() if fields & {"email", "phone"}
    ]
    if moved:
        consent.relink_suppressions(moved)
    if taking.consent and touched:
        consent.set_consent(
            {customer.pk for customer in touched},
            topic=Topic.objects.get(pk=taking.consent.topic_id),
            channel=taking.consent.channel,
            state=ConsentState.GRANTED,
            source="import",
            wording=taking.consent.wording,
            at=at,
            only_new=True,
        )
    return outcome


class _People:
    """The customers that a batch of rows means: those in the database, and the new ones, found by id or address."""

    def __init__(self, rows: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        self.new: list[Customer] = []
        self.changed: dict[int, tuple[Customer, set[str]]] = {}
        self.by_external: dict[str, Customer] = {}
        self.by_email: dict[str, list[Customer]] = {}
        external = sorted({profile["external_id"] for profile, _ in rows if "external_id" in profile})
        emails = sorted({profile["email"] for profile, _ in rows if "email" in profile})
        found: dict[int, Customer] = {}
        for column, wanted in (("external_id__in", external), ("email__in", emails)):
            for start in range(0, len(wanted), CHUNK):
                for customer in Customer.objects.filter(**{column: wanted[start : start + CHUNK]}).order_by("id"):
                    found.setdefault(customer.pk, customer)
        for key in sorted(found):
            self._index(found[key])

    def _index(self, customer: Customer) -> None:
        if customer.external_id:
            self.by_external[customer.external_id] = customer
        if customer.email:
            known = self.by_email.setdefault(customer.email, [])
            if customer not in known:
                known.append(customer)

    def put(self, profile: dict[str, Any], attributes: dict[str, Any], at: datetime) -> Customer:
        customer = self._find(profile.get("external_id"), profile.get("email"))
        if customer is None:
            customer = Customer(**{"created_at": at} | profile, attributes=attributes, updated_at=at)
            self.new.append(customer)
            self._index(customer)
            return customer
        fields = {name for name, value in profile.items() if getattr(customer, name) != value}
        for name in fields:
            setattr(customer, name, profile[name])
        merged = {**customer.attributes, **attributes}
        if merged != customer.attributes:
            customer.attributes = merged
            fields.add("attributes")
        if fields:
            customer.updated_at = at
            self._index(customer)
            if customer.pk:
                self.changed.setdefault(customer.pk, (customer, set()))[1].update(fields)
        return customer

    def _find(self, external_id: str | None, email: str | None) -> Customer | None:
        if external_id and external_id in self.by_external:
            return self.by_external[external_id]
        candidates = [c for c in self.by_email.get(email or "", []) if c.email == email]
        if external_id:
            candidates = [customer for customer in candidates if not customer.external_id]
        return candidates[0] if candidates else None

    def save(self) -> None:
        Customer.objects.bulk_create(self.new)
        Customer.objects.bulk_create(
            [customer for customer, _ in self.changed.values()],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=COLUMNS,
        )


def _record(people: _People, taking: Taking, at: datetime) -> None:
    created = [
        NewEvent(
            c.pk, events.CUSTOMER_CREATED, c.created_at, event_key("customers", "customer", c.pk), taking.source,
            {"source": taking.source},
        )
        for c in people.new
    ]  # fmt: skip
    updated = [
        NewEvent(
            customer.pk, events.CUSTOMER_UPDATED, at,
            event_key("customers", "customer.updated", customer.pk, at.isoformat(), *sorted(fields)), taking.source,
            {"fields": ", ".join(sorted(fields))},
        )
        for customer, fields in people.changed.values()
    ]  # fmt: skip
    record_many(created + updated, at=at)
