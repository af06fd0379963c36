"""What `privacy` adds to the ports of the first floor."""

from datetime import datetime, timedelta

from celery.schedules import crontab
from django.conf import settings
from django.db.models import Count, Min
from django.urls import reverse

from config.kit import tokens
from customers.enums import DataRequestState
from customers.models import DataRequest
from customers.ports import jobs, page_actions, person_links, settings_pages
from customers.ports.jobs import Due
from customers.privacy.actions import retention

PURPOSE = "privacy"


def own_page(customer_id: int) -> str:
    """The address of a customer's own page for a copy or the erasure of their data."""
    return settings.BASE_URL + reverse("customers:privacy-start", args=[tokens.sign(PURPOSE, customer_id)])


def requests_due(at: datetime) -> Due:
    """Requests whose time has come."""
    rows = DataRequest.objects.filter(state=DataRequestState.QUEUED, runs_at__lte=at)
    found = rows.aggregate(count=Count("pk"), oldest=Min("runs_at"))
    return Due(found["count"], found["oldest"])


def register_all() -> None:
    retention.register_all()
    jobs.register(
        jobs.Job("customers.answer_data_requests", "Copies and erasures", "customers", timedelta(minutes=1), requests_due)
    )
    jobs.register(jobs.Job("customers.apply_retention", "Data retention", "customers", crontab(hour=3, minute=20)))
    person_links.register(
        person_links.PersonLink(
            "privacy", "Your data", "Get a copy of everything we hold about you, or have it erased.", own_page, 80
        )
    )
    for action in (
        page_actions.PageAction("merge", "Merge with…", "merge", "customers:merge-search", 60, "customers.merge_customer"),
        page_actions.PageAction(
            "person-copy", "Copy of all data", "file-down", "customers:person-copy", 70, "customers.export_person"
        ),
        page_actions.PageAction(
            "erase", "Erase…", "eraser", "customers:person-erase", 90, "customers.erase_customer", "danger"
        ),
    ):
        page_actions.register(action)
    for page in (
        settings_pages.SettingsPage(
            "customers:data-request-list", "Data requests", "file-user", "Copies and erasures that customers asked for.",
            "customers.view_datarequest", 40, "Consent and privacy", ("customers:data-request-list",),
        ),
        settings_pages.SettingsPage(
            "customers:doubles", "Duplicate customers", "users", "Customers who seem to be one person, and merges to undo.",
            "customers.merge_customer", 30, "Data", ("customers:doubles", "customers:merge-list"),
        ),
        settings_pages.SettingsPage(
            "customers:retention", "Data retention", "archive-x", "How long each kind of data is kept.",
            "customers.view_retentionrule", 50, "Consent and privacy", ("customers:retention",),
        ),
    ):  # fmt: skip
        settings_pages.register(page)
