"""Creating and changing customers in sets, by the ids and addresses that other systems know them by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db import IntegrityError, transaction

from config.kit import sql
from customers import events
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import IdentityKind
from customers.models import Customer, Identity

INSERTED = tuple(str(item.column) for item in Customer._meta.concrete_fields if item.column != "id")
CHUNK = 2000
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """What a source says of one customer; it must name at least one id or an address.

    `identities` are pairs of `IdentityKind` and id. `values` hold fields of `Customer`, already cleaned (the parsers of
    `customers.imports.rules.values`). An attribute whose value is None is taken away.
    `is_guarded`: it comes from a browser, which proves its user id and nothing else: an anonymous id, which others may know
    or share, leads it to nobody who has an address.
    """

    external_id: str = ""
    email: str = ""
    identities: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    is_guarded: bool = False


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of profiles: the customer's id of each, in order, and how many customers are new or changed."""

    ids: list[int]
    created: int
    updated: int


class NamesNobody(ValueError):
    """A profile without any id or address."""


def upsert_many(profiles: Sequence[Profile], *, source: str, at: datetime) -> list[int]:
    """Create or change a customer per profile; returns their ids, in order. Raises `NamesNobody`."""
    return upsert(profiles, source=source, at=at).ids


def upsert(profiles: Sequence[Profile], *, source: str, at: datetime) -> Upserted:
    """Create or change a customer per profile. Raises `NamesNobody`.

    1. Found by external id (a former one too), then by an identity, then by e-mail. An identity or an address never leads
       to a customer who has another external id, an anonymous id never to one with another address: a shared device.
    2. Given values win over old ones, attributes merge key by key, identities lead to this customer from now on.
       Profiles of the same person take effect one after the other.
    3. Customers are locked in the order of their ids; `customer.created` and `customer.updated` are recorded, and
       suppressed addresses are tied to their owners.
    """
    for profile in profiles:
        if not (profile.external_id or profile.email or profile.identities):
            raise NamesNobody("The profile has no external id, no e-mail and no other id.")
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _upsert(profiles, source, at)
        except IntegrityError:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


def _upsert(profiles: Sequence[Profile], source: str, at: datetime) -> Upserted:
    people = _People(profiles)
    found = [people.put(profile, at) for profile in profiles]
    people.save()
    _record(people, source, at)
    moved = [customer.pk for customer in people.new]
    moved += [customer.pk for customer, fields in people.changed.values() if fields & {"email", "phone"}]
    for start in range(0, len(moved), CHUNK):
        consent.relink_suppressions(moved[start : start + CHUNK])
    people.link(at)
    return Upserted([customer.pk for customer in found], len(people.new), len(people.changed))


class _Person:
    """A customer as this module sees it: the fields of `Customer` without the cost of a model's object."""

    pk: int
    external_id: str | None = None
    email: str
    phone: str
    attributes: dict[str, Any]
    created_at: datetime
    updated_at: datetime

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)


EMPTY: dict[str, Any] = {
    str(item.column): item.get_default()
    for item in Customer._meta.concrete_fields
    if item.column not in ("id", "attributes")
}
ROW = itemgetter("pk", *INSERTED)


