"""What `tracking` adds to the ports of the first floor."""

from datetime import timedelta

from celery.schedules import crontab

from customers.ports import jobs, samples, settings_pages
from customers.tracking import queries, sample, subscribers, tasks  # noqa: F401

PAGES = ("tracking-event", "tracking-upload", "tracking-attributes")


def register_all() -> None:
    """Settings page, background work, the sample's part; the subscriber registers itself on import."""
    settings_pages.register(
        settings_pages.SettingsPage(
            "customers:tracking-list", "Tracking plan", "list-checks",
            "Events, properties and attributes that were seen, with their types and warnings.",
            "customers.view_trackedevent",
            45, "Data", tuple(f"customers:{name}" for name in PAGES), queries.warning_count,
        )
    )  # fmt: skip
    jobs.register(
        jobs.Job("customers.fold_tracking", "Tracking plan", "segments", timedelta(seconds=10), queries.batches_due)
    )
    jobs.register(jobs.Job("customers.count_attributes", "Customer attributes", "segments", crontab(minute=35)))
    samples.register(samples.SamplePart("tracking", "Tracking plan", 95, sample.build))
