"""What a person chose on the preference centre, written down."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from customers.actions import consent, people
from customers.consents.actions import preferences as wishes
from customers.consents.queries import standing
from customers.consents.rules import pauses
from customers.enums import ConsentState
from customers.models import Customer

SOURCE = "preferences"


class Same:
    """The form did not ask: what stood there stays."""


SAME = Same()


@dataclass(frozen=True, slots=True)
class Choices:
    """One form as it was sent. `topics` and `shown` hold keys of `standing.Cell`.

    Only what was shown is answered: a topic that came after the page was opened stays as it is. `shown` None means all.
    """

    topics: frozenset[str]
    shown: frozenset[str] | None
    pause: str
    until: date | None
    weekly_limit: int | Same | None
    is_tracked: bool | None
    language: str


def choose(customer: Customer, choices: Choices, *, wording: str, zone: str, proof: consent.Proof, at: datetime) -> None:
    """Write down topics, pause, frequency, tracking and language. Raises `pauses.BadPause` before anything is written.

    Never asked and not ticked stays never asked: a page that was saved for its pause is no refusal.
    """
    before = wishes.of(customer.pk)
    paused_until = before.paused_until
    if choices.pause != pauses.KEEP:
        paused_until = pauses.end(choices.pause, zone=zone, at=at, until=choices.until)
    wish = wishes.Wish(
        paused_until=paused_until,
        weekly_limit=before.weekly_limit if isinstance(choices.weekly_limit, Same) else choices.weekly_limit,
        is_tracked=before.is_tracked if choices.is_tracked is None else choices.is_tracked,
    )
    with transaction.atomic():
        for cell in standing.offered(customer):
            is_chosen = cell.key in choices.topics
            if choices.shown is not None and cell.key not in choices.shown:
                continue
            if not is_chosen and not cell.state and choices.shown is not None:
                continue
            _say(customer, cell, is_chosen, (is_chosen and cell.topic.wording) or wording, proof, at)
        wishes.wish(customer.pk, wish, source=SOURCE, at=at)
        if choices.language != customer.locale:
            people.change(customer.pk, {"locale": choices.language}, source=SOURCE, at=at)


def refuse_everything(customer: Customer, *, wording: str, proof: consent.Proof, at: datetime) -> None:
    """A plain no to every topic on every channel, also to those that were never asked for."""
    with transaction.atomic():
        for cell in standing.offered(customer):
            _say(customer, cell, False, wording, proof, at)


def resume(customer: Customer, *, at: datetime) -> None:
    """End a pause now."""
    old = wishes.of(customer.pk)
    wishes.wish(customer.pk, wishes.Wish(None, old.weekly_limit, old.is_tracked), source=SOURCE, at=at)


def _say(customer: Customer, cell: standing.Cell, is_yes: bool, wording: str, proof: consent.Proof, at: datetime) -> None:
    state = ConsentState.GRANTED if is_yes else ConsentState.DENIED
    consent.set_consent(
        [customer.pk], topic=cell.topic, channel=cell.channel, state=state, source=SOURCE, wording=wording, at=at,
        proof=proof,
    )  # fmt: skip