class _People:
    """The customers that a set of profiles means: those in the database, locked, and the new ones."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self.new: list[_Person] = []
        self.changed: dict[int, tuple[_Person, set[str]]] = {}
        self.by_external: dict[str, _Person] = {}
        self.by_email: dict[str, list[_Person]] = {}
        self.by_identity: dict[tuple[str, str], _Person] = {}
        self.linked: dict[tuple[str, str], _Person] = {}
        external = {profile.external_id for profile in profiles if profile.external_id}
        emails = {profile.email for profile in profiles if profile.email}
        named = {pair for profile in profiles for pair in profile.identities}
        led = identities(named | {(IdentityKind.EXTERNAL.value, value) for value in external})
        rows = Customer.objects.order_by("id")
        ids = set(led.values())
        ids.update(rows.filter(external_id__among=sorted(external)).values_list("id", flat=True))
        if emails:
            ids.update(rows.filter(email__among=sorted(emails)).values_list("id", flat=True))
        held = sql.for_update(rows.filter(id__among=sorted(ids))) if ids else rows.none()
        columns = ("pk", *INSERTED)
        found = {row[0]: _Person(dict(zip(columns, row, strict=True))) for row in held.values_list(*columns)}
        for customer in found.values():
            self._index(customer)
        self.by_identity = {pair: found[customer_id] for pair, customer_id in led.items() if customer_id in found}

    def _index(self, customer: _Person) -> None:
        if customer.external_id:
            self.by_external[customer.external_id] = customer
        if customer.email:
            known = self.by_email.setdefault(customer.email, [])
            if not any(customer is other for other in known):
                known.append(customer)

    def put(self, profile: Profile, at: datetime) -> _Person:
        customer = self._find(profile)
        values: dict[str, Any] = dict(profile.values)
        if profile.email:
            values["email"] = profile.email
        if profile.created_at:
            values["created_at"] = profile.created_at
        if customer is None:
            attributes = {name: value for name, value in profile.attributes.items() if value is not None}
            values["external_id"] = profile.external_id or None
            customer = _Person({**EMPTY, "created_at": at, **values, "attributes": attributes, "updated_at": at, "pk": 0})
            self.new.append(customer)
            self._index(customer)
        else:
            if profile.external_id and not customer.external_id:
                values["external_id"] = profile.external_id
            self._change(customer, values, profile.attributes, at)
        for pair in profile.identities:
            if self.by_identity.get(pair) is not customer:
                self.linked[pair] = self.by_identity[pair] = customer
        return customer

    def _find(self, profile: Profile) -> _Person | None:
        external_id, email = profile.external_id, profile.email
        if external_id:
            known = self.by_external.get(external_id) or self.by_identity.get((IdentityKind.EXTERNAL, external_id))
            if known:
                return known
        for pair in profile.identities:
            known = self.by_identity.get(pair)
            if known is None or (external_id and known.external_id):
                continue
            if pair[0] == IdentityKind.ANONYMOUS and known.email and known.email != email and (email or profile.is_guarded):
                continue
            return known
        for known in self.by_email.get(email, []) if email else []:
            if known.email == email and not (external_id and known.external_id):
                return known
        return None

    def _change(self, customer: _Person, values: Mapping[str, Any], attributes: Mapping[str, Any], at: datetime) -> None:
        fields = {name for name, value in values.items() if getattr(customer, name) != value}
        for name in fields:
            setattr(customer, name, values[name])
        if attributes:
            merged = {**customer.attributes, **attributes}
            merged = {name: value for name, value in merged.items() if value is not None}
            if merged != customer.attributes:
                customer.attributes = merged
                fields.add("attributes")
        if fields:
            customer.updated_at = at
            self._index(customer)
            if customer.pk:
                self.changed.setdefault(customer.pk, (customer, set()))[1].update(fields)

    def save(self) -> None:
        for customer, key in zip(self.new, sql.reserve_ids(Customer, len(self.new)), strict=True):
            customer.pk = key
        rows = [ROW(customer.__dict__) for customer in self.new]
        if rows:  # somebody else who takes the same customers makes this raise, and both are tried again
            sql.insert(Customer._meta.db_table, ["id", *INSERTED], rows)
        columns = sorted({name for _, fields in self.changed.values() for name in fields} | {"updated_at"})
        changed = [[customer.pk, *(getattr(customer, name) for name in columns)] for customer, _ in self.changed.values()]
        sql.update_many(Customer, "id", columns, changed)

    def link(self, at: datetime) -> None:
        rows = [(kind, value, customer.pk, at) for (kind, value), customer in self.linked.items()]
        sql.add_up(Identity, key=("kind", "value"), rows=rows, replace=("customer", "linked_at"))


def identities(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Customer id by pair of kind and id; unknown pairs are missing."""
    by_kind: dict[str, set[str]] = {}
    for kind, value in pairs:
        by_kind.setdefault(str(kind), set()).add(value)
    found: dict[tuple[str, str], int] = {}
    for kind, values in by_kind.items():
        rows = Identity.objects.filter(kind=kind, value__among=sorted(values)).values_list("value", "customer_id")
        found.update({(kind, value): customer_id for value, customer_id in rows})
    return found


def _record(people: _People, source: str, at: datetime) -> None:
    created = [
        NewEvent(
            c.pk, events.CUSTOMER_CREATED, c.created_at, event_key("customers", "customer", c.pk), source,
            {"source": source},
        )
        for c in people.new
    ]  # fmt: skip
    updated = [
        NewEvent(
            customer.pk, events.CUSTOMER_UPDATED, at,
            event_key("customers", "customer.updated", customer.pk, at.isoformat(), *sorted(fields)), source,
            {"fields": ", ".join(sorted(fields))},
        )
        for customer, fields in people.changed.values()
    ]  # fmt: skip
    record_many(created + updated, at=at)
