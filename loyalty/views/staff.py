"""Staff pages: the programme in numbers, its rules, its tiers and its rewards."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from config.kit.access import client_address, staff
from config.kit.clock import local_day, now
from config.kit.queue import enqueue
from customers.actions import audit
from customers.queries import brand
from loyalty.actions import tiers as tier_actions
from loyalty.enums import AlignScope
from loyalty.forms import ProgrammeForm, RewardForm, TierFormSet
from loyalty.models import Programme, Reward, Tier
from loyalty.queries import overview as numbers
from loyalty.queries import programme as programmes
from loyalty.views.tabs import tabs


@staff("loyalty.view_account")
def overview(request: HttpRequest) -> HttpResponse:
    """Members, points outstanding, liability, tiers and months."""
    programme = programmes.current()
    if programme.pk is None or not Programme.objects.filter(pk=1).exists():
        return render(request, "loyalty/welcome.html", {"tabs": tabs("overview")})
    by_tier = numbers.by_tier()
    context = {
        "tabs": tabs("overview"),
        "programme": programme,
        "rule": programmes.rule(),
        "totals": numbers.totals(programme),
        "by_tier": by_tier,
        "tier_chart": numbers.tier_chart(by_tier),
        "month_chart": numbers.month_chart(local_day(now(), brand.current().timezone)),
    }
    return render(request, "loyalty/overview.html", context)


@staff("loyalty.change_programme")
def edit_programme(request: HttpRequest) -> HttpResponse:
    """The rules of the programme."""
    programme = Programme.objects.filter(pk=1).first() or Programme(currency=brand.current().currency)
    form = ProgrammeForm(request.POST or None, instance=programme, rule=programmes.rule())
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            _note(request, "loyalty.programme_changed", programme.name, {"fields": form.changed_data})
        messages.success(request, _("Saved. The rules count for orders from now on."))
        return redirect("loyalty:overview")
    return render(request, "loyalty/programme_form.html", {"tabs": tabs("programme"), "form": form, "programme": programme})


@staff("loyalty.change_tier")
def edit_tiers(request: HttpRequest) -> HttpResponse:
    """The tiers: first a preview of who would go up and down, then saving."""
    programme = programmes.current()
    formset = TierFormSet(
        request.POST or None, queryset=Tier.objects.order_by("threshold"), form_kwargs={"programme": programme}
    )
    preview = None
    if request.method == "POST" and formset.is_valid():
        preview = tier_actions.preview(formset.levels())  # type: ignore[attr-defined]
        if request.POST.get("confirm") == f"{preview[0]}-{preview[1]}":
            with transaction.atomic():
                formset.save()
                scope = AlignScope.BOTH if request.POST.get("lower") else AlignScope.UP
                Programme.objects.filter(pk=1).update(align=scope)
                _note(
                    request, "loyalty.tiers_changed", programme.name, {"up": preview[0], "down": preview[1], "scope": scope}
                )
                enqueue("loyalty.align_tiers")
            messages.success(request, _("Saved. Members are moved in the background."))
            return redirect("loyalty:overview")
    context = {"tabs": tabs("tiers"), "formset": formset, "preview": preview, "programme": programme}
    return render(request, "loyalty/tiers_form.html", context)


@staff("loyalty.view_reward")
def list_rewards(request: HttpRequest) -> HttpResponse:
    """The catalogue, with how often each reward was taken."""
    rows = Reward.objects.select_related("min_tier").annotate(taken=Count("redemptions"))
    return render(
        request, "loyalty/reward_list.html", {"tabs": tabs("rewards"), "rewards": rows, "programme": programmes.current()}
    )


@staff("loyalty.change_reward")
def edit_reward(request: HttpRequest, reward_id: int | None = None) -> HttpResponse:
    """Make or change a reward."""
    reward = get_object_or_404(Reward, id=reward_id) if reward_id else None
    form = RewardForm(request.POST or None, instance=reward)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            _note(request, "loyalty.reward_saved", saved.name, {"reward": saved.pk, "fields": form.changed_data})
        messages.success(request, _("Saved."))
        return redirect("loyalty:rewards")
    return render(request, "loyalty/reward_form.html", {"tabs": tabs("rewards"), "form": form, "reward": reward})


def _note(request: HttpRequest, verb: str, subject: str, detail: dict[str, object]) -> None:
    audit.note(verb, subject=subject, user_id=request.user.pk, at=now(), address=client_address(request), detail=detail)
