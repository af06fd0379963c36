"""The first floor: people, timeline, segments, consent, commerce, brand, ports."""

from datetime import timedelta

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        from customers import events, subscribers  # noqa: F401
        from customers.ports import jobs, nav
        from customers.queries import fields, watchdog
        from customers.sample import company

        events.register_all()
        fields.register_all()
        company.register_all()
        jobs.register(
            jobs.Job("customers.process_events", "Timeline", "timeline", timedelta(seconds=2), watchdog.pending_events_due)
        )
