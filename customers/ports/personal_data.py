"""What each app does with a person's rows on export, erasure and merge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Policy for the models of one app.

    `export(customer_id)` gives plain rows by table; `erase(customer_id, at)` removes or pseudonymises them;
    `merge(from_id, into_id, at)` moves them. `models` lists every model with a key to the customer.
    """

    key: str
    models: tuple[type[Model], ...]
    export: Callable[[int], dict[str, list[dict[str, Any]]]]
    erase: Callable[[int, datetime], None]
    merge: Callable[[int, int, datetime], None]


registry: Registry[PersonalData] = Registry("personal_data", key=lambda item: item.key)
register, get, all = registry.register, registry.get, registry.all
