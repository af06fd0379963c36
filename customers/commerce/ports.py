"""What `commerce` adds to the ports of the first floor."""

from datetime import datetime, timedelta

from celery.schedules import crontab

from customers.commerce import sample
from customers.commerce.actions import subscriptions
from customers.commerce.queries import ports as offered
from customers.models import CommerceSettings
from customers.ports import fields, jobs, merge, nav, panels, samples, settings_pages
from customers.ports.jobs import Due

LIT = ("order-detail", "subscription-list", "product-list", "product-edit")


def register_all() -> None:
    """Menu entry, settings pages, panel, fields, variables, background work, sample part."""
    nav.register(
        nav.NavItem(
            "commerce", "Commerce", "shopping-bag", "customers:order-list", 15,
            tuple(f"customers:{name}" for name in LIT), "customers.view_order", "Audience",
        )
    )  # fmt: skip
    settings_pages.register(
        settings_pages.SettingsPage(
            "customers:rate-list", "Exchange rates", "arrow-left-right",
            "What other currencies are worth in that of the account, by day.", "customers.view_exchangerate", 30, "Data",
        )
    )  # fmt: skip
    settings_pages.register(
        settings_pages.SettingsPage(
            "customers:counting-edit", "Subscriptions", "repeat",
            "When a cancelled subscription stops counting, when a return is new, how late a renewal may be.",
            "customers.view_commercesettings", 32, "Data",
        )
    )  # fmt: skip
    panels.register(
        panels.Panel(
            "subscriptions",
            "Subscriptions",
            "repeat",
            "customers:subscription-panel",
            20,
            "customers.view_subscription",
            "purchases",
        )
    )
    for field in offered.FIELDS:
        fields.register(field)
    merge.register(offered.SOURCE)
    jobs.register(
        jobs.Job("customers.end_subscriptions", "Scheduled ends of subscriptions", "customers", timedelta(minutes=1), _ends)
    )
    jobs.register(
        jobs.Job(
            "customers.rebuild_movements", "Movements of MRR, counted again", "customers", timedelta(minutes=1), _rebuild
        )
    )
    jobs.register(jobs.Job("customers.check_movements", "Nightly check of MRR", "customers", crontab(hour=2, minute=50)))
    samples.register(samples.SamplePart("subscriptions", "Subscriptions", 25, sample.build))


def _ends(at: datetime) -> Due:
    return Due(*subscriptions.due_ends(at))


def _rebuild(at: datetime) -> Due:
    return Due(CommerceSettings.objects.filter(rebuild_after__isnull=False).count(), None)
