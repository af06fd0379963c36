"""Why a person got a message, or did not: the decision in steps, from the rows that were written then."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from campaigns.enums import HANDED_OVER, MessageState, Reason, SourceKind
from campaigns.models import Campaign, Message
from campaigns.queries.gate_facts import facts_of
from customers.models import Consent, ConsentChange


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the decision: `tone` is good, warn, bad or neutral."""

    title: str
    detail: str
    at: datetime | None
    tone: str


def trace(message: Message, *, at: datetime) -> list[Step]:
    """The steps of one message in the order in which they were taken."""
    steps = [Step(_("Planned"), _source(message), message.planned_at, "neutral")]
    if message.state == MessageState.HOLDOUT:
        steps.append(
            Step(
                _("Held out"), _("Drawn for the group that gets nothing, so that the effect can be measured."), None, "warn"
            )
        )
        return steps
    steps.append(_consent(message))
    if message.state in (MessageState.PLANNED, MessageState.DEFERRED, MessageState.CLAIMED):
        steps += _outlook(message, at)
    if message.state == MessageState.SKIPPED:
        steps.append(Step(_("Not sent"), message.get_reason_display(), None, "bad"))
    if message.state == MessageState.CANCELLED:
        steps.append(Step(_("Cancelled"), message.get_reason_display(), None, "warn"))
    if message.attempt_no:
        words = _("Attempt %(count)s") % {"count": message.attempt_no}
        steps.append(Step(words, message.detail, message.attempt_started_at, "neutral"))
    if message.state in HANDED_OVER and message.sent_at:
        steps.append(Step(_("Taken by the mail server"), message.provider_id, message.sent_at, "good"))
    if message.state in (MessageState.UNKNOWN, MessageState.FAILED, MessageState.DEFERRED):
        tone = "bad" if message.state == MessageState.FAILED else "warn"
        steps.append(
            Step(message.get_state_display(), f"{message.get_reason_display()}. {message.detail}".strip(". "), None, tone)
        )
    for label, moment in [
        (_("Opened by a person"), message.opened_at), (_("Clicked by a person"), message.clicked_at),
        (_("Unsubscribed"), message.unsubscribed_at),
    ]:  # fmt: skip
        if moment:
            steps.append(Step(label, "", moment, "good"))
    return steps


def _source(message: Message) -> str:
    if message.source_kind == SourceKind.CAMPAIGN:
        campaign = Campaign.objects.select_related("segment").filter(pk=message.source_id).first()
        if campaign and campaign.segment:
            return _("Was in the segment “%(segment)s” when the audience of “%(name)s” was fixed.") % {
                "segment": campaign.segment.name, "name": campaign.name,
            }  # fmt: skip
    return message.get_source_kind_display()


def _consent(message: Message) -> Step:
    if message.source_kind == SourceKind.TRANSACTIONAL:
        return Step(_("Consent"), _("Not needed: the message belongs to something the person did."), None, "neutral")
    moment = message.attempt_started_at or message.planned_at
    then = (
        ConsentChange.objects.filter(
            customer=message.customer_id, topic=message.topic_id, channel=message.channel, changed_at__lte=moment
        )
        .order_by("-changed_at", "-pk")
        .first()
    )
    if then is None:
        current = Consent.objects.filter(
            customer=message.customer_id, topic=message.topic_id, channel=message.channel
        ).first()
        words = current.get_state_display() if current else _("Never asked")
        return Step(
            _("Consent"),
            words,
            current.changed_at if current else None,
            "good" if current and current.state == "granted" else "bad",
        )
    words = _("%(state)s at that time, by %(source)s") % {"state": then.get_state_display(), "source": then.source}
    return Step(_("Consent"), words, then.changed_at, "good" if then.state == "granted" else "bad")


def _outlook(message: Message, at: datetime) -> list[Step]:
    found = facts_of(Message.objects.filter(pk=message.pk), at=at)
    if not found:
        return []
    facts = found[0].facts
    words = _("%(count)s of at most %(cap)s messages in the last seven days") % {"count": facts.recent, "cap": facts.cap}
    if facts.weekly_limit is not None:
        words += ". " + _("The person asked for at most %(count)s a week.") % {"count": facts.weekly_limit}
    steps = [Step(_("Frequency"), words, None, "good" if facts.recent < facts.cap else "warn")]
    if facts.paused_until and facts.paused_until > at:
        steps.append(Step(_("Pause"), _("The person asked for a pause until then."), facts.paused_until, "warn"))
    if facts.is_suppressed:
        steps.append(Step(_("Address"), str(Reason.SUPPRESSED.label), None, "bad"))
    if not facts.is_running:
        steps.append(Step(_("Campaign"), _("Is not sending at the moment."), None, "warn"))
    steps.append(Step(_("Waits"), message.get_reason_display(), message.due_at, "neutral"))
    return steps
