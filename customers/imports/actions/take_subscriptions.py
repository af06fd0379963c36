"""Rows of a subscriptions file: the state of each from a moment on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from customers.actions.timeline import event_key
from customers.commerce.actions.subscriptions import SubscriptionState, record_states
from customers.enums import SubscriptionStatus
from customers.imports.actions.lookups import People
from customers.imports.actions.reading import read
from customers.imports.actions.take_orders import of_rate
from customers.imports.rules import records
from customers.imports.rules.records import SubscriptionValues
from customers.imports.rules.taking import BadCell, Outcome, Row, Taking, problem_of


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Record the states that are new, in any order; runs in the caller's transaction.

    A row with `changed_at` is one state from that moment on. A row without tells the whole story: it began at `started_at`,
    and when it is ended, it ended at `ended_at`.
    """
    outcome = Outcome()
    sound = read(rows, taking, records.subscription, outcome)
    people = People(values.who for _, values in sound)
    wanted: list[tuple[Row, SubscriptionValues, list[SubscriptionState]]] = []
    for row, values in sound:
        try:
            wanted.append((row, values, _states(values, people.get(values.who), taking)))
        except BadCell as error:
            outcome.problems.append(problem_of(row, taking, error))
    result = record_states([state for _, _, states in wanted for state in states], at=at)
    created = set(result.created)
    for row, values, _ in wanted:
        if values.reference in result.refused:
            outcome.problems.append(problem_of(row, taking, _refused(result.refused[values.reference])))
        elif values.reference in created:
            outcome.created += 1
        else:
            outcome.unchanged += 1
    return outcome


def _refused(reason: str) -> BadCell:
    return of_rate(reason) or BadCell("reference", reason.removeprefix("held:").strip())


def _states(values: SubscriptionValues, customer_id: int, taking: Taking) -> list[SubscriptionState]:
    if values.changed_at:
        return [_state(values, customer_id, values.status, values.changed_at, taking, values.key)]
    assert values.started_at, "a row without a change needs a start"
    if values.status != SubscriptionStatus.ENDED:
        return [_state(values, customer_id, values.status, values.started_at, taking)]
    assert values.ended_at, "a row without a change needs an end"
    if values.ended_at <= values.started_at:
        raise BadCell("ended_at", "lies before the start.")
    return [
        _state(values, customer_id, SubscriptionStatus.ACTIVE.value, values.started_at, taking),
        _state(values, customer_id, values.status, values.ended_at, taking),
    ]


def _state(
    values: SubscriptionValues, customer_id: int, status: str, moment: datetime, taking: Taking, key: UUID | None = None
) -> SubscriptionState:
    is_over = status == SubscriptionStatus.ENDED
    return SubscriptionState(
        customer_id=customer_id,
        reference=values.reference,
        status=status,
        mrr_minor=values.mrr_minor,
        currency=values.currency,
        changed_at=moment,
        key=key or _key(values, status, moment),
        plan=values.plan,
        quantity=values.quantity,
        interval_months=values.interval_months,
        started_at=values.started_at,
        renews_on=None if is_over else values.renews_on,
        cancel_at=None if is_over else values.cancel_at,
        is_renewal=values.is_renewal,
        reason=values.reason,
        source=taking.source,
    )


def _key(values: SubscriptionValues, status: str, moment: datetime) -> UUID:
    """The same row again is the same state; a row that says anything else about that moment is another one."""
    return event_key(
        "import-subscription", values.reference, status, moment.isoformat(), values.mrr_minor, values.currency, values.plan,
        values.quantity, values.interval_months, values.renews_on, values.cancel_at, values.is_renewal,
    )  # fmt: skip
