"""Answers with times of their own, as files and other systems state them; each leaves a row of proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from config.kit import sql
from customers import events
from customers.actions import consent
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import ConsentState, SuppressionReason
from customers.models import Consent, ConsentChange, Suppression, Topic, TopicWording
from customers.rules import addresses

RECORDED, SAME, OLDER, KEPT = "recorded", "same", "older", "kept"
Place = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a file says a customer answered. Without `changed_at` nobody knows when."""

    customer_id: int
    topic: Topic
    channel: str
    state: str
    source: str
    wording: str
    changed_at: datetime | None = None

    @property
    def place(self) -> Place:
        return self.customer_id, self.topic.pk, self.channel


def record(answers: Sequence[Answer], *, at: datetime) -> list[str]:
    """Record answers in the order of their times; returns for each what became of it.

    An answer that stands is only overruled by a later one ("older" otherwise; "same" when it says the same). One without
    a time never overrules what a person said: a yes counts only where nothing was answered yet, a no also takes back a
    yes that came from a file ("kept" otherwise). Whatever is recorded leaves proof and an event at its own time.
    """
    results = [SAME] * len(answers)
    with transaction.atomic():
        standing = _standing(answers)
        is_new = {answer.place for answer in answers} - standing.keys()
        from_files = _from_files(answers, standing)
        taken: list[tuple[int, Answer, datetime]] = []
        for number in sorted(range(len(answers)), key=lambda n: (answers[n].changed_at or at, n)):
            answer = answers[number]
            moment = min(answer.changed_at or at, at)
            results[number] = _verdict(answer, standing.get(answer.place), answer.place in from_files)
            if results[number] == RECORDED:
                standing[answer.place] = (answer.state, moment)
                from_files.add(answer.place)
                taken.append((number, answer, moment))
        lost = _save({answer.place: standing[answer.place] for _, answer, _ in taken}, is_new)
        for number, answer, _ in taken:
            if answer.place in lost:
                results[number] = KEPT  # the person answered in this very moment
        _prove([(answer, moment) for _, answer, moment in taken if answer.place not in lost], at)
    return results


def _standing(answers: Sequence[Answer]) -> dict[Place, tuple[str, datetime]]:
    ids = sorted({answer.customer_id for answer in answers})
    topics = {answer.topic.pk for answer in answers}
    rows = sql.for_update(Consent.objects.filter(customer_id__among=ids, topic_id__in=topics).order_by("id"))
    return {(row.customer_id, row.topic_id, row.channel): (row.state, row.changed_at) for row in rows}


def _from_files(answers: Sequence[Answer], standing: dict[Place, tuple[str, datetime]]) -> set[Place]:
    """Places where the answer that stands came from a file."""
    undated = {answer.place for answer in answers if answer.changed_at is None} & standing.keys()
    if not undated:
        return set()
    rows = ConsentChange.objects.filter(
        customer_id__among=sorted({place[0] for place in undated}), topic_id__in={place[1] for place in undated}
    ).order_by("changed_at", "id")
    last = {(row[0], row[1], row[2]): row[3] for row in rows.values_list("customer_id", "topic_id", "channel", "source")}
    return {place for place in undated if is_file(last.get(place, ""))}


def is_file(source: str) -> bool:
    """Whether an answer came from a file and not from the person."""
    return source == "import" or source.endswith(" export")


def _verdict(answer: Answer, standing: tuple[str, datetime] | None, is_from_file: bool) -> str:
    if standing is None:
        return RECORDED
    state, since = standing
    if state == answer.state:
        return SAME
    if answer.changed_at is None:
        return RECORDED if answer.state == ConsentState.DENIED and is_from_file else KEPT
    return RECORDED if answer.changed_at > since else OLDER


