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
        from customers.commerce import ports as commerce
        from customers.consents import ports as consents
        from customers.exports import ports as exports
        from customers.imports import queries as imports
        from customers.ingest import ports as ingest
        from customers.ports import jobs
        from customers.privacy import ports as privacy
        from customers.queries import fields, merge, navigation, watchdog
        from customers.sample import company
        from customers.segments import ports as segments
        from customers.sources import ports as sources
        from customers.stages import ports as stages
        from customers.tracking import ports as tracking

        events.register_all()
        segments.register_all()
        fields.register_all()
        merge.register_all()
        navigation.register_pages()
        for package in (ingest, commerce, exports, sources, stages, tracking, consents, privacy):
            package.register_all()
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
