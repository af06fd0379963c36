"""Export pages: what can be taken out, one list with its filters, progress and download."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.exports.actions import jobs, stream
from customers.exports.forms import CriteriaForm
from customers.exports.queries import jobs as queries
from customers.ports import exports
from customers.ports.exports import Export

EXPORT = "customers.export_customer"


@staff(EXPORT)
def export_list(request: HttpRequest) -> HttpResponse:
    """Every list that can be taken out, and the latest files of whoever looks."""
    page = Paginator(queries.mine(request.user.pk), 10).get_page(request.GET.get("page"))
    waits = any(queries.is_under_way(job) for job in page.object_list)
    context = {"page": page, "waits": waits}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "customers/exports/partials/files.html", context)
    return render(request, "customers/exports/list.html", context | {"exports": queries.offered(request.user)})


@staff(EXPORT)
def export_new(request: HttpRequest, key: str) -> HttpResponseBase:
    """Say what of a list is wanted; a POST takes it out, at once or in the background."""
    export = _export(request, key)
    form = CriteriaForm(request.POST if request.method == "POST" else None, export=export)
    if request.method == "POST" and form.is_valid():
        criteria = form.criteria()
        if "now" in request.POST:
            return stream.response(
                request, name=export.key.replace(".", "-"), label=str(export.label), rows=export.rows(criteria),
                criteria=jobs.written(criteria),
            )  # fmt: skip
        jobs.ask(key=key, criteria=criteria, user_id=request.user.pk, at=now(), address=client_address(request))
        messages.success(request, _("The file is being written. You can leave this page."))
        return redirect("customers:export-list")
    context: dict[str, Any] = {"export": export, "form": form}
    return render(request, "customers/exports/new.html", context, status=422 if form.errors else 200)


def _export(request: HttpRequest, key: str) -> Export:
    if not exports.has(key):
        raise Http404
    export = exports.get(key)
    if not request.user.has_perms(export.permissions):
        raise PermissionDenied
    return export


@staff(EXPORT)
@require_POST
def export_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop an export of one's own."""
    job = get_object_or_404(queries.mine(request.user.pk), pk=pk)
    if jobs.stop(job.pk, at=now()):
        messages.success(request, _("Stopped. Nothing of it is kept."))
    return redirect("customers:export-list")


@staff(EXPORT)
def export_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file, only for whoever asked for it and only for a day."""
    job = get_object_or_404(queries.mine(request.user.pk), pk=pk)
    if not job.file or not job.finished_at or job.finished_at < now() - jobs.KEEP:
        raise Http404
    _export(request, job.key)
    try:
        opened = job.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    audit.note("export.downloaded", subject=job.label, user_id=request.user.pk, at=now(), address=client_address(request),
               detail={"export": job.pk, "list": job.key, "rows": job.row_count})  # fmt: skip
    name = f"{job.key.replace('.', '-')}-{job.created_at:%Y-%m-%d}.csv"
    answer = FileResponse(opened, as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer
