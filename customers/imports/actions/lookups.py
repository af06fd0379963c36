"""Ids by the names that files use."""

from collections.abc import Iterable

from customers.models import Customer, Product

CHUNK = 5000


def customers_by_external_id(names: Iterable[str]) -> dict[str, int]:
    """Customer id by external id; unknown ones are missing."""
    wanted = sorted(set(names))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = Customer.objects.filter(external_id__in=wanted[start : start + CHUNK])
        found.update((str(name), key) for name, key in rows.values_list("external_id", "id"))
    return found


def products_by_sku(names: Iterable[str]) -> dict[str, int]:
    """Product id by SKU; products not known yet are created without a name."""
    wanted = sorted(set(names))
    found = _products(wanted)
    missing = [sku for sku in wanted if sku not in found]
    if missing:
        Product.objects.bulk_create([Product(sku=sku) for sku in missing], ignore_conflicts=True)
        found |= _products(missing)
    return found


def _products(wanted: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        found.update(Product.objects.filter(sku__in=wanted[start : start + CHUNK]).values_list("sku", "id"))
    return found