def _save(wanted: dict[Place, tuple[str, datetime]], is_new: set[Place]) -> set[Place]:
    """Write what stands now; returns the places where somebody else was first."""
    columns = ("customer_id", "topic_id", "channel", "state", "changed_at")
    rows = [(*place, *wanted[place]) for place in sorted(wanted) if place in is_new]
    written = {tuple(row) for row in sql.insert_returning(Consent, columns, rows, returning=columns[:3])}
    changed = {place: values for place, values in wanted.items() if place not in is_new}
    if changed:
        ids = sorted({place[0] for place in changed})
        found = Consent.objects.filter(customer_id__among=ids).values_list("id", *columns[:3])
        values = [(row[0], *changed[row[1], row[2], row[3]]) for row in found if (row[1], row[2], row[3]) in changed]
        sql.update_many(Consent, "id", ["state", "changed_at"], values)
    return {place for place in wanted if place in is_new} - written


def _prove(taken: Sequence[tuple[Answer, datetime]], at: datetime) -> None:
    topics = {answer.topic.pk for answer, _ in taken}
    versions = {
        (topic, digest): number
        for topic, digest, number in TopicWording.objects.filter(topic_id__in=topics).values_list(
            "topic", "digest", "number"
        )
    }
    digests = {answer.wording: consent.digest(answer.wording) if answer.wording else "" for answer, _ in taken}
    proofs = ConsentChange.objects.bulk_create(
        [
            ConsentChange(
                customer_id=answer.customer_id, topic=answer.topic, channel=answer.channel, state=answer.state,
                source=answer.source[:60], wording=answer.wording, wording_digest=digests[answer.wording],
                wording_version=versions.get((answer.topic.pk, digests[answer.wording])), changed_at=moment,
            )
            for answer, moment in taken
        ]
    )  # fmt: skip
    record_many(
        [
            NewEvent(
                proof.customer_id,
                events.CONSENT_GRANTED if proof.state == ConsentState.GRANTED else events.CONSENT_WITHDRAWN,
                proof.changed_at, event_key("customers", "consent", proof.pk), "customers",
                {"topic": answer.topic.slug, "channel": answer.channel, "source": proof.source},
            )
            for proof, (answer, _) in zip(proofs, taken, strict=True)
        ],
        at=at,
    )  # fmt: skip


def suppress_many(found: Sequence[tuple[str, str, str, int]], *, at: datetime) -> int:
    """Block addresses that another system blocked: (channel, address, reason, customer id); returns how many are new.

    An address that is on the list keeps its first reason, except that erasure and complaint outrank the others.
    """
    wanted: dict[tuple[str, str], tuple[str, int]] = {}
    for channel, address, reason, customer_id in found:
        key = (channel, addresses.fingerprint(channel, address))
        if key not in wanted or consent.RANK[reason] > consent.RANK[wanted[key][0]]:
            wanted[key] = (str(SuppressionReason(reason)), customer_id)
    with transaction.atomic():
        hashes = sorted({digest for _, digest in wanted})
        for start in range(0, len(hashes), consent.CHUNK):
            _outrank(hashes[start : start + consent.CHUNK], wanted)
        columns = ("channel", "address_hash", "reason", "customer_id", "created_at")
        rows = [(*key, *wanted[key], at) for key in sorted(wanted)]
        return len(sql.insert_returning(Suppression, columns, rows, returning=["id"]))


def _outrank(hashes: Sequence[str], wanted: dict[tuple[str, str], tuple[str, int]]) -> None:
    """Take the entries that are here off what is wanted, giving them the weightier reason."""
    for row in sql.for_update(Suppression.objects.filter(address_hash__in=hashes).order_by("id")):
        new = wanted.pop((row.channel, row.address_hash), None)
        if new and (consent.RANK[new[0]] > consent.RANK[row.reason] or row.customer_id is None):
            row.reason = new[0] if consent.RANK[new[0]] > consent.RANK[row.reason] else row.reason
            row.customer_id = row.customer_id or new[1]
            row.save(update_fields=["reason", "customer_id"])
