"""What people answered in a shop about marketing: the latest answer counts, wherever it was given."""

from collections.abc import Iterable, Mapping
from typing import Any

from customers.actions import consent
from customers.enums import ConsentState
from customers.models import Consent, Topic
from customers.sources.actions import people


def record(answers: Iterable[tuple[Any, Any]], customers: Mapping[str, int], *, source: str) -> None:
    """Record answers for the default topic. An answer that is older than what stands (given here, say) changes nothing."""
    listed = sorted(answers, key=lambda pair: pair[1].answered_at)
    if not listed:
        return
    topic = Topic.objects.filter(is_default=True).order_by("id").first()
    if topic is None:
        for item, _ in listed:
            item.notes.append("Consent was left out: no topic is the default (Settings → Topics). Try again afterwards.")
        return
    ids = set(customers.values())
    rows = Consent.objects.filter(topic=topic, customer__among=sorted(ids))
    standing = {(c, ch): moment for c, ch, moment in rows.values_list("customer_id", "channel", "changed_at")}
    for item, answer in listed:
        customer_id = customers.get(people.key_of(answer.person))
        if customer_id is None or item.problem is not None:
            continue
        before = standing.get((customer_id, answer.channel))
        if before is not None and before >= answer.answered_at:
            continue
        standing[(customer_id, answer.channel)] = answer.answered_at
        state = ConsentState.GRANTED if answer.is_granted else ConsentState.DENIED
        consent.set_consent(
            [customer_id], topic=topic, channel=answer.channel, state=state, source=source, wording=answer.wording,
            at=answer.answered_at,
        )  # fmt: skip
