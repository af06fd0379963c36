"""The panel of the customer page: where somebody stands, since when, and why."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from config.kit import sql
from config.kit.access import staff
from config.kit.clock import now
from customers.models import Customer, CustomerPersona, CustomerStanding, SegmentMembership, StageRule
from customers.segments import queries as segments
from customers.segments.rules.parse import BadDefinition
from customers.stages.queries import listing, usage

LIMIT_SECONDS = 5


@staff("customers.view_stagerule", "customers.view_customer")
def standing(request: HttpRequest, pk: int) -> HttpResponse:
    """Stage with its reason, personas, use of the product, and the last changes."""
    customer = get_object_or_404(Customer, pk=pk)
    fits = CustomerPersona.objects.filter(customer=customer).select_related("persona")
    context: dict[str, Any] = {
        "customer": customer, "standing": CustomerStanding.objects.filter(customer=customer).first(),
        "tried": _tried(customer), "changes": listing.changes(pk), "usage_rule": usage.rule(),
        "personas": fits.order_by("persona__position"),
    }  # fmt: skip
    context |= _why(customer, context["tried"]) if "why" in request.GET else {}
    return render(request, "customers/stages/partials/panel.html", context)


def _tried(customer: Customer) -> list[dict[str, Any]]:
    """The rules up to the one that holds, in their order."""
    inside = set(SegmentMembership.objects.filter(customer=customer).values_list("segment_id", flat=True))
    found = []
    for rule in StageRule.objects.filter(is_active=True, segment__isnull=False).select_related("segment"):
        found.append({"rule": rule, "label": listing.label(rule.stage), "holds": rule.segment_id in inside})
        if rule.segment_id in inside:
            break
    return found


def _why(customer: Customer, tried: list[dict[str, Any]]) -> dict[str, Any]:
    """The deciding rule, condition by condition with the values found."""
    segment = tried[-1]["rule"].segment if tried and tried[-1]["holds"] else None
    if segment is None or not segment.definition:
        return {"is_explained": True}
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            return {"is_explained": True, "line": segments.explain(segment.definition, customer.pk, now())}
    except BadDefinition as error:
        return {"is_explained": True, "problem": str(error)}
    except sql.TookTooLong:
        return {"is_explained": True, "problem": _("The rules took too long for this customer.")}
