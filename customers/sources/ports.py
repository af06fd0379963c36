"""What `sources` adds to the ports of the first floor."""

from datetime import timedelta

from celery.schedules import crontab

from customers.ports import jobs, personal_data, settings_pages
from customers.sources import queries
from customers.sources.actions import personal


def register_all() -> None:
    """Settings page, background work, and what becomes of a person's webhooks."""
    settings_pages.register(
        settings_pages.SettingsPage(
            "customers:source-list", "Sources", "cable", "Stripe accounts and Shopify shops whose webhooks come in here.",
            "customers.view_connection", 30, "Data", match=tuple(f"customers:source-{name}" for name in PAGES),
        )
    )  # fmt: skip
    jobs.register(
        jobs.Job("customers.take_in_deliveries", "Webhooks taken in", "customers", timedelta(seconds=10), queries.due)
    )
    jobs.register(
        jobs.Job("customers.reconcile_sources", "Nightly check with sources", "customers", crontab(hour=3, minute=20))
    )
    personal_data.register(
        personal_data.PersonalData(
            "sources", (), personal.export, personal.erase, personal.merge,
            erased="Webhooks of Stripe and Shopify about the person are emptied; no further ones are taken in.",
            stays="The source's own id of the person stays, so that a late webhook does not bring the person back.",
        )
    )  # fmt: skip


PAGES = ("add", "detail", "edit", "delete", "delivery")
