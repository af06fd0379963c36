"""Consent for staff: the overview, sign-up forms, and one customer's standing."""

from typing import Any

import segno
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit import tokens
from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.consents.actions import opt_in, preferences
from customers.consents.forms import SignUp, SignupFormForm, topics_offered
from customers.consents.queries import overview as figures
from customers.consents.queries import standing
from customers.consents.rules.links import preferences_url
from customers.enums import Channel, SuppressionReason
from customers.models import Customer, SignupForm
from customers.queries import consent


def _note(request: HttpRequest, verb: str, subject: str, **detail: object) -> None:
    audit.note(verb, subject=subject, user_id=request.user.pk, at=now(), address=client_address(request), detail=detail)


@staff("customers.view_consent")
def overview(request: HttpRequest) -> HttpResponse:
    """Who said what: per topic and channel, day by day, and where."""
    found = figures.overview(at=now())
    chart = {
        "id": "consent-days", "title": _("Yes and no, day by day"), "kind": "line", "unit": "number", "labels": found.days,
        "series": [
            {"name": _("Given"), "values": found.granted}, {"name": _("Withdrawn or refused"), "values": found.withdrawn},
        ],
    }  # fmt: skip
    blocked = [(SuppressionReason(reason).label, count) for reason, count in found.blocked]
    context = {"found": found, "chart": chart, "blocked": blocked, "is_quiet": not any(found.granted + found.withdrawn)}
    return render(request, "customers/consents/overview.html", context)


# --- Sign-up forms ----------------------------------------------------------------------------------------------------
@staff("customers.view_signupform")
def form_list(request: HttpRequest) -> HttpResponse:
    """Sign-up forms with what came of them."""
    rows = SignupForm.objects.annotate(
        asked=Count("opt_ins"), confirmed=Count("opt_ins", filter=Q(opt_ins__confirmed_at__isnull=False))
    ).order_by("-is_active", "-created_at")
    return render(request, "customers/consents/form_list.html", {"forms": rows, "has_topics": topics_offered().exists()})


@staff("customers.add_signupform")
def form_add(request: HttpRequest) -> HttpResponse:
    """Make a sign-up form."""
    wording = _("Yes, write to me by e-mail. I can say no at any time, in every message.")
    return _form(request, SignupForm(wording=wording), "sign_up_form.added")


@staff("customers.change_signupform")
def form_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a sign-up form."""
    return _form(request, get_object_or_404(SignupForm, pk=pk), "sign_up_form.changed")


def _form(request: HttpRequest, row: SignupForm, verb: str) -> HttpResponse:
    form = SignupFormForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        if row.pk is None:
            form.instance.code, form.instance.created_at = tokens.random_code(10), now()
        stored = form.save()
        _note(request, verb, stored.name, form=stored.pk, fields=list(form.changed_data))
        messages.success(request, _("The sign-up form was saved."))
        return redirect("customers:signup-detail", stored.pk)
    return render(request, "customers/consents/form_edit.html", {"form": form, "is_new": row.pk is None, "row": row})


@staff("customers.view_signupform")
def form_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A sign-up form: its look, its link and QR mark, the code for a website, and what came of it."""
    row = get_object_or_404(SignupForm, pk=pk)
    link = request.build_absolute_uri(reverse("customers:sign-up", args=[row.code]))
    topics = [topic for topic in topics_offered() if topic.pk in set(row.topics.values_list("pk", flat=True))]
    counts = row.opt_ins.aggregate(
        asked=Count("id"), confirmed=Count("id", filter=Q(confirmed_at__isnull=False)),
        lapsed=Count("id", filter=Q(confirmed_at=None, expires_at__lte=now())),
    )  # fmt: skip
    context: dict[str, Any] = {
        "form": row, "link": link, "topics": topics, "counts": counts, "filled": SignUp(form=row, topics=topics),
        "waiting": counts["asked"] - counts["confirmed"] - counts["lapsed"],
        "latest": row.opt_ins.order_by("-requested_at")[:10],
    }  # fmt: skip
    context["snippet"] = _snippet(request, context)
    return render(request, "customers/consents/form_detail.html", context)


def _snippet(request: HttpRequest, context: dict[str, Any]) -> str:
    made = render(request, "customers/consents/snippet.html", context).content.decode()
    return "\n".join(line for line in made.splitlines() if line.strip())


@staff("customers.view_signupform")
def form_qr(request: HttpRequest, pk: int) -> HttpResponse:
    """The QR mark of a form's link as a picture, for print."""
    row = get_object_or_404(SignupForm, pk=pk)
    link = request.build_absolute_uri(reverse("customers:sign-up", args=[row.code]))
    picture = (
        segno.make(link, error="m")
        .svg_inline(border=2, scale=8)
        .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    )
    answer = HttpResponse(picture, content_type="image/svg+xml")
    answer["Content-Disposition"] = f'inline; filename="sign-up-{row.code}.svg"'
    return answer


# --- One customer -----------------------------------------------------------------------------------------------------
@staff("customers.view_consent", "customers.view_customer")
def panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """What one customer said about each topic and channel, what they wish, and the proof."""
    customer = get_object_or_404(Customer, pk=customer_id)
    cells = standing.offered(customer)
    wish = preferences.of(customer_id)
    can_change = request.user.has_perm("customers.change_consent")
    context = {
        "customer": customer, "cells": cells, "wish": wish,
        "is_paused": bool(wish.paused_until and wish.paused_until > now()),
        "suppressions": consent.of_customer(customer), "log": consent.log(customer_id, 50), "can_change": can_change,
        "never_asked": [cell.topic for cell in cells if cell.channel == Channel.EMAIL and not cell.state],
        "waiting": customer.opt_ins.filter(confirmed_at=None, expires_at__gt=now()).order_by("-requested_at").first(),
        "preferences_url": preferences_url(customer_id) if can_change else "",
    }  # fmt: skip
    return render(request, "customers/consents/partials/panel.html", context)


@staff("customers.change_consent")
@require_POST
def ask(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Ask a customer who never answered, by an e-mail that they confirm."""
    customer = get_object_or_404(Customer, pk=customer_id)
    wanted = set(request.POST.getlist("topic"))
    topics = [topic for topic in topics_offered() if str(topic.pk) in wanted]
    try:
        opt_in.ask(customer, topics=topics, user_id=request.user.pk, at=now())
        messages.success(request, _("The question is on its way. Consent is recorded when they press the button in it."))
    except opt_in.CannotAsk as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('customers:customer-detail', args=[customer_id])}?tab=consent")
