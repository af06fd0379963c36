"""Fields of a customer that segments, journey conditions, lists and exports can use."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Model, QuerySet

from config.kit.registry import Registry


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"  # minor units of the brand's currency
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CHOICE = "choice"


Choices = Callable[[], list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Field:
    """One value per customer, held in a column of a table that has one row per customer.

    `rows()` gives the query set of that table, already narrowed to the row that counts; `customer` and `value` name its
    columns (ORM paths from code, never from users). A customer without a row has the value `missing`.
    """

    key: str
    label: str
    group: str
    type: FieldType
    rows: Callable[[], QuerySet[Model]]
    customer: str
    value: str
    missing: Any = None
    choices: Choices | None = None


registry: Registry[Field] = Registry("fields", key=lambda item: item.key)
register, get, has, all = registry.register, registry.get, registry.has, registry.all
