"""Settings: brand, watchdog, event catalogue, audit log."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.actions import timeline as recording
from customers.forms import BrandForm
from customers.models import AuditEntry, Brand, PendingEvent
from customers.ports import settings_pages
from customers.queries import brand, watchdog
from customers.tracking import queries

SECTIONS = ["Account", "Consent and privacy", "Data", "System"]


def _note(request: HttpRequest, verb: str, subject: str, **detail: object) -> None:
    audit.note(verb, subject=subject, user_id=request.user.pk, at=now(), address=client_address(request), detail=detail)


@staff()
def overview(request: HttpRequest) -> HttpResponse:
    """The settings that this person may see."""
    pages = [
        {
            "url": reverse(page.url_name),
            "title": page.title,
            "icon": page.icon,
            "text": page.text,
            "section": page.section,
            "warnings": page.warnings() if page.warnings else 0,
        }
        for page in sorted(settings_pages.all(), key=lambda page: (SECTIONS.index(page.section), page.order))
        if request.user.has_perm(page.permission)
    ]
    return render(request, "customers/settings.html", {"pages": pages})


@staff("customers.view_brand")
def brand_edit(request: HttpRequest) -> HttpResponse:
    """The brand: everybody may look, those who may change it save."""
    can_change = request.user.has_perm("customers.change_brand")
    form = BrandForm(request.POST if request.method == "POST" and can_change else None, instance=brand.current())
    if not can_change:
        for field in form.fields.values():
            field.disabled = True
    if form.is_bound and form.is_valid():
        stored: Brand = form.save(commit=False)
        stored.pk = 1
        stored.save()
        _note(request, "brand.changed", stored.name, fields=list(form.changed_data))
        messages.success(request, _("The brand was saved."))
        return redirect("customers:brand-edit")
    return render(request, "customers/brand_form.html", {"form": form, "can_change": can_change})


@staff("customers.view_heartbeat")
def watchdog_page(request: HttpRequest) -> HttpResponse:
    """What waits, what is late, what failed."""
    failed = Paginator(watchdog.failed_events(), 25).get_page(request.GET.get("page"))
    context = {
        "statuses": watchdog.job_statuses(now()),
        "failed": failed,
        "pending_count": PendingEvent.objects.count(),
        "runs": watchdog.job_runs()[:15],
        "can_retry": request.user.has_perm("customers.change_failedevent"),
    }
    return render(request, "customers/watchdog.html", context)


@staff("customers.change_failedevent")
@require_POST
def watchdog_retry(request: HttpRequest) -> HttpResponse:
    """Put one failed event, or all, back into the inbox."""
    one = request.POST.get("failed", "")
    ids = [int(one)] if one.isdecimal() and len(one) < 19 else None
    if one and ids is None:
        messages.error(request, _("There is no such event."))
        return redirect("customers:watchdog")
    count = recording.retry_failed(failed_ids=ids)
    _note(request, "events.retried", f"{count} events", count=count)
    messages.success(request, _("%(count)s events are tried again.") % {"count": count})
    return redirect("customers:watchdog")


@staff("customers.view_event")
def event_list(request: HttpRequest) -> HttpResponse:
    """Every event name with its meaning, its properties and how often it was seen."""
    return render(request, "customers/event_list.html", {"rows": watchdog.catalogue(), "tabs": queries.tabs("own")})


@staff("customers.view_auditentry")
def audit_list(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first; `verb` narrows it to actions that begin so."""
    entries = AuditEntry.objects.select_related("user").order_by("-id")
    verb = request.GET.get("verb", "").replace("\0", "").strip()[:80]
    if verb:
        entries = entries.filter(verb__startswith=verb)
    page = Paginator(entries, 50).get_page(request.GET.get("page"))
    return render(request, "customers/audit_list.html", {"page": page, "verb": verb})
