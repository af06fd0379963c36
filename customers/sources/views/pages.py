"""Settings → Sources: connections, their health and their log."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from config.kit.queue import enqueue
from customers.actions import audit
from customers.enums import DeliveryState, SourceKind
from customers.models import Connection, Delivery
from customers.sources import queries
from customers.sources.actions import connections
from customers.sources.forms import ConnectionForm, LogForm
from customers.sources.views import hooks

SEE, ADD, CHANGE, DELETE = (f"customers.{verb}_connection" for verb in ("view", "add", "change", "delete"))


def _note(request: HttpRequest, verb: str, source: Connection, **detail: object) -> None:
    detail = {"connection": source.pk, **detail}
    audit.note(verb, subject=source.name, user_id=request.user.pk, at=now(), address=client_address(request), detail=detail)


def _crumbs(source: Connection | None = None, label: str = "") -> list[dict[str, str]]:
    found = [
        {"label": _("Settings"), "url": reverse("customers:settings")},
        {"label": _("Sources"), "url": reverse("customers:source-list")},
    ]
    if source is not None:
        found.append({"label": source.name, "url": reverse("customers:source-detail", args=[source.pk]) if label else ""})
    return found + ([{"label": label, "url": ""}] if label else [])


@staff(SEE)
def source_list(request: HttpRequest) -> HttpResponse:
    """All connections and how they do."""
    rows = queries.health(Connection.objects.order_by("name", "id"))
    return render(request, "customers/sources/source_list.html", {"rows": rows, "kinds": SourceKind.choices})


@staff(ADD)
def source_add(request: HttpRequest, kind: str) -> HttpResponse:
    """Connect a Stripe account or a Shopify shop."""
    if kind not in SourceKind.values:
        raise Http404
    form = ConnectionForm(request.POST or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        source = connections.add(
            kind=kind, name=data["name"], account=data.get("account", ""), signing_secret=data["signing_secret"],
            api_token=data["api_token"], at=now(),
        )  # fmt: skip
        _note(request, "source.added", source, kind=kind)
        messages.success(
            request, _("Connected. Now paste the address below into %(kind)s.") % {"kind": source.get_kind_display()}
        )
        return redirect("customers:source-detail", source.pk)
    label = _("Connect %(kind)s") % {"kind": SourceKind(kind).label}
    context = {"form": form, "kind": kind, "label": label, "crumbs": _crumbs(label=label), "source": None}
    return render(request, "customers/sources/source_form.html", context, status=422 if form.errors else 200)


@staff(CHANGE)
def source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a connection or replace its secrets."""
    source = get_object_or_404(Connection, pk=pk)
    form = ConnectionForm(request.POST or None, kind=source.kind, connection=source)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        changed = connections.change(
            source, name=data["name"], account=data.get("account", source.account), signing_secret=data["signing_secret"],
            api_token=data["api_token"], forget_token=bool(data.get("forget_token")),
        )  # fmt: skip
        if changed:
            _note(request, "source.changed", source, fields=changed)
        messages.success(request, _("The connection was saved."))
        return redirect("customers:source-detail", source.pk)
    context = {
        "form": form,
        "kind": source.kind,
        "label": _("Change"),
        "crumbs": _crumbs(source, _("Change")),
        "source": source,
    }
    return render(request, "customers/sources/source_form.html", context, status=422 if form.errors else 200)


@staff(SEE)
def source_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The address to paste, the health, and the log of a connection."""
    source = get_object_or_404(Connection, pk=pk)
    form = LogForm(request.GET or None, topics=queries.topics(source.kind))
    chosen = form.chosen() if form.is_bound else {}
    context: dict[str, Any] = {
        "source": source,
        "health": queries.health([source])[0],
        "address": request.build_absolute_uri(reverse("customers:source-hook", args=[source.code])),
        "topics": queries.topics(source.kind),
        "secrets": queries.masked(source) if request.user.has_perm(CHANGE) else None,
        "refused": hooks.refusals(source),
        "page": Paginator(queries.log(source, **chosen), 25).get_page(request.GET.get("page")),
        "form": form,
        "is_filtered": any(chosen.values()),
        "checks": queries.last_checks(source),
        "crumbs": _crumbs(source),
    }
    return render(request, "customers/sources/source_detail.html", context)


@staff(CHANGE)
@require_POST
def source_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause or resume."""
    source = get_object_or_404(Connection, pk=pk)
    is_active = request.POST.get("do") == "resume"
    if connections.set_active(source, is_active=is_active):
        _note(request, "source.resumed" if is_active else "source.paused", source)
    text = _("Webhooks are taken in again.") if is_active else _("Paused. Webhooks are kept and wait until you resume.")
    messages.success(request, text)
    return redirect("customers:source-detail", pk)


@staff(DELETE)
def source_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete a connection with its log."""
    source = get_object_or_404(Connection, pk=pk)
    if request.method == "POST":
        _note(request, "source.deleted", source, kind=source.kind)
        connections.delete(source)
        messages.success(request, _("The connection was deleted. What came through it stays."))
        return redirect("customers:source-list")
    count = Delivery.objects.filter(connection=source).count()
    context = {"source": source, "count": count, "crumbs": _crumbs(source, _("Delete"))}
    return render(request, "customers/sources/source_delete.html", context)


@staff(CHANGE)
@require_POST
def source_replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Take in again everything that failed or is held."""
    source = get_object_or_404(Connection, pk=pk)
    count = connections.replay(source, at=now())
    _note(request, "source.replayed", source, count=count)
    text = ngettext("%(count)s webhook is taken in again.", "%(count)s webhooks are taken in again.", count)
    messages.success(request, text % {"count": f"{count:,}"})
    return redirect("customers:source-detail", pk)


@staff(CHANGE)
@require_POST
def source_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare with the source now."""
    source = get_object_or_404(Connection, pk=pk)
    if not source.api_token:
        messages.error(request, _("Enter an API token first."))
    else:
        enqueue("customers.check_source", connection_id=source.pk)
        _note(request, "source.checked", source)
        messages.success(request, _("The check has begun. Its result appears on this page."))
    return redirect("customers:source-detail", pk)


@staff(SEE, "customers.view_delivery", "customers.view_customer")
def delivery_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One webhook: what came, and what became of it."""
    delivery = get_object_or_404(Delivery.objects.select_related("connection"), pk=pk)
    context = {
        "delivery": delivery,
        "source": delivery.connection,
        "payload": queries.pretty(delivery.payload),
        "is_troubled": delivery.state in (DeliveryState.FAILED, DeliveryState.HELD),
        "crumbs": _crumbs(delivery.connection, delivery.topic or _("Webhook")),
    }
    return render(request, "customers/sources/delivery_detail.html", context)


@staff(CHANGE)
@require_POST
def delivery_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one webhook in again, or set it aside."""
    delivery = get_object_or_404(Delivery.objects.select_related("connection"), pk=pk)
    source = delivery.connection
    if request.POST.get("do") == "set-aside":
        if connections.set_aside(source, delivery_id=pk, by=request.user.get_username(), at=now()):
            _note(request, "source.set_aside", source, delivery=pk)
            messages.success(request, _("Set aside."))
    else:
        connections.replay(source, at=now(), ids=[pk])
        _note(request, "source.replayed", source, delivery=pk)
        messages.success(request, _("It is taken in again."))
    return redirect("customers:source-delivery", pk)
