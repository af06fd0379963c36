"""The shape that all ports share: a small typed registry, filled in `AppConfig.ready()`."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class AlreadyRegistered(ValueError):
    """Two apps offer the same key."""


class NotRegistered(LookupError):
    """Nobody offers this key."""


class Registry(Generic[T]):
    """Items by key, in the order of their registration.

    `register(item)` raises `AlreadyRegistered`; `get(key)` raises `NotRegistered`; `all()` lists them.
    """

    def __init__(self, name: str, key: Callable[[T], str]) -> None:
        self.name = name
        self._key = key
        self._items: dict[str, T] = {}

    def register(self, item: T) -> T:
        key = self._key(item)
        if key in self._items:
            raise AlreadyRegistered(f"{self.name}: {key}")
        self._items[key] = item
        return item

    def get(self, key: str) -> T:
        try:
            return self._items[key]
        except KeyError:
            raise NotRegistered(f"{self.name}: {key}") from None

    def has(self, key: str) -> bool:
        return key in self._items

    def all(self) -> list[T]:
        return list(self._items.values())
