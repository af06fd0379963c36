"""Import pages: list, upload, mapping with preview, progress and result."""

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.enums import ImportKind, ImportState
from customers.imports import queries
from customers.imports.actions import jobs, run
from customers.imports.adapters.csv_files import DELIMITERS, ENCODINGS, Dialect, UnreadableFile
from customers.imports.forms import MappingForm, UploadForm
from customers.imports.rules import columns, systems
from customers.imports.rules.previews import preview
from customers.imports.rules.taking import Row
from customers.models import ImportJob

IMPORT = "customers.import_customer"


@staff("customers.view_importjob")
def import_list(request: HttpRequest) -> HttpResponse:
    """All imports, newest first."""
    page = Paginator(queries.listed(), 25).get_page(request.GET.get("page"))
    return render(request, "customers/import_list.html", {"page": page, "can_import": request.user.has_perm(IMPORT)})


@staff(IMPORT)
def import_new(request: HttpRequest) -> HttpResponse:
    """Choose a kind and upload a file."""
    initial = {"kind": request.GET.get("kind", ImportKind.CUSTOMERS)}
    form = UploadForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            job = jobs.upload(
                kind=form.cleaned_data["kind"], file=form.cleaned_data["file"], user_id=request.user.pk, at=now()
            )
        except UnreadableFile as error:
            form.add_error("file", str(error))
        else:
            audit.note("import.uploaded", subject=job.file_name, user_id=request.user.pk, at=now(),
                       address=client_address(request), detail={"import": job.pk, "kind": job.kind})  # fmt: skip
            return redirect("customers:import-map", job.pk)
    context = {"form": form, "formats": _formats(), "steps": _steps(1)}
    return render(request, "customers/import_new.html", context, status=422 if form.errors else 200)


def _formats() -> list[dict[str, Any]]:
    found = []
    for kind in run.kinds():
        listed = [column for column in columns.FORMATS[kind] if not column.group]
        found.append({"label": kind.label, "kind": kind.value, "columns": listed, "help": HELP[kind]})
    return found


HELP: dict[str, Any] = {
    ImportKind.CUSTOMERS: gettext_lazy("One row per person. Any further column becomes an attribute."),
    ImportKind.PRODUCTS: gettext_lazy("One row per article."),
    ImportKind.ORDERS: gettext_lazy("One row per line of an order, the lines of an order behind each other."),
    ImportKind.REFUNDS: gettext_lazy("One row per refund. It is taken off its order."),
    ImportKind.EVENTS: gettext_lazy("One row per event. Columns called “properties.…” become its properties."),
    ImportKind.SUBSCRIPTIONS: gettext_lazy("One row per subscription as it stands, or one per change with “changed_at”."),
    ImportKind.CONSENTS: gettext_lazy("One row per answer, with proof. A later answer of the person always stays."),
    ImportKind.POINTS: gettext_lazy("One row per member: the balance they bring along, given once."),
}


@staff("customers.view_importjob")
def import_sample(request: HttpRequest, kind: str) -> HttpResponse:
    """A file of one row that shows how files of a kind look."""
    if kind not in run.kinds():
        raise Http404
    header, row = columns.sample(kind)
    lines = queries.csv_lines(iter([header, list(row)]))
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{kind}-sample.csv"'
    return response


def _steps(current: int) -> list[dict[str, Any]]:
    labels = [_("Upload"), _("Columns"), _("Import"), _("Result")]
    return [
        {"label": label, "url": "", "is_current": number == current, "is_done": number < current}
        for number, label in enumerate(labels, 1)
    ]


