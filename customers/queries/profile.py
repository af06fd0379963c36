"""What the customer page shows of one customer, beside timeline and orders."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.kit import clock
from customers.enums import Channel, ConsentState
from customers.models import Consent, Customer, Suppression
from customers.rules import contactability
from customers.rules.contactability import Hindrance

LONG = 140


@dataclass(frozen=True, slots=True)
class Attribute:
    """A custom attribute: its type in words and its value as text; `moment` when the text is a date."""

    name: str
    kind: str
    text: str
    moment: datetime | date | None = None

    @property
    def is_long(self) -> bool:
        return len(self.text) > LONG or "\n" in self.text


@dataclass(frozen=True, slots=True)
class Contact:
    """One channel in words: `tone` of the badge, a short `text` and why."""

    channel: str
    icon: str
    tone: str
    text: str
    why: str


ICONS = {Channel.EMAIL: "mail", Channel.SMS: "smartphone"}


def attributes(customer: Customer) -> list[tuple[str, list[Attribute]]]:
    """The custom attributes by type: (type in words, attributes by name)."""
    kinds = {
        "text": _("Text"),
        "number": _("Numbers"),
        "truth": _("Yes or no"),
        "date": _("Dates"),
        "list": _("Lists and objects"),
    }
    found = [attribute(name, value) for name, value in sorted(customer.attributes.items())]
    groups = [(label, [item for item in found if item.kind == kind]) for kind, label in kinds.items()]
    return [(label, items) for label, items in groups if items]


def attribute(name: str, value: Any) -> Attribute:
    """One value with its type: a text that is a date in the way of ISO 8601 counts as one."""
    if isinstance(value, bool):
        return Attribute(name, "truth", _("Yes") if value else _("No"))
    if isinstance(value, int | float):
        return Attribute(name, "number", f"{value:,}" if isinstance(value, int) else repr(value))
    if isinstance(value, list | dict):
        return Attribute(name, "list", _plain(value))
    text = "" if value is None else str(value)
    if moment := _moment(text):
        return Attribute(name, "date", text, moment)
    return Attribute(name, "text", text)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _moment(text: str) -> datetime | date | None:
    if not 10 <= len(text) <= 35 or text[4] != "-":
        return None
    try:
        return parse_date(text) if len(text) == 10 else parse_datetime(text)
    except ValueError:
        return None


def contacts(
    customer: Customer, consents: Sequence[Consent], suppressions: Sequence[Suppression], *, at: datetime, zone: str
) -> list[Contact]:
    """May they be e-mailed, may they be texted: one line each, with the first thing that stands in the way.

    A pause ends on a day of the account's `zone`.
    """
    preference = getattr(customer, "preference", None)
    blocked = {entry.channel: entry.get_reason_display() for entry in suppressions}
    found = []
    for channel, address in ((Channel.EMAIL, customer.email), (Channel.SMS, customer.phone)):
        said = {
            state: [c.topic.name for c in consents if c.channel == channel and c.state == state]
            for state in (ConsentState.GRANTED, ConsentState.DENIED)
        }
        verdict = contactability.reach(
            channel.value, has_address=bool(address), is_blocked=channel in blocked, granted=said[ConsentState.GRANTED],
            denied=said[ConsentState.DENIED], paused_until=preference.paused_until if preference else None, at=at,
        )  # fmt: skip
        if verdict.hindrance == Hindrance.NO_ADDRESS and channel is Channel.SMS:
            continue
        found.append(_contact(channel, verdict, blocked.get(channel, ""), _pause_end(preference, zone)))
    return found


def _pause_end(preference: Any, zone: str) -> str:
    moment = preference.paused_until if preference else None
    return date_format(clock.local_day(moment, zone), "j M Y") if moment else ""


def _contact(channel: Channel, verdict: contactability.Reach, reason: str, until: str) -> Contact:
    yes = _("May be e-mailed") if channel is Channel.EMAIL else _("May be texted")
    no = _("Not to be e-mailed") if channel is Channel.EMAIL else _("Not to be texted")
    topics = ", ".join(verdict.topics[:5])
    match verdict.hindrance:
        case None:
            return Contact(channel, ICONS[channel], "good", yes, _("Agreed to: %(topics)s") % {"topics": topics})
        case Hindrance.NO_ADDRESS:
            return Contact(channel, ICONS[channel], "neutral", _("No e-mail address"), _("Nothing can be sent."))
        case Hindrance.BLOCKED:
            return Contact(channel, ICONS[channel], "bad", no, _("Blocked: %(reason)s") % {"reason": reason})
        case Hindrance.REFUSED:
            return Contact(channel, ICONS[channel], "bad", no, _("Said no to every topic they were asked about."))
        case Hindrance.NEVER_ASKED:
            return Contact(channel, ICONS[channel], "warn", no, _("Never asked, so no marketing is sent."))
    return Contact(channel, ICONS[channel], "warn", _("Paused"), _("Asked for a pause until %(day)s.") % {"day": until})
