"""Things that can be done to a set of customers: journey steps, bulk actions and other apps call them by key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from config.kit.registry import Registry

Apply = Callable[[Sequence[int], dict[str, Any], str, datetime], int]


@dataclass(frozen=True, slots=True)
class Effect:
    """`apply(customer_ids, params, key, at)` returns how many customers it took effect for.

    `key` names the occasion ("referral:55", "journey:3:step:give"): the same key and customer never take effect twice.
    `form` validates `params`. `can_reverse` effects have `reverse(customer_ids, params, key, at)` undoing that key.
    """

    key: str
    label: str
    icon: str
    form: type[forms.Form]
    apply: Apply
    reverse: Apply | None = None


registry: Registry[Effect] = Registry("effects", key=lambda item: item.key)
register, get, has, all = registry.register, registry.get, registry.has, registry.all
