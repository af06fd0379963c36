"""Entries of the main navigation."""

from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class NavItem:
    """`section` groups entries ("Audience"); `match` are the url namespaces or names that light the entry up."""

    key: str
    label: str
    icon: str
    url_name: str
    order: int
    match: tuple[str, ...] = ()
    permission: str = ""
    section: str = ""


registry: Registry[NavItem] = Registry("nav", key=lambda item: item.key)
register, get = registry.register, registry.get


def all() -> list[NavItem]:
    """Entries in the order of the menu."""
    return sorted(registry.all(), key=lambda item: item.order)
