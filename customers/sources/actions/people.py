"""People whom a source knows: each field as the newest version says that has it, whatever the order of arrival."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from config.kit import sql
from config.kit.tokens import keyed_hash
from customers.actions import profiles
from customers.actions.profiles import Profile
from customers.models import Connection, Customer, SourceObject
from customers.sources.rules.facts import Person

KIND = "customer"
GUEST = "guest:"
ATTRIBUTE = "attributes."
MADE = "_made"  # beside the versions: this source made the customer, so its date of becoming one counts
APART = ("email", "created_at")


@dataclass(frozen=True, slots=True)
class Written:
    """Customer ids by key, and the keys of people who were erased."""

    customers: dict[str, int]
    erased: set[str]


@dataclass(slots=True)
class _Draft:
    """One person of a batch: what the stored versions and the new ones come to."""

    key: str
    versions: dict[str, int]
    newest: datetime
    values: dict[str, Any] = field(default_factory=dict)
    email: str = ""


def key_of(person: Person) -> str:
    """The source's id, or for a guest a keyed hash of the address."""
    return person.source_id or GUEST + keyed_hash("sources.guest", person.email)[:40]


def ids_of(source: Connection, source_ids: Iterable[str]) -> dict[str, int]:
    """Customer ids by the source's ids; unknown ones are missing."""
    found = profiles.identities((source.kind, source_id) for source_id in source_ids)
    return {source_id: customer_id for (_, source_id), customer_id in found.items()}


def write(people: Sequence[Person], named: Iterable[str], source: Connection, *, at: datetime) -> Written:
    """Create and change the customers behind these people; `named` are further keys whose ids are wanted.

    Each field has a version of its own: an older webhook that comes later fills in only what no newer one said. The date of
    becoming a customer is set only for people who were not known before.
    """
    keys = {key_of(person) for person in people} | set(named)
    if not keys:
        return Written({}, set())
    rows = SourceObject.objects.filter(connection=source, kind=KIND, external_id__in=sorted(keys)).order_by("id")
    stored = {row.external_id: row for row in sql.for_update(rows)}
    erased = {key for key, row in stored.items() if row.is_erased}
    customers = ids_of(source, (key for key in keys - erased if not key.startswith(GUEST)))
    drafts: dict[str, _Draft] = {}
    for person in sorted(people, key=lambda one: one.version):
        key = key_of(person)
        if key in erased:
            continue
        if key not in drafts:
            row = stored.get(key)
            is_known = row is not None and (key in customers or key.startswith(GUEST))
            drafts[key] = _Draft(key, dict(row.facts) if row and is_known else {}, person.version)
        _add(drafts[key], person)
    changed = [draft for draft in drafts.values() if draft.values or draft.key not in customers]
    known = _known_addresses(changed)
    for draft in changed:
        if draft.key not in customers and draft.email not in known:
            draft.versions[MADE] = 1
    ids = profiles.upsert_many([_profile(draft, source) for draft in changed], source=source.kind, at=at)
    customers |= {draft.key: customer_id for draft, customer_id in zip(changed, ids, strict=True)}
    _remember(drafts.values(), stored, source)
    return Written(customers, erased)


def _add(draft: _Draft, person: Person) -> None:
    version = int((person.version - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    named: dict[str, Any] = dict(person.values)
    if person.email:
        named["email"] = person.email
    if person.created_at:
        named["created_at"] = person.created_at
    named |= {f"{ATTRIBUTE}{name}": value for name, value in person.attributes.items()}
    for name, value in named.items():
        if version > draft.versions.get(name, 0):
            draft.versions[name] = version
            draft.values[name] = value
    draft.newest = max(draft.newest, person.version)
    draft.email = person.email or draft.email


def _known_addresses(drafts: Iterable[_Draft]) -> set[str]:
    wanted = sorted({draft.email for draft in drafts if draft.email})
    return set(Customer.objects.filter(email__in=wanted).values_list("email", flat=True)) if wanted else set()


def _profile(draft: _Draft, source: Connection) -> Profile:
    values = {name: value for name, value in draft.values.items() if not name.startswith(ATTRIBUTE) and name not in APART}
    attributes = {name.removeprefix(ATTRIBUTE): value for name, value in draft.values.items() if name.startswith(ATTRIBUTE)}
    email = draft.values.get("email", "")
    is_guest = draft.key.startswith(GUEST)
    if "email" in draft.values and not email:
        values["email"] = ""
    if is_guest:
        email = draft.email
    return Profile(
        email=email,
        identities=() if is_guest else ((source.kind, draft.key),),
        values=values,
        attributes=attributes,
        created_at=draft.values.get("created_at") if MADE in draft.versions else None,
    )


def _remember(drafts: Iterable[_Draft], stored: dict[str, SourceObject], source: Connection) -> None:
    fresh, changed = [], []
    for draft in drafts:
        row = stored.get(draft.key)
        if row is None:
            fresh.append(
                SourceObject(
                    connection=source, kind=KIND, external_id=draft.key, version_at=draft.newest, facts=draft.versions
                )
            )
        elif row.facts != draft.versions:
            changed.append((row.pk, max(row.version_at, draft.newest), draft.versions))
    SourceObject.objects.bulk_create(fresh)
    sql.update_many(SourceObject, "id", ["version_at", "facts"], changed)
