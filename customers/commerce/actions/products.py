"""Products that orders name: created when new, named when they had no name."""

from collections.abc import Iterable, Mapping

from customers.models import Product

CHUNK = 5000


def ensure(wanted: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    """Product id by SKU; `wanted` gives name and category by SKU, used for new products and to fill empty ones.

    A name or category that is there stays: staff may have changed it.
    """
    skus = sorted(wanted)
    found = _by_sku(skus)
    missing = [sku for sku in skus if sku not in found]
    if missing:
        rows = [Product(sku=sku, name=wanted[sku][0][:200], category=wanted[sku][1][:120]) for sku in missing]
        Product.objects.bulk_create(rows, ignore_conflicts=True)
        found |= _by_sku(missing)
    _fill(found.values(), wanted)
    return {sku: product.pk for sku, product in found.items()}


def _fill(products: Iterable[Product], wanted: Mapping[str, tuple[str, str]]) -> None:
    changed = []
    for product in products:
        name, category = wanted[product.sku]
        filled = (product.name or name[:200], product.category or category[:120])
        if filled != (product.name, product.category):
            product.name, product.category = filled
            changed.append(product)
    if changed:
        Product.objects.bulk_update(changed, ["name", "category"], batch_size=400)


def _by_sku(skus: list[str]) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for start in range(0, len(skus), CHUNK):
        rows = Product.objects.filter(sku__in=skus[start : start + CHUNK]).order_by("sku")
        found |= {product.sku: product for product in rows}
    return found
