"""Rows of a products file into the database."""

from collections.abc import Sequence
from datetime import datetime

from customers.imports.actions.reading import read
from customers.imports.rules import records
from customers.imports.rules.taking import Outcome, Row, Taking
from customers.models import Product

CHUNK = 5000


def take(rows: Sequence[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Create or update one product per SKU; empty cells leave the value as it is. Runs in the caller's transaction."""
    outcome = Outcome()
    wanted = [values for _, values in read(rows, taking, records.product, outcome)]
    known = _known(sorted({item["sku"] for item in wanted}))
    new: dict[str, Product] = {}
    changed: dict[str, Product] = {}
    for item in wanted:
        product = known.get(item["sku"]) or new.get(item["sku"])
        if product is None:
            new[item["sku"]] = Product(**item)
        elif any(getattr(product, name) != value for name, value in item.items()):
            for name, value in item.items():
                setattr(product, name, value)
            if product.pk:
                changed[product.sku] = product
    Product.objects.bulk_create(list(new.values()))
    Product.objects.bulk_update(list(changed.values()), ["name", "category"], batch_size=400)
    outcome.created, outcome.updated = len(new), len(changed)
    outcome.unchanged = len(wanted) - len(new) - len(changed)
    return outcome


def _known(names: list[str]) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for start in range(0, len(names), CHUNK):
        found |= {product.sku: product for product in Product.objects.filter(sku__in=names[start : start + CHUNK])}
    return found
