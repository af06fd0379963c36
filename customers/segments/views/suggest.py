"""Suggestions while somebody types in the rule builder, as JSON: `[{"value", "label", "hint"}]`."""

from django.core.cache import cache
from django.db.models import Count, Q
from django.http import HttpRequest, JsonResponse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from config.kit import sql
from config.kit.access import staff
from customers.models import EventAggregate, Product

LIMIT, SECONDS, HOUR, TEN_MINUTES = 20, 5, 3600, 600


@staff("customers.view_segment")
@require_GET
def suggest_products(request: HttpRequest) -> JsonResponse:
    """Products whose SKU or name begins with the text or holds it."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    found = Product.objects.order_by("name", "sku")
    if text:
        found = found.filter(Q(sku__istartswith=text) | Q(name__icontains=text))
    rows = found.values_list("sku", "name", "category")[:LIMIT]
    answer = [
        {"value": sku, "label": name or sku, "hint": " · ".join(filter(None, [sku, kind]))} for sku, name, kind in rows
    ]
    return JsonResponse(answer, safe=False)


@staff("customers.view_segment")
@require_GET
def suggest_events(request: HttpRequest) -> JsonResponse:
    """How many customers did each event, counted at most once in ten minutes; nothing where counting takes too long."""
    counts: dict[str, int] | None = cache.get("segments.event_customers")
    if counts is None:
        counts, kept = _counted()
        cache.set("segments.event_customers", counts, kept)
    said = {
        name: ngettext("%(count)s customer", "%(count)s customers", count) % {"count": f"{count:,}"}
        for name, count in counts.items()
    }
    return JsonResponse([{"value": name, "hint": hint} for name, hint in said.items()], safe=False)


def _counted() -> tuple[dict[str, int], int]:
    rows = EventAggregate.objects.order_by().values_list("name").annotate(customers=Count("id"))
    try:
        with sql.statement_timeout(SECONDS):
            return dict(rows[:1000]), TEN_MINUTES
    except sql.TookTooLong:
        return {}, HOUR
