"""Registers what the app offers through the ports of the first floor."""

from datetime import timedelta

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        from campaigns import events
        from campaigns.journeys import ports as journeys
        from campaigns.queries import due
        from customers.ports import jobs

        events.register_all()
        journeys.register_all()
        seconds = timedelta(seconds=1)
        for job in (
            jobs.Job("campaigns.launch_due", "Campaigns to launch", "campaigns", 10 * seconds, due.campaigns_due),
            jobs.Job("campaigns.send_due", "Messages to send", "messages", 5 * seconds, due.messages_due),
            jobs.Job("campaigns.sweep", "Messages without an answer", "campaigns", 60 * seconds, due.stuck),
        ):
            jobs.register(job)
