"""Answers and blocks that stand in consent columns of a customers file, taken with the file as proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from customers.actions import answers
from customers.actions.answers import Answer
from customers.enums import Channel, ConsentState, SuppressionReason
from customers.imports.rules import values
from customers.imports.rules.taking import NO_WORDS, AnswersOption, Person, Taking
from customers.models import Topic

YES = {"subscribed", "subscribe", "yes", "true", "granted", "opted in", "opted_in", "opt-in", "1"}
NO = {"unsubscribed", "unsubscribe", "no", "false", "denied", "opted out", "opted_out", "opt-out", "0"}
REASONS = (
    ("bounce", SuppressionReason.HARD_BOUNCE), ("invalid", SuppressionReason.HARD_BOUNCE),
    ("spam", SuppressionReason.COMPLAINT), ("complaint", SuppressionReason.COMPLAINT),
    ("suppressed", SuppressionReason.MANUAL), ("manual", SuppressionReason.MANUAL), ("block", SuppressionReason.MANUAL),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says of one channel: the answer (empty for none), its time if known, and the words of the file."""

    state: str
    changed_at: datetime | None
    words: str


def take(people: Sequence[tuple[Person, int]], taking: Taking, *, at: datetime) -> None:
    """Record what the rows of these customers say; runs in the caller's transaction.

    Blocks (bounced, reported as spam, blocked by staff) are taken always; answers only for a chosen topic. An unknown word
    is no answer. An answer of the person that is later than the file's stays.
    """
    blocked = [found for person, customer_id in people for found in _blocks(person, customer_id, taking)]
    if blocked:
        answers.suppress_many(blocked, at=at)
    option = taking.answers
    if option is None:
        return
    topic = Topic.objects.get(pk=option.topic_id)
    source = f"{taking.system} export" if taking.system else "import"
    found = []
    for person, customer_id in people:
        for channel, said in ((Channel.EMAIL, _email(person, taking, option)), (Channel.SMS, _sms(person, taking))):
            if said and said.state and _reaches(person, channel):
                wording = f"{option.wording}\n{said.words}".strip()
                found.append(Answer(customer_id, topic, channel.value, said.state, source, wording, said.changed_at))
    if found:
        answers.record(found, at=at)


def _reaches(person: Person, channel: Channel) -> bool:
    return bool(person.email if channel == Channel.EMAIL else person.values.get("phone"))


def _blocks(person: Person, customer_id: int, taking: Taking) -> list[tuple[str, str, str, int]]:
    reasons = []
    if _is_filled(person.answers.get("email_bounced_at", "")) or (taking.answers and taking.answers.status == "cleaned"):
        reasons.append(SuppressionReason.HARD_BOUNCE)
    text = person.answers.get("email_blocked", "").casefold()
    if _is_filled(text):
        reasons += [reason for word, reason in REASONS if word in text]
    if not person.email:
        return []
    return [(Channel.EMAIL.value, person.email, reason.value, customer_id) for reason in reasons]


def _is_filled(text: str) -> bool:
    return text.strip("[]{}\"' ").casefold() not in NO_WORDS


def _email(person: Person, taking: Taking, option: AnswersOption) -> Said | None:
    cells = person.answers
    left = cells.get("email_unsubscribed_at", "")
    if _is_filled(left) or "unsubscribe" in cells.get("email_blocked", "").casefold():
        return Said(ConsentState.DENIED.value, _moment(left, taking), _words(taking, "email_unsubscribed_at", left))
    if option.status in ("unsubscribed", "cleaned"):
        return Said(ConsentState.DENIED.value, None, f"{taking.system} file of {option.status} contacts")
    moment = _moment(cells.get("email_consent_at", ""), taking)
    if option.status == "subscribed" and "email_consent" not in taking.positions:
        return Said(
            ConsentState.GRANTED.value, moment, _words(taking, "email_consent_at", cells.get("email_consent_at", ""))
        )
    cell = cells.get("email_consent", "")
    return Said(_state(cell), moment, _words(taking, "email_consent", cell)) if cell else None


def _sms(person: Person, taking: Taking) -> Said | None:
    cell = person.answers.get("sms_consent", "")
    if not cell:
        return None
    moment = _moment(person.answers.get("sms_consent_at", ""), taking)
    return Said(_state(cell), moment, _words(taking, "sms_consent", cell))


def _state(cell: str) -> str:
    word = cell.casefold()
    if word in YES:
        return ConsentState.GRANTED.value
    return ConsentState.DENIED.value if word in NO else ""


def _moment(cell: str, taking: Taking) -> datetime | None:
    try:
        return values.moment(cell, taking.zone, taking.shift) if cell else None
    except values.BadValue:  # a word such as "true" or a reason: the time is not known
        return None


def _words(taking: Taking, key: str, cell: str) -> str:
    """The proof in words: whose file, which column, what stood there."""
    system = f"{taking.system} export" if taking.system else "Imported file"
    title = taking.title(key)
    return f"{system}: {title} “{cell[:200]}”" if title and cell else f"{system}, without a time"
