"""How long each kind of data is kept."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from config.kit.access import client_address, staff
from config.kit.clock import now
from customers.models import JobRun
from customers.ports import retention
from customers.privacy.actions import requests
from customers.privacy.actions import retention as keeping
from customers.privacy.forms import RetentionForm

CEILING = 10_000


@staff("customers.view_retentionrule")
def retention_rules(request: HttpRequest) -> HttpResponse:
    """Every kind with its days, how many rows would go tonight, and what stays; those who may change it save."""
    can_change = request.user.has_perm("customers.change_retentionrule")
    stored = {policy.key: keeping.days_of(policy) for policy in retention.all()}
    stored |= {
        "erasure.by_customer": requests.waiting_days(is_by_customer=True),
        "erasure.by_staff": requests.waiting_days(is_by_customer=False),
    }
    form = RetentionForm(request.POST if request.method == "POST" and can_change else None, initial=stored)
    if not can_change:
        for field in form.fields.values():
            field.disabled = True
    if form.is_bound and form.is_valid():
        changed = keeping.set_days(form.cleaned_data, user_id=request.user.pk, at=now(), address=client_address(request))
        messages.success(request, _("Saved. It counts from tonight.") if changed else _("Nothing was changed."))
        return redirect("customers:retention")
    rows = []
    for policy in retention.all():
        days = stored[policy.key]
        count = policy.count(now() - timedelta(days=days), CEILING) if days else None
        rows.append({"field": form[policy.key], "policy": policy, "count": count, "is_capped": count == CEILING})
    context = {
        "form": form, "rows": rows, "can_change": can_change,
        "last": JobRun.objects.filter(job=keeping.JOB).order_by("-pk").first(),
        "waits": [form["erasure.by_customer"], form["erasure.by_staff"]],
    }  # fmt: skip
    return render(request, "customers/privacy/retention.html", context)
