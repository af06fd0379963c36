"""The tabs that join the pages of the programme."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

PAGES = (
    ("overview", _("Overview")),
    ("members", _("Members")),
    ("rewards", _("Rewards")),
    ("tiers", _("Tiers")),
    ("programme", _("Rules")),
)


def tabs(current: str) -> list[dict[str, object]]:
    """What `components/tabs.html` shows."""
    return [{"label": label, "url": reverse(f"loyalty:{key}"), "is_current": key == current} for key, label in PAGES]
