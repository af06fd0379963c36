"""The list of segments, and the ready-made ones put into it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from config.kit.access import staff
from config.kit.clock import now
from customers.models import Segment
from customers.segments.actions import ready_made
from customers.segments.queries import listing
from customers.segments.queries.listing import Wish

KINDS = [
    ("", gettext_lazy("Rules and lists")),
    ("rules", gettext_lazy("Defined by rules")),
    ("list", gettext_lazy("Lists")),
]
STATES = [
    ("", gettext_lazy("All")),
    ("used", gettext_lazy("In use")),
    ("unused", gettext_lazy("Not used")),
    ("problem", gettext_lazy("With a problem")),
]
OFFERED = 6


@staff("customers.view_segment")
def segment_list(request: HttpRequest) -> HttpResponse:
    """Segments with size, what moved and what builds on them; without any, the ready-made ones to start from."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    wish = Wish(text, kind if kind in dict(KINDS) else "", state if state in dict(STATES) else "", _sort(request))
    page = Paginator(listing.segments(wish), 50).get_page(request.GET.get("page"))
    context = {
        "page": page, "rows": listing.rows(list(page)), "wish": wish, "kinds": KINDS, "states": STATES,
        "is_filtered": bool(wish.text or wish.kind or wish.state),
    }  # fmt: skip
    if not context["rows"] and not context["is_filtered"] and not Segment.objects.exists():
        context["recipes"] = ready_made.recipes(now())[:OFFERED]
    return render(request, "customers/segments/segment_list.html", context)


def _sort(request: HttpRequest) -> str:
    sort = request.GET.get("sort", "name")
    return sort if sort.removeprefix("-") in listing.SORTS else "name"


@staff("customers.add_segment")
@require_POST
def install(request: HttpRequest) -> HttpResponse:
    """Create the ready-made segments that are not there yet: all, or those named by `recipe`."""
    made = ready_made.install_ready_made(now(), user_id=request.user.pk, keys=request.POST.getlist("recipe") or None)
    if made:
        text = ngettext("%(count)d segment created.", "%(count)d segments created.", len(made)) % {"count": len(made)}
        messages.success(request, text)
    else:
        messages.info(request, _("All ready-made segments are there already."))
    return redirect("customers:segment-list")
