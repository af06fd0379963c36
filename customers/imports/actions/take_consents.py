"""Rows of a consents file: answers with their proof."""

from collections.abc import Sequence
from datetime import datetime

from customers.actions import answers
from customers.actions.answers import Answer
from customers.imports.actions.lookups import People
from customers.imports.actions.reading import read
from customers.imports.rules import records
from customers.imports.rules.records import ConsentValues
from customers.imports.rules.taking import BadCell, Outcome, Row, Taking, problem_of
from customers.models import Topic

UNKNOWN = "is not a topic here, neither by short name nor by name. Create it under Settings → Topics first."
OLDER = "is not taken: the customer gave another answer after that time, and a later answer stays."
FUTURE = "lies in the future. Write when they answered."


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Record the answers; runs in the caller's transaction. A later answer of the person stays, and so does every block."""
    outcome = Outcome()
    sound = read(rows, taking, records.consent, outcome)
    people = People(values.who for _, values in sound)
    topics = _topics()
    wanted: list[tuple[Row, Answer]] = []
    for row, values in sound:
        try:
            wanted.append((row, _answer(values, people, topics, at)))
        except BadCell as error:
            outcome.problems.append(problem_of(row, taking, error))
    results = answers.record([answer for _, answer in wanted], at=at)
    for (row, _), result in zip(wanted, results, strict=True):
        if result == answers.RECORDED:
            outcome.created += 1
        elif result == answers.SAME:
            outcome.unchanged += 1
        else:
            outcome.problems.append(problem_of(row, taking, BadCell("changed_at", OLDER)))
    return outcome


def _topics() -> dict[str, Topic]:
    found = list(Topic.objects.order_by("-id"))
    return {topic.name.casefold(): topic for topic in found} | {topic.slug.casefold(): topic for topic in found}


def _answer(values: ConsentValues, people: People, topics: dict[str, Topic], at: datetime) -> Answer:
    topic = topics.get(values.topic.casefold())
    if topic is None:
        raise BadCell("topic", UNKNOWN)
    if values.changed_at > at:
        raise BadCell("changed_at", FUTURE)
    customer_id = people.get(values.who)
    return Answer(customer_id, topic, values.channel, values.state, values.source, values.wording, values.changed_at)
