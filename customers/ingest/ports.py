"""What `ingest` adds to the ports of the first floor."""

from datetime import timedelta

from celery.schedules import crontab

from customers.ingest import events
from customers.ingest.queries import due
from customers.ports import jobs, settings_pages


def register_all() -> None:
    """Event names, settings page and background work."""
    events.register_all()
    settings_pages.register(
        settings_pages.SettingsPage(
            "customers:ingest-keys", "Ingest API", "plug", "Keys for your programs and sites, code to paste, what arrives.",
            "customers.view_writekey", 25, "Data", match=("customers:ingest-key", "customers:ingest-key-add"),
        )
    )  # fmt: skip
    jobs.register(
        jobs.Job("customers.take_in_batches", "Ingest: taking messages in", "ingest", timedelta(seconds=2), due.batches)
    )
    jobs.register(
        jobs.Job("customers.tidy_ingest", "Ingest: held and old messages", "customers", crontab(hour=3, minute=20))
    )
