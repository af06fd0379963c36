"""Lists: made and changed by naming customers, with a look at what will happen before it does."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kit.access import staff
from config.kit.clock import now
from customers.enums import ListMode, ListUploadState, SegmentKind
from customers.imports.adapters.csv_files import UnreadableFile
from customers.models import ListUpload, Segment
from customers.segments.actions import list_uploads, save
from customers.segments.forms import ColumnForm, ListForm, PeopleForm
from customers.segments.rules import list_columns

WORKING = (ListUploadState.READING, ListUploadState.APPLYING)


@staff("customers.add_segment")
def list_add(request: HttpRequest) -> HttpResponse:
    """A new list, perhaps with its first people."""
    named_already = {"people": request.GET.get("people", "").replace("\x00", "")[:254]}
    form = ListForm(request.POST or None, request.FILES or None, initial=named_already)
    if request.method == "POST" and form.is_valid():
        named = form.cleaned_data
        segment = save.listed(name=named["name"], description=named["description"], user_id=request.user.pk, at=now())
        if not named["people"].strip() and not named["file"]:
            messages.success(request, _("The list is there, and empty."))
            return redirect("customers:segment-detail", segment.pk)
        return _take(request, segment, form, ListMode.ADD)
    return render(request, "customers/segments/list_form.html", {"form": form, "segment": None})


@staff("customers.change_segment")
def list_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Put customers on a list, take them off, or say who exactly is on it."""
    segment = get_object_or_404(Segment, pk=pk, kind=SegmentKind.STATIC)
    form = PeopleForm(request.POST or None, request.FILES or None, instance=segment)
    if request.method == "POST" and form.is_valid():
        return _take(request, segment, form, form.cleaned_data["mode"])
    waiting = ListUpload.objects.filter(segment=segment, created_by=request.user.pk).order_by("-id")
    open_ones = waiting.filter(state__in=[*WORKING, ListUploadState.ASKING, ListUploadState.READY])[:5]
    return render(request, "customers/segments/list_form.html", {"form": form, "segment": segment, "uploads": open_ones})


def _take(request: HttpRequest, segment: Segment, form: ListForm, mode: str) -> HttpResponse:
    asked: dict[str, Any] = {
        "mode": mode, "is_quiet": not form.cleaned_data["is_told"], "clock": now, "user_id": request.user.pk,
    }  # fmt: skip
    file = form.cleaned_data["file"]
    try:
        upload = (
            list_uploads.from_file(segment, file, **asked)
            if file
            else list_uploads.from_text(segment, form.cleaned_data["people"], **asked)
        )
    except list_uploads.CannotRead as error:
        messages.error(request, str(error))
        return redirect("customers:segment-list-edit", segment.pk)
    return redirect("customers:segment-upload", upload.pk)


@staff("customers.change_segment")
def list_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """What a text or file would do to its list: which column, how far it is, who would enter and leave."""
    upload = get_object_or_404(ListUpload.objects.select_related("segment"), pk=pk)
    is_asking = upload.state == ListUploadState.ASKING
    first = _first_line(upload) if is_asking else []
    form = ColumnForm(
        request.POST if request.POST.get("do") == "column" else None, first=first,
        initial={"column": upload.column, "means": upload.means, "has_header": upload.has_header},
    )  # fmt: skip
    if request.method == "POST":
        _act(request, upload, form if is_asking else None)
        if not (is_asking and form.errors):
            return redirect("customers:segment-upload", pk)
    context = {
        "upload": upload, "segment": upload.segment, "form": form, "is_asking": is_asking,
        "is_working": upload.state in WORKING, "is_ready": upload.state == ListUploadState.READY,
        "staying": upload.segment.member_count - upload.leaving,
    }  # fmt: skip
    return render(request, "customers/segments/list_upload.html", context)


def _first_line(upload: ListUpload) -> list[str]:
    try:
        return list_uploads.first_line(Path(settings.MEDIA_ROOT) / str(upload.file.name))
    except (OSError, UnreadableFile):
        return []


def _act(request: HttpRequest, upload: ListUpload, form: ColumnForm | None) -> None:
    do = request.POST.get("do")
    if do == "column" and form is not None and form.is_valid():
        named = form.cleaned_data
        column = list_columns.Column(named["column"], named["means"], named["has_header"])
        list_uploads.answer(upload, column, clock=now)
    elif do == "shared" and upload.state == ListUploadState.READY:
        ListUpload.objects.filter(pk=upload.pk).update(takes_shared=not upload.takes_shared)
        upload.refresh_from_db()
        list_uploads.start_reading(upload, clock=now)
    elif do == "drop" and list_uploads.drop(upload, at=now()):
        messages.info(request, _("Nothing was changed."))
    elif do == "confirm":
        _confirm(request, upload)


def _confirm(request: HttpRequest, upload: ListUpload) -> None:
    if not list_uploads.confirm(upload, clock=now):
        messages.info(request, _("This has been done or dropped already."))
    elif upload.state == ListUploadState.DONE:
        upload.refresh_from_db()
        parts = [
            ngettext("%(count)s customer put on the list.", "%(count)s customers put on the list.", upload.entering)
            % {"count": f"{upload.entering:,}"}
        ]
        if upload.leaving:
            parts.append(
                ngettext("%(count)s customer taken off.", "%(count)s customers taken off.", upload.leaving)
                % {"count": f"{upload.leaving:,}"}
            )
        messages.success(request, " ".join(parts))


@staff("customers.change_segment")
def list_report(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The entries that name nobody or several customers, as a file."""
    upload = get_object_or_404(ListUpload.objects.exclude(report=""), pk=pk)
    try:
        file = (Path(settings.MEDIA_ROOT) / str(upload.report.name)).open("rb")
    except OSError:
        raise Http404 from None
    return FileResponse(file, as_attachment=True, filename=f"list-{pk}-report.csv", content_type="text/csv; charset=utf-8")
