"""Staff pages of referrals."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import OperationalError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.actions import audit
from customers.models import Customer
from customers.queries import brand
from referrals.actions import programme as programme_actions
from referrals.actions import review, share
from referrals.enums import ReferralState
from referrals.forms import DecisionForm, ProgrammeForm, ReferralFilterForm
from referrals.models import Click, Code, Programme, Referral, RewardTally
from referrals.queries import overview as numbers
from referrals.queries import programme as programmes
from referrals.queries.merge import friend_link, share_link

PER_PAGE = 50
PERIOD = timedelta(days=365)


@staff("referrals.view_referral")
def overview(request: HttpRequest) -> HttpResponse:
    """The programme, its funnel and its best advocates."""
    since = now() - PERIOD
    funnel, states = numbers.funnel(since=since), numbers.by_state()
    programme = programmes.active()
    context = {
        "programme": programme,
        "currency": programme.currency if programme else brand.current().currency,
        "funnel": funnel,
        "funnel_chart": _funnel_chart(funnel),
        "points": numbers.points_given(since=since),
        "order_minor": numbers.order_value(since=since),
        "flagged_count": states.get(ReferralState.FLAGGED, 0),
        "advocates": numbers.top_advocates(),
        "states": [(state, label, states[state]) for state, label in ReferralState.choices if states.get(state)],
    }
    return render(request, "referrals/overview.html", context)


@staff("referrals.view_referral")
def referral_list(request: HttpRequest) -> HttpResponse:
    """Every referral with its state and reason."""
    form = ReferralFilterForm(request.GET)
    found = _filtered(form)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "referrals/referral_list.html", {"form": form, "page": page})


def _filtered(form: ReferralFilterForm) -> QuerySet[Referral]:
    found = Referral.objects.select_related("advocate", "friend", "code").order_by("-claimed_at", "-id")
    if not form.is_valid():
        return found
    if state := form.cleaned_data["state"]:
        found = found.filter(state=state)
    if text := form.cleaned_data["text"].strip():
        found = found.filter(
            Q(code__code=text.upper()) | Q(order_number=text) | Q(email__startswith=text.lower())
            | Q(advocate__email=text.lower())
        )  # fmt: skip
    return found


@staff("referrals.view_referral")
def referral_detail(request: HttpRequest, referral_id: int) -> HttpResponse:
    """One referral: what happened, the evidence, and the decision."""
    related = Referral.objects.select_related("advocate", "friend", "code", "programme")
    return _detail(request, get_object_or_404(related, pk=referral_id), DecisionForm())


def _detail(request: HttpRequest, referral: Referral, form: DecisionForm, status: int = 200) -> HttpResponse:
    can_change = request.user.has_perm("referrals.change_referral")
    context = {
        "referral": referral,
        "form": form,
        "changes": referral.changes.select_related("by").order_by("at", "id"),
        "signals": referral.signals.order_by("-score"),
        "grants": referral.grants.select_related("customer").order_by("role"),
        "can_approve": can_change and referral.state in review.APPROVABLE,
        "can_void": can_change and referral.state in review.VOIDABLE,
    }
    return render(request, "referrals/referral_detail.html", context, status=status)


@staff("referrals.change_referral")
@require_POST
def referral_decide(request: HttpRequest, referral_id: int) -> HttpResponse:
    """Approve or void."""
    referral = get_object_or_404(Referral, pk=referral_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _detail(request, referral, form, status=400)
    decide = review.approve if form.cleaned_data["decision"] == "approve" else review.void
    try:
        decide(referral.pk, by=request.user.pk, note=form.cleaned_data["note"], at=now())
    except review.CannotDecide:
        messages.error(request, _("This is no longer possible: the referral has moved on."))
    except OperationalError:  # the timeline worker held the same rows the other way round; nothing was changed
        messages.error(request, _("The referral was being worked on at this moment, so nothing was changed. Try again."))
    else:
        audit.note(
            f"referral.{form.cleaned_data['decision']}",
            subject=str(referral),
            user_id=request.user.pk,
            at=now(),
            address=client_address(request),
        )
        messages.success(request, _("Decided and noted."))
    return redirect("referrals:detail", referral.pk)


@staff("referrals.change_programme")
def programme_edit(request: HttpRequest) -> HttpResponse:
    """The terms of the active (or newest) programme."""
    programme = programmes.active() or Programme.objects.order_by("-id").first()
    initial = None if programme else _first_terms()
    form = ProgrammeForm(request.POST or None, instance=programme, initial=initial, currency=brand.current().currency)
    if request.method == "POST" and form.is_valid():
        saved = programme_actions.save(form.save(commit=False), by=request.user.pk, at=now())
        audit.note("referral_programme.saved", subject=str(saved), user_id=request.user.pk, at=now())
        messages.success(request, _("Saved. Claims made before keep what they were promised."))
        return redirect("referrals:overview")
    return render(request, "referrals/programme_form.html", {"form": form, "programme": programme})


def _first_terms() -> dict[str, Any]:
    return {
        "name": _("Give and get"),
        "headline": _("Give 500 points, get 500 points"),
        "description": _("Your friend gets 500 points after a first order, and so do you."),
        "terms": _(
            "For people who have not ordered from us before. The points are booked when the return period of the first "
            "order is over. One reward per friend; no rewards for referring yourself."
        ),
        "is_active": True,
    }


@staff("referrals.view_referral")
def customer_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One customer as member and as friend."""
    customer = get_object_or_404(Customer, pk=customer_id)
    code = Code.objects.filter(customer=customer).first()
    tally = RewardTally.objects.filter(customer=customer).first()
    context = {
        "customer": customer,
        "code": code,
        "link": friend_link(code.code) if code else "",
        "share_link": share_link(customer.pk),
        "rewarded_count": tally.rewarded_count if tally else 0,
        "click_count": Click.objects.filter(code=code, is_bot=False).count() if code else 0,
        "made": Referral.objects.filter(advocate=customer).select_related("friend").order_by("-claimed_at")[:10],
        "received": Referral.objects.filter(friend=customer).select_related("advocate").order_by("-claimed_at")[:3],
        "can_change": request.user.has_perm("referrals.change_referral"),
    }
    return render(request, "referrals/partials/customer_panel.html", context)


@staff("referrals.change_referral")
@require_POST
def make_code(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Give a customer a code by hand."""
    customer = get_object_or_404(Customer, pk=customer_id)
    share.ensure_codes([customer.pk], at=now())
    if request.htmx:  # type: ignore[attr-defined]
        return customer_panel(request, customer_id)
    return redirect("customers:customer-detail", customer.pk)


def _funnel_chart(funnel: numbers.Funnel) -> dict[str, Any]:
    steps = [
        (_("Visited"), funnel.clicked), (_("Claimed"), funnel.claimed), (_("Signed up"), funnel.signed_up),
        (_("Ordered"), funnel.qualified), (_("Rewarded"), funnel.rewarded),
    ]  # fmt: skip
    return {
        "id": "funnel",
        "title": _("Friends in the last 12 months"),
        "kind": "bar",
        "labels": [label for label, _count in steps],
        "series": [{"name": _("Friends"), "values": [count for _label, count in steps]}],
        "unit": "number",
    }
