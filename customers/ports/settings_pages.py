"""Cards on the settings page; each app and sub-domain registers its own."""

from collections.abc import Callable
from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """A page among the settings: shown to staff who hold `permission`, in `order`, lit up by the url names in `match`.

    `warnings()` counts what waits for somebody; the card shows it.
    """

    url_name: str
    title: str
    icon: str
    text: str
    permission: str
    order: int
    section: str = "Account"
    match: tuple[str, ...] = ()
    warnings: Callable[[], int] | None = None


registry: Registry[SettingsPage] = Registry("settings_pages", key=lambda item: item.url_name)
register, get = registry.register, registry.get


def all() -> list[SettingsPage]:
    """Pages in the order of the settings page."""
    return sorted(registry.all(), key=lambda page: (page.order, page.title))
