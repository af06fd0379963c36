"""Product usage: what counts, from when a level begins, and how customers would spread."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from config.kit import sql
from config.kit.access import staff
from config.kit.clock import now
from customers.actions import audit
from customers.enums import UsageLevel
from customers.models import UsageRule
from customers.stages.actions import usage
from customers.stages.forms import MAX_EVENTS, UsageForm
from customers.stages.queries import usage as queries

LIMIT_SECONDS = 20
SHOWN_DAYS = 31


@staff("customers.view_usagerule")
def usage_edit(request: HttpRequest) -> HttpResponse:
    """Everybody may look; with `preview` the page shows what the form would give, without it a POST saves."""
    can_change = request.user.has_perm("customers.change_usagerule")
    stored = queries.rule()
    form = UsageForm(request.POST if request.method == "POST" and can_change else None, instance=queries.rule())
    names = [name[:80] for name in request.POST.getlist("event")][:MAX_EVENTS] if form.is_bound else stored.event_names
    names = [name for name in names if name and "\x00" not in name]
    if not can_change:
        for field in form.fields.values():
            field.disabled = True
    is_valid = form.is_bound and form.is_valid()
    if is_valid and "preview" not in request.POST:
        form.instance.event_names = names
        usage.save(form.instance, at=now())
        audit.note("usage.changed", subject=", ".join(names), user_id=request.user.pk, at=now())
        messages.success(request, _("Saved. Everybody’s days of use are counted again now; it takes a minute or two."))
        return redirect("customers:usage-edit")
    shown = form.instance if is_valid else stored
    shown.event_names = names if is_valid else stored.event_names
    context: dict[str, Any] = {
        "form": form, "choices": queries.choosable(names), "chosen": set(names), "can_change": can_change,
        "is_preview": is_valid, "stored": stored, "is_set_up": bool(stored.event_names),
    }  # fmt: skip
    return render(request, "customers/stages/usage_form.html", context | _figures(shown))


def _figures(shown: UsageRule) -> dict[str, Any]:
    """Levels now and by the shown rule, and the customers by number of active days."""
    try:
        with sql.statement_timeout(LIMIT_SECONDS):
            spread = queries.spread(shown, now())
    except sql.TookTooLong:
        return {"is_too_slow": True}
    present = queries.levels_now()
    then = queries.by_level(shown, spread, sum(present.values()))
    levels = [
        {"key": str(level), "label": level.label, "now": present.get(str(level), 0), "then": then[str(level)]}
        for level in UsageLevel
    ]
    by_day: dict[int, int] = {}
    for days, count in spread:
        by_day[min(days, SHOWN_DAYS)] = by_day.get(min(days, SHOWN_DAYS), 0) + count
    last = max(by_day, default=0)
    chart = {
        "id": "usage-days", "title": _("Customers by active days"), "kind": "bar", "unit": "number",
        "labels": [f"{day}+" if day == SHOWN_DAYS else str(day) for day in range(1, last + 1)],
        "series": [{"name": _("Customers"), "values": [by_day.get(day, 0) for day in range(1, last + 1)]}],
    }  # fmt: skip
    return {"levels": levels, "chart": chart if spread else None}
