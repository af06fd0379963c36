"""Rows of a customers file into the database."""

from collections.abc import Sequence
from datetime import datetime

from customers.actions import consent
from customers.actions.profiles import Profile, upsert
from customers.enums import ConsentState
from customers.imports.actions import stated
from customers.imports.actions.reading import read
from customers.imports.rules import taking as reading
from customers.imports.rules.taking import Outcome, Person, Row, Taking
from customers.models import Topic


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Create or update one customer per row; runs in the caller's transaction.

    A row belongs to the customer with its external id, then with one of its other ids, then to the one with its e-mail who
    has no other external id. An empty cell leaves the value as it is. Two rows of the same person are taken one after the
    other. Consent columns are taken for the topic that was chosen, see `stated`.
    """
    outcome = Outcome()
    people = [person for _, person in read(rows, taking, reading.customer, outcome)]
    if not people:
        return outcome
    done = upsert([_profile(person) for person in people], source=taking.source, at=at)
    outcome.created, outcome.updated = done.created, done.updated
    outcome.unchanged = len(people) - done.created - done.updated
    if taking.consent:
        consent.set_consent(
            set(done.ids),
            topic=Topic.objects.get(pk=taking.consent.topic_id),
            channel=taking.consent.channel,
            state=ConsentState.GRANTED,
            source="import",
            wording=taking.consent.wording,
            at=at,
            only_new=True,
        )
    if taking.answers or any(person.answers for person in people):
        stated.take(list(zip(people, done.ids, strict=True)), taking, at=at)
    return outcome


def _profile(person: Person) -> Profile:
    values = person.values
    return Profile(
        external_id=values.pop("external_id", ""),
        email=values.pop("email", ""),
        identities=person.identities,
        created_at=values.pop("created_at", None),
        values=values,
        attributes=person.attributes,
    )
