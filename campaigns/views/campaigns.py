"""Campaigns: list, the three steps, the report."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from campaigns.actions import editing, lifecycle, sweeping, testing
from campaigns.actions.lifecycle import CannotLaunch
from campaigns.enums import CampaignState, SourceKind
from campaigns.filters import CampaignFilter
from campaigns.forms import AudienceForm, ContentForm, EstimateForm, ScheduleForm, TestSendForm
from campaigns.models import Campaign
from campaigns.queries import report as reports
from campaigns.queries.audience import estimate, estimate_of
from campaigns.queries.preview import check_content, preview, samples, variables
from campaigns.rules.blocks import KINDS, clean
from campaigns.rules.template import BadTemplate
from config.kit.access import number_in, staff
from config.kit.clock import now
from customers.queries import brand as brands


@staff("campaigns.view_campaign")
def campaign_list(request: HttpRequest) -> HttpResponse:
    """All campaigns, newest first."""
    found = CampaignFilter(request.GET, queryset=Campaign.objects.select_related("segment", "topic").order_by("-pk"))
    page = Paginator(found.qs, 25).get_page(request.GET.get("page"))
    rows = [{"campaign": c, "report": reports.report("campaign", c.pk) if c.planned_at else None} for c in page]
    context = {"filter": found, "page": page, "rows": rows, "is_filtered": any(request.GET.values())}
    return render(request, "campaigns/campaign_list.html", context)


def _draft(pk: int) -> Campaign:
    campaign = get_object_or_404(Campaign.objects.select_related("content", "segment", "exclude_segment", "topic"), pk=pk)
    if campaign.state != CampaignState.DRAFT:
        raise Http404
    return campaign


def _steps(campaign: Campaign | None, current: str) -> list[dict[str, Any]]:
    names = [("audience", _("Audience")), ("content", _("Content")), ("review", _("Review and send"))]
    place = [name for name, _label in names].index(current)
    return [
        {
            "label": label,
            "url": reverse(f"campaigns:campaign-{name}", args=[campaign.pk]) if campaign else "",
            "is_current": name == current,
            "is_done": number < place,
        }
        for number, (name, label) in enumerate(names)
    ]


@staff("campaigns.add_campaign")
def campaign_new(request: HttpRequest) -> HttpResponse:
    """Step one of a new campaign."""
    chosen = number_in(request.GET.get("segment", ""))
    form = AudienceForm(request.POST or None, initial={"segment": chosen} if chosen else {})
    if request.method == "POST" and form.is_valid():
        campaign = editing.create_campaign(at=now(), **form.cleaned_data)
        return redirect("campaigns:campaign-content", campaign.pk)
    context = {"form": form, "campaign": None, "steps": _steps(None, "audience"), "estimate": None}
    return render(request, "campaigns/campaign_audience.html", context)


@staff("campaigns.change_campaign")
def campaign_audience(request: HttpRequest, pk: int) -> HttpResponse:
    """Step one: name and recipients."""
    campaign = _draft(pk)
    form = AudienceForm(request.POST or None, instance=campaign)
    if request.method == "POST" and form.is_valid():
        editing.change_audience(campaign, at=now(), **form.cleaned_data)
        return redirect("campaigns:campaign-content", campaign.pk)
    context = {
        "form": form, "campaign": campaign, "steps": _steps(campaign, "audience"), "estimate": estimate_of(campaign, now()),
    }  # fmt: skip
    return render(request, "campaigns/campaign_audience.html", context)


@staff("campaigns.view_campaign")
def campaign_estimate(request: HttpRequest) -> HttpResponse:
    """How many people the choices of step one reach, while they are made."""
    form = EstimateForm(request.GET)
    found = None
    if form.is_valid():
        found = estimate(form.cleaned_data["segment"], form.cleaned_data["exclude_segment"], form.cleaned_data["topic"])
    return render(request, "campaigns/partials/estimate.html", {"estimate": found})


@staff("campaigns.change_campaign")
def campaign_content(request: HttpRequest, pk: int) -> HttpResponse:
    """Step two: what the message says. Each button of the editor saves all of it first."""
    campaign = _draft(pk)
    form = ContentForm(request.POST or None, instance=campaign.content)
    if request.method == "POST":
        blocks, place = editing.blocks_from(request.POST)
        if form.is_valid():
            error = editing.change_content(campaign.content, form.cleaned_data, blocks, at=now())
            if error:
                messages.error(request, error)
            elif request.POST.get("do") == "next":
                return redirect("campaigns:campaign-review", campaign.pk)
            else:
                if request.POST.get("do") == "save":
                    messages.success(request, _("Saved."))
                anchor = f"#block-{place}" if place is not None else ""
                return redirect(reverse("campaigns:campaign-content", args=[campaign.pk]) + anchor)
        campaign.content.blocks = clean(blocks)
    context = {
        "form": form,
        "campaign": campaign,
        "steps": _steps(campaign, "content"),
        "blocks": _editor_rows(campaign.content.blocks),
        "kinds": KINDS.values(),
        "sources": variables(),
        "customers": samples(campaign, at=now()) if campaign.segment else [],
        "test_form": TestSendForm(initial={"address": request.user.email}),  # type: ignore[union-attr]
    }
    return render(request, "campaigns/campaign_content.html", context)


def _editor_rows(blocks: Any) -> list[dict[str, Any]]:
    listed = clean(blocks)
    return [
        {
            "number": number,
            "kind": KINDS[block["kind"]],
            "fields": [{"field": f, "value": block[f.name]} for f in KINDS[block["kind"]].fields],
            "is_first": number == 0,
            "is_last": number == len(listed) - 1,
        }
        for number, block in enumerate(listed)
    ]


@staff("campaigns.change_campaign")
@require_POST
def campaign_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the draft to one address, with the sample values or those of a chosen customer."""
    campaign = _draft(pk)
    form = TestSendForm(request.POST)
    chosen = number_in(request.POST.get("customer", ""))
    if form.is_valid():
        error = testing.send_test(campaign.content, form.cleaned_data["address"], customer_id=chosen, at=now())
        if error:
            messages.error(request, error)
        else:
            messages.success(request, _("The test is on its way to %(address)s.") % form.cleaned_data)
    else:
        messages.error(request, _("Write the address of the test like name@example.com."))
    return redirect("campaigns:campaign-content", campaign.pk)


