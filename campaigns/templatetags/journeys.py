"""Words and figures of the journey pages."""

from django import template

register = template.Library()

DEEDS = {
    "journey.created": "Created",
    "journey.changed": "Settings changed",
    "journey.published": "Published",
    "journey.went_live": "Switched live",
    "journey.paused": "Paused",
    "journey.resumed": "Went on",
    "journey.stopped": "Stopped",
}


@register.filter
def points(share: float) -> str:
    """A difference of two shares in percentage points: +3.2 points."""
    return f"{share * 100:+.1f} points".replace("-", "−")


@register.filter
def deed(verb: str) -> str:
    """What staff did, in words."""
    return DEEDS.get(verb, verb)
