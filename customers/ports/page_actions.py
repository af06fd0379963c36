"""Buttons in the header of the customer page; each leads to a page of its own about that customer."""

from dataclasses import dataclass
from typing import Literal

from config.kit.registry import Registry

Tone = Literal["", "danger"]


@dataclass(frozen=True, slots=True)
class PageAction:
    """`url_name` takes the customer's id and answers a GET with a page or form; it changes nothing by itself.

    The first two by `order` that the staff member may use (`permission`) are buttons, the others entries of the menu
    "More"; those of tone "danger" always stand in the menu, below a line.
    """

    key: str
    label: str
    icon: str
    url_name: str
    order: int
    permission: str = ""
    tone: Tone = ""


registry: Registry[PageAction] = Registry("page_actions", key=lambda item: item.key)
register, get = registry.register, registry.get


def all() -> list[PageAction]:
    """Actions in the order of the page."""
    return sorted(registry.all(), key=lambda action: action.order)
