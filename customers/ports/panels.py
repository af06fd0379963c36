"""Panels on the customer page, loaded by htmx; each works as a page of its own too."""

from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Panel:
    """`url_name` takes the customer's id and answers with a fragment whose root has id `panel-<key>`.

    `tab` is where it stands: "" (overview), "purchases", "messages" or "consent".
    """

    key: str
    title: str
    icon: str
    url_name: str
    order: int
    permission: str = ""
    tab: str = ""


registry: Registry[Panel] = Registry("panels", key=lambda item: item.key)
register, get = registry.register, registry.get


def all(tab: str | None = None) -> list[Panel]:
    """Panels in the order of the page, or of one of its tabs."""
    return sorted((one for one in registry.all() if tab in {None, one.tab}), key=lambda panel: panel.order)
