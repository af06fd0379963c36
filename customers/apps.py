"""The first floor: people, timeline, segments, consent, commerce, brand, ports."""

from datetime import timedelta

from celery.schedules import crontab
from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        from customers import events, subscribers  # noqa: F401
        from customers.actions import personal_data
        from customers.imports import queries as imports
        from customers.ports import jobs
        from customers.queries import fields, merge, navigation, watchdog
        from customers.sample import company
        from customers.segments import ports as segments

        events.register_all()
        segments.register_all()
        fields.register_all()
        merge.register_all()
        navigation.register_all()
        personal_data.register_all()
        company.register_all()
        jobs.register(
            jobs.Job("customers.process_events", "Timeline", "timeline", timedelta(seconds=2), watchdog.pending_events_due)
        )
        jobs.register(jobs.Job("customers.resume_imports", "Imports", "customers", timedelta(seconds=60), imports.due))
        jobs.register(
            jobs.Job("customers.reconcile_facts", "Nightly check of facts", "customers", crontab(hour=2, minute=40))
        )