@staff("campaigns.view_campaign")
def campaign_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Step three: last look, checks, time. Whoever approves sees it too; launching needs its own permission."""
    campaign = _draft(pk)
    at = now()
    found = estimate_of(campaign, at)
    checks = check_content(campaign, at=at)
    is_blocked = any(check.level == "bad" for check in checks) or found is None
    data = request.POST if request.method == "POST" else None
    form = ScheduleForm(
        data, sendable=found.sendable if found else 0, initial={"holdout_percent": campaign.holdout_percent}
    )
    if data is not None:
        if not request.user.has_perm("campaigns.launch_campaign"):
            messages.error(request, _("You may prepare campaigns; somebody with the right to launch must send this one."))
        elif is_blocked:
            messages.error(request, _("Something must be put right before this can be sent."))
        elif form.is_valid():
            try:
                campaign.holdout_percent = form.cleaned_data["holdout_percent"]
                campaign.save(update_fields=["holdout_percent"])
                lifecycle.schedule(campaign, when=form.cleaned_data.get("when") or at, user_id=request.user.pk, at=at)
                return redirect("campaigns:campaign-detail", campaign.pk)
            except (CannotLaunch, BadTemplate) as error:
                messages.error(request, str(error))
    people = samples(campaign, at=at) if found else []
    context = {
        "form": form,
        "campaign": campaign,
        "steps": _steps(campaign, "review"),
        "estimate": found,
        "checks": checks,
        "is_blocked": is_blocked,
        "samples": [{"customer": c, "preview": preview(campaign.content, c.pk, at=at)} for c in people],
    }
    return render(request, "campaigns/campaign_review.html", context)


@staff("campaigns.view_campaign")
def campaign_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Progress while it is sent, report after. A draft leads to its steps."""
    campaign = get_object_or_404(
        Campaign.objects.select_related("segment", "exclude_segment", "topic", "content", "content_version", "launched_by"),
        pk=pk,
    )
    if campaign.state == CampaignState.DRAFT:
        may_change = request.user.has_perm("campaigns.change_campaign")
        return redirect("campaigns:campaign-content" if may_change else "campaigns:campaign-review", campaign.pk)
    at = now()
    context: dict[str, Any] = {
        "campaign": campaign,
        "report": reports.report(SourceKind.CAMPAIGN, campaign.pk),
        "is_live": campaign.state in (CampaignState.SENDING, CampaignState.SCHEDULED),
        "can_launch": request.user.has_perm("campaigns.launch_campaign"),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "campaigns/partials/progress.html", context)
    hours = reports.clicks_by_hour(campaign, at)
    context |= {
        "links": reports.links(campaign),
        "outcome": reports.outcome(campaign, at),
        "currency": brands.current().currency,
        "chart": _chart(hours) if hours else None,
    }
    return render(request, "campaigns/campaign_detail.html", context)


