"""Staff pages about members: the list, one member's ledger, corrections, and the panel on the customer page."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from config.kit.tokens import random_token
from loyalty.actions import points, rewards
from loyalty.forms import SORTS, AdjustForm, MemberFilterForm
from loyalty.models import Account, Redemption
from loyalty.queries import ports, statement
from loyalty.queries import programme as programmes
from loyalty.views.tabs import tabs

PER_PAGE = 50
CLOSING = {"use": rewards.mark_used, "cancel": rewards.cancel}


@staff("loyalty.view_account")
def list_members(request: HttpRequest) -> HttpResponse:
    """Members with their points and tier."""
    form = MemberFilterForm(request.GET)
    rows = Account.objects.filter(customer__isnull=False).select_related("customer", "tier")
    if form.is_valid():
        rows = rows.filter(_matching(form.cleaned_data))
    rows = rows.order_by(SORTS.get(request.GET.get("sort", ""), "-metric"), "-id")
    context = {
        "tabs": tabs("members"),
        "filter": {"form": form},
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "programme": programmes.current(),
    }
    template = "loyalty/partials/member_rows.html" if request.htmx else "loyalty/member_list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _matching(wanted: dict[str, object]) -> Q:
    found = Q()
    if text := str(wanted["q"]).strip():
        found &= (
            Q(customer__email__istartswith=text) | Q(customer__first_name__istartswith=text)
            | Q(customer__last_name__istartswith=text)
        )  # fmt: skip
    if wanted["tier"]:
        found &= Q(tier=wanted["tier"])
    return found & {"active": Q(active__gt=0), "pending": Q(pending__gt=0), "debt": Q(deficit__gt=0)}.get(
        str(wanted["has"]), Q()
    )


@staff("loyalty.view_account")
def show_member(request: HttpRequest, account_id: int, form: AdjustForm | None = None) -> HttpResponse:
    """One member's ledger, lots, codes and tiers, and why the balance is what it is."""
    account = get_object_or_404(Account.objects.select_related("customer", "tier"), id=account_id)
    programme = programmes.current()
    page = Paginator(statement.history(account), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "tabs": tabs("members"),
        "account": account,
        "programme": programme,
        "balance": statement.balance(account, at=now()),
        "progress": statement.progress(account, programme),
        "explanation": statement.explain(account),
        "page": page,
        "rows": [(entry, statement.words(entry, programme)) for entry in page],
        "lots": statement.open_lots(account)[:50],
        "stays": account.tier_changes.select_related("tier", "previous").order_by("-since", "-id"),
        "codes": account.redemptions.select_related("reward", "entry").order_by("-issued_at")[:50],
        "form": form or AdjustForm(initial={"key": random_token()}),
        "link": ports.link(account.customer_id) if account.customer_id else "",
        "at": now(),
    }
    return render(request, "loyalty/member.html", context, status=200 if form is None else 422)


@require_POST
@staff("loyalty.adjust_points")
def adjust(request: HttpRequest, account_id: int) -> HttpResponse:
    """Add or remove points by hand."""
    account = get_object_or_404(Account, id=account_id, customer__isnull=False)
    form = AdjustForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            points.adjust(
                account.customer_id, points=data["points"], reason=data["reason"], key=f"hand:{data['key']}",  # type: ignore[arg-type]
                actor_id=int(request.user.pk or 0), at=now(), address=client_address(request),
            )  # fmt: skip
        except points.NotEnoughPoints as error:
            form.add_error("points", _("Only %(points)d points can be taken away.") % {"points": error.available})
        else:
            messages.success(request, _("Booked."))
            return redirect("loyalty:member", account.pk)
    return show_member(request, account_id, form=form)


@require_POST
@staff("loyalty.change_redemption")
def close_code(request: HttpRequest, redemption_id: int, verb: str) -> HttpResponse:
    """Mark a code used, or cancel it and give the points back."""
    redemption = get_object_or_404(Redemption, id=redemption_id)
    if verb not in CLOSING:
        raise Http404
    try:
        CLOSING[verb](redemption.pk, actor_id=request.user.pk, at=now())
    except rewards.NotOpen:
        messages.error(request, _("This code was used, has ended or was cancelled already."))
    else:
        messages.success(request, _("Marked as used.") if verb == "use" else _("Cancelled, the points are back."))
    return redirect("loyalty:member", redemption.account_id)


@staff("loyalty.view_account")
def panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Points and tier of one customer, as a fragment of the customer page."""
    account = Account.objects.select_related("tier").filter(customer_id=customer_id).first()
    programme = programmes.current()
    context: dict[str, Any] = {"account": account, "programme": programme, "link": ports.link(customer_id)}
    if account is not None:
        context |= {
            "balance": statement.balance(account, at=now()),
            "progress": statement.progress(account, programme),
            "rows": statement.history(account)[:5],
        }
    return render(request, "loyalty/partials/panel.html", context)