@staff(IMPORT)
def import_map(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which column is what, look at the first rows, and start."""
    job = get_object_or_404(ImportJob, pk=pk)
    if job.state != ImportState.UPLOADED:
        return redirect("customers:import-detail", pk)
    error = ""
    try:
        sample = _sample(job, request)
    except (UnreadableFile, FileNotFoundError, UnicodeError) as problem:
        sample, error = [], str(problem) if isinstance(problem, UnreadableFile) else _("The file is gone. Upload it again.")
    system = systems.recognise(job.kind, job.header)
    suggested = systems.suggest_for(system, job.kind, job.header, [row.cells for row in sample])
    initial = {"encoding": job.encoding, "delimiter": job.delimiter}
    same_header = request.POST.get("header", "") == "\x1f".join(job.header)
    data = request.POST if request.method == "POST" and same_header else None
    form = MappingForm(
        data, kind=job.kind, header=job.header, mapping=suggested, system=system,
        status=systems.file_status(system, job.file_name, job.header), initial=initial,
    )  # fmt: skip
    ready = form.is_bound and form.is_valid() and not error
    if ready and "start" in request.POST:
        return _start(request, job, form)
    mapping = form.mapping() if form.is_bound and hasattr(form, "cleaned_data") else suggested
    taking = run.make_taking(job.kind, job.header, mapping)
    context = {
        "job": job,
        "form": form,
        "error": error,
        "steps": _steps(2),
        "header_text": "\x1f".join(job.header),
        "system": system,
        "preview": preview(sample[:10], taking),
        "preview_titles": [_title(job.kind, target) for target in mapping.values()],
        "columns": _columns(form, sample),
        "repeated": _repeated(job.header),
    }
    return render(request, "customers/import_map.html", context)


def _sample(job: ImportJob, request: HttpRequest) -> list[Row]:
    encoding, delimiter = request.POST.get("encoding", job.encoding), request.POST.get("delimiter", job.delimiter)
    is_other = (encoding, delimiter) != (job.encoding, job.delimiter)
    if is_other and encoding in ENCODINGS and delimiter in DELIMITERS:
        return jobs.read_as(job, encoding=encoding, delimiter=delimiter)
    return run.head(Path(job.file.path), Dialect(job.encoding, job.delimiter, job.row_count))[1]


def _title(kind: str, target: str) -> str:
    known = columns.columns(kind)
    return known[target].label if target in known else target.split(".", 2)[-1]


def _columns(form: MappingForm, sample: list[Row]) -> list[dict[str, Any]]:
    found = []
    for position, field in enumerate(form.columns()):
        texts = [row.cells[position].strip() for row in sample if position < len(row.cells) and row.cells[position].strip()]
        found.append({"field": field, "examples": [text[:60] for text in texts[:3]]})
    return found


def _repeated(header: list[str]) -> list[str]:
    names = [title.casefold() for title in header if title]
    return sorted({title for title in header if title and names.count(title.casefold()) > 1})


def _start(request: HttpRequest, job: ImportJob, form: MappingForm) -> HttpResponse:
    try:
        jobs.start(job, mapping=form.mapping(), options=form.options())
    except jobs.CannotStart:
        messages.info(request, _("This import was started already."))
    else:
        audit.note("import.started", subject=job.file_name, user_id=request.user.pk, at=now(),
                   address=client_address(request),
                   detail={"import": job.pk, "kind": job.kind, "consent": bool(form.options())})  # fmt: skip
    return redirect("customers:import-detail", job.pk)


@staff("customers.view_importjob")
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Progress while it runs, result when it has ended; htmx asks for the fragment every 2 seconds."""
    job = get_object_or_404(queries.listed(), pk=pk)
    if job.state == ImportState.UPLOADED:
        return redirect("customers:import-map", pk)
    context = {
        "job": job,
        "is_under_way": queries.is_under_way(job),
        "problems": queries.problems(job)[:50],
        "can_import": request.user.has_perm(IMPORT),
        "kept": run.KEPT_PROBLEMS,
        "steps": _steps(3 if queries.is_under_way(job) else 4),
    }
    name = "customers/partials/import_progress.html" if request.htmx else "customers/import_detail.html"  # type: ignore[attr-defined]
    return render(request, name, context)


@staff(IMPORT)
@require_POST
def import_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop after the batch under way."""
    job = get_object_or_404(ImportJob, pk=pk)
    if jobs.stop(job.pk, at=now()):
        audit.note("import.stopped", subject=job.file_name, user_id=request.user.pk, at=now(),
                   address=client_address(request), detail={"import": job.pk})  # fmt: skip
        messages.success(request, _("Stopped. What was taken so far stays."))
    return redirect("customers:import-detail", pk)


@staff(IMPORT)
@require_POST
def import_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a stopped or failed import."""
    job = get_object_or_404(ImportJob, pk=pk)
    if jobs.go_on(job.pk):
        audit.note("import.resumed", subject=job.file_name, user_id=request.user.pk, at=now(),
                   address=client_address(request), detail={"import": job.pk})  # fmt: skip
    else:
        messages.error(request, _("This import cannot go on. Upload the file again."))
    return redirect("customers:import-detail", pk)


@staff(IMPORT)
def import_problems(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows that were not taken, as a file."""
    job = get_object_or_404(ImportJob, pk=pk)
    lines = queries.csv_lines(queries.problem_rows(job))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{job.pk}-problems.csv"'
    return response
