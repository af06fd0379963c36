"""Registers what the app offers through the ports of the first floor."""

from datetime import timedelta

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        from campaigns import events, sample
        from campaigns.actions import personal, system_mails
        from campaigns.journeys import ports as journeys
        from campaigns.models import Message
        from campaigns.queries import due, fields, merge, message_sources, uses
        from campaigns.queries import exports as lists
        from customers.ports import jobs, nav, panels, personal_data, retention, samples, segment_uses, system_mail
        from customers.ports import message_sources as sources

        events.register_all()
        lists.register_all()
        fields.register_all()
        for item in (
            nav.NavItem(
                "campaigns", "Campaigns", "send", "campaigns:campaign-list", 30,
                ("campaigns:campaign-list", "campaigns:campaign-new", "campaigns:campaign-audience",
                 "campaigns:campaign-content", "campaigns:campaign-review", "campaigns:campaign-detail"),
                "campaigns.view_campaign", "Messaging",
            ),
            nav.NavItem(
                "messages", "Messages", "mails", "campaigns:message-list", 45,
                ("campaigns:message-list", "campaigns:message-detail"), "campaigns.view_message", "Messaging",
            ),
            nav.NavItem(
                "outbox", "Local outbox", "inbox", "campaigns:outbox-list", 46,
                ("campaigns:outbox-list", "campaigns:outbox-detail"), "campaigns.view_outboxmail", "Messaging",
            ),
        ):  # fmt: skip
            nav.register(item)
        panels.register(
            panels.Panel(
                "messages", "Messages", "mail", "campaigns:message-panel", 30, "campaigns.view_message", "messages"
            )
        )
        personal_data.register(
            personal_data.PersonalData(
                "campaigns", (Message,), personal.export, personal.erase, personal.merge, tables=personal.TABLES,
                count=personal.count, warn=personal.warn,
                erased="Copies of mails, browsers and networks of opens and clicks.",
                stays="That a message was sent, opened or clicked, without a name: reports of campaigns stay true.",
            )
        )  # fmt: skip
        system_mail.serve(system_mails.send)
        merge.register_all()
        retention.register(personal.KEPT_MAILS)
        segment_uses.register(segment_uses.SegmentUses("campaigns", uses.of_segments))
        sources.register(sources.MessageSources("campaigns", message_sources.recent, message_sources.labels))
        samples.register(samples.SamplePart("campaigns", "Campaigns and messages", 72, sample.build))
        journeys.register_all()
        seconds = timedelta(seconds=1)
        for job in (
            jobs.Job("campaigns.launch_due", "Campaigns to launch", "campaigns", 10 * seconds, due.campaigns_due),
            jobs.Job("campaigns.send_due", "Messages to send", "messages", 5 * seconds, due.messages_due),
            jobs.Job("campaigns.sweep", "Messages without an answer", "campaigns", 60 * seconds, due.stuck),
        ):
            jobs.register(job)
