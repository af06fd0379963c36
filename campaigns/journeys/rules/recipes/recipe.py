"""The shape of a ready-made journey."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mail:
    """The content of one send step: what the marketer starts from."""

    subject: str
    preheader: str
    blocks: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A complete journey: settings, steps, and the e-mails by the key of their step.

    `segment` is the short name of the segment whose new members enter. Steps of kind `effect` whose effect nobody offers
    are left out when the journey is made.
    """

    key: str
    name: str
    description: str
    icon: str
    entry: Json
    goal: Json
    steps: tuple[Json, ...]
    mails: Mapping[str, Mail]
    exits: tuple[Json, ...] = ()
    segment: str = ""
    reentry: str = "once"
    reentry_days: int = 0
    holdout_percent: int = 10
    for_whom: str = ""


def heading(text: str) -> dict[str, str]:
    return {"kind": "heading", "text": text}


def text(*paragraphs: str) -> dict[str, str]:
    return {"kind": "text", "text": "\n\n".join(paragraphs)}


def button(label: str, url: str) -> dict[str, str]:
    return {"kind": "button", "label": label, "url": url}


def send(key: str, name: str) -> Json:
    return {"key": key, "kind": "send", "name": name}


def wait(key: str, name: str, *, days: int = 0, hours: int = 0, at: str = "", weekdays: tuple[int, ...] = ()) -> Json:
    return {"key": key, "kind": "wait", "name": name, "days": days, "hours": hours, "at": at, "weekdays": list(weekdays)}