def _chart(hours: dict[str, list[int]]) -> dict[str, Any]:
    return {
        "id": "reactions",
        "title": _("Opens and clicks by people, by hour after launch"),
        "kind": "line",
        "labels": [str(number) for number in range(len(hours["open"]))],
        "series": [{"name": _("Opens"), "values": hours["open"]}, {"name": _("Clicks"), "values": hours["click"]}],
        "unit": "number",
        "currency": "",
    }


@staff("campaigns.launch_campaign")
@require_POST
def campaign_change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Pause, resume, stop, take back to draft, or send again what became unknown."""
    if verb not in ("pause", "resume", "stop", "unschedule", "resend"):
        raise Http404
    campaign = get_object_or_404(Campaign, pk=pk)
    at, user_id = now(), request.user.pk
    if verb == "pause":
        lifecycle.pause(campaign, user_id=user_id, at=at)
        messages.success(request, _("Paused. What had left is on its way; the rest waits."))
    elif verb == "resume":
        lifecycle.resume(campaign, user_id=user_id, at=at)
        messages.success(request, _("Sending goes on."))
    elif verb == "stop":
        count = lifecycle.stop(campaign, user_id=user_id, at=at)
        text = ngettext("Stopped. %(count)s person will not get it.", "Stopped. %(count)s people will not get it.", count)
        messages.success(request, text % {"count": count})
    elif verb == "unschedule":
        lifecycle.unschedule(campaign, user_id=user_id, at=at)
        messages.success(request, _("It is a draft again."))
    elif verb == "resend":
        count = sweeping.resend_unknown(source_kind=SourceKind.CAMPAIGN, source_id=campaign.pk, at=at)
        text = ngettext("%(count)s message is sent again.", "%(count)s messages are sent again.", count)
        messages.success(request, text % {"count": count})
    return redirect("campaigns:campaign-detail", campaign.pk)


@staff("campaigns.add_campaign")
@require_POST
def campaign_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A new draft with the same audience and content."""
    source = get_object_or_404(Campaign.objects.select_related("content"), pk=pk)
    campaign = editing.copy_campaign(source, name=_("%(name)s (copy)") % {"name": source.name[:140]}, at=now())
    return redirect("campaigns:campaign-audience", campaign.pk)


@staff("campaigns.delete_campaign")
@require_POST
def campaign_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    if editing.delete_draft(_draft(pk)):
        messages.success(request, _("The draft was deleted."))
    else:
        messages.error(request, _("This campaign was launched meanwhile; it was not deleted."))
    return redirect("campaigns:campaign-list")
