"""The suppression list: look an address up, block by hand or by file, take off with a reason, take a copy."""

from collections.abc import Iterator

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.actions.consent import CannotUnsuppress
from customers.consents.actions import suppressions
from customers.consents.forms import SuppressForm
from customers.enums import Channel, SuppressionReason
from customers.models import Suppression
from customers.rules import addresses

COUNTED = 10_000


class _CappedPaginator(Paginator):
    @property
    def count(self) -> int:
        rows: object = self.object_list
        return int(rows.order_by()[:COUNTED].count())  # type: ignore[attr-defined]


@staff("customers.view_suppression")
def suppression_list(request: HttpRequest) -> HttpResponse:
    """Who gets nothing, and why. Addresses are kept as keyed hashes: one can be looked up, none can be read."""
    rows = Suppression.objects.select_related("customer").order_by("-pk")
    counts = list(Suppression.objects.order_by().values_list("channel", "reason").annotate(total=Count("id")))
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:254]
    reason, channel = request.GET.get("reason", ""), request.GET.get("channel", "")
    if wanted:
        hashes = [addresses.fingerprint(way, wanted) for way in addresses.FIELDS]
        rows = rows.filter(address_hash__in=hashes)
    if reason in SuppressionReason.values:
        rows = rows.filter(reason=reason)
    if channel in Channel.values:
        rows = rows.filter(channel=channel)
    groups = [
        {"channel": Channel(way).label, "reason": SuppressionReason(why).label, "count": total, "way": way, "why": why}
        for way, why, total in sorted(counts, key=lambda row: -row[2])
    ]
    context = {
        "page": _CappedPaginator(rows, 50).get_page(request.GET.get("page")), "groups": groups, "wanted": wanted,
        "is_filtered": bool(wanted or reason or channel), "total": sum(group["count"] for group in groups),
    }  # fmt: skip
    return render(request, "customers/consents/suppression_list.html", context)


@staff("customers.add_suppression")
def suppression_add(request: HttpRequest) -> HttpResponse:
    """Block addresses that are typed or come in a file."""
    form = SuppressForm(request.POST or None, request.FILES or None)
    added = None
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        added = suppressions.add_many(
            said["found"], channel=said["channel"], user_id=request.user.pk, at=now(), bad=said["bad"]
        )
        form = SuppressForm(initial={"channel": said["channel"]})
    return render(request, "customers/consents/suppression_add.html", {"form": form, "added": added})


@staff("customers.delete_suppression")
@require_POST
def suppression_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an entry off the list; the reason goes into the audit log."""
    row = get_object_or_404(Suppression, pk=pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why the block is lifted."))
        return redirect("customers:suppression-list")
    try:
        suppressions.remove(row, reason=reason, user_id=request.user.pk, at=now())
        messages.success(request, _("The block was lifted."))
    except CannotUnsuppress:
        messages.error(request, _("This address was erased on request; only its owner can lift that, by a new sign-up."))
    return redirect("customers:suppression-list")


@staff("customers.view_suppression", "customers.export_customer")
@require_POST
def suppression_export(request: HttpRequest) -> StreamingHttpResponse:
    """The list as CSV: keyed hashes, which another installation with the same key can compare."""
    audit.note(
        "suppression.exported", subject=_("Suppression list"), user_id=request.user.pk, at=now(),
        address=client_address(request), detail={"count": Suppression.objects.count()},
    )  # fmt: skip
    answer = StreamingHttpResponse(_lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="suppressions.csv"'
    return answer


def _lines() -> Iterator[str]:
    yield "channel,address_hash,reason,since\r\n"
    rows = Suppression.objects.order_by("pk").values_list("channel", "address_hash", "reason", "created_at")
    for channel, hashed, reason, since in rows.iterator(chunk_size=5000):
        yield f"{channel},{hashed},{reason},{since.isoformat()}\r\n"
