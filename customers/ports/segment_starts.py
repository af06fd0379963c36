"""What entering or leaving a segment would start: apps that listen say for how many, before the rules are saved."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

from config.kit.registry import Registry
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class Start:
    """One thing that would start: "Journey", its name, its page, for how many customers, and how many messages at once."""

    kind: str
    name: str
    url: str
    customers: int
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Starts:
    """`find(segment_id, entering, leaving)` gives what would start; the query sets are the customers who would move."""

    key: str
    find: Callable[[int, QuerySet[Customer], QuerySet[Customer]], list[Start]]


registry: Registry[Starts] = Registry("segment_starts", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
