"""The gallery of ready-made segments: what each would hold, and adding all or picked ones."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.kit import sql
from config.kit.access import staff
from config.kit.clock import now
from customers.segments import queries
from customers.segments.actions import ready_made
from customers.segments.queries import recipes

LIMIT_SECONDS = 10


@staff("customers.view_segment")
def gallery(request: HttpRequest) -> HttpResponse:
    """The ready-made segments that the company's data can fill; `?count=1` says how many customers each has now."""
    at = now()
    found = ready_made.recipes(at)
    installed = ready_made.installed(found)
    sizes: dict[str, int] = {}
    is_slow = False
    if request.GET.get("count"):
        try:
            with sql.statement_timeout(LIMIT_SECONDS):
                sizes = recipes.sizes(found, at)
        except sql.TookTooLong:
            is_slow = True
    rows: list[dict[str, Any]] = [
        {
            "recipe": recipe, "words": queries.describe(recipe.definition), "segment_id": installed.get(recipe.key),
            "size": sizes.get(recipe.key),
        }
        for recipe in found
    ]  # fmt: skip
    groups: list[tuple[str, list[dict[str, Any]]]] = [
        (name, list(items)) for name, items in groupby(rows, key=lambda row: row["recipe"].group)
    ]
    context = {
        "groups": groups, "is_counted": bool(sizes), "is_slow": is_slow,
        "missing": len(found) - len(installed),
    }  # fmt: skip
    return render(request, "customers/segments/gallery.html", context)


@staff("customers.add_segment")
@require_POST
def gallery_add(request: HttpRequest) -> HttpResponse:
    """Add the picked ready-made segments, or with `all` every one that is not there yet."""
    keys = None if request.POST.get("all") else request.POST.getlist("key")[:200]
    if keys == []:
        messages.error(request, _("Choose at least one segment."))
        return redirect("customers:segment-gallery")
    made = ready_made.install_ready_made(now(), user_id=request.user.pk, keys=keys)
    if not made:
        messages.info(request, _("These segments are there already."))
        return redirect("customers:segment-gallery")
    text = ngettext("%(count)d segment added.", "%(count)d segments added.", len(made)) % {"count": len(made)}
    messages.success(request, text)
    return redirect("customers:segment-list")
