"""Registers what the app offers through the ports of the first floor."""

from datetime import timedelta

from celery.schedules import crontab
from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    name = "referrals"
    verbose_name = "Referrals"

    def ready(self) -> None:
        from customers.ports import fields, jobs, merge, nav, panels, personal_data, samples
        from referrals import events, sample, subscribers  # noqa: F401
        from referrals.actions import privacy
        from referrals.queries import exports as lists
        from referrals.queries import merge as variables
        from referrals.queries import ports

        events.register_all()
        lists.register_all()
        for field in ports.FIELDS:
            fields.register(field)
        merge.register(
            merge.MergeSource(
                "referral",
                "Referral",
                (
                    merge.Variable("share_link", "Page with the customer's own link", "https://shop.example.com/r/me/AAAA"),
                    merge.Variable("link", "Link for friends", "https://shop.example.com/r/K7M2P9QX4RTVW"),
                    merge.Variable("code", "Personal code", "K7M2P9QX4RTVW"),
                    merge.Variable("friends_rewarded", "Friends rewarded so far", "2"),
                ),
                variables.fetch,
            )
        )
        nav.register(
            nav.NavItem(
                "referrals", "Referrals", "share-2", "referrals:overview", 60, ("referrals",), "referrals.view_referral",
                "Programmes",
            )
        )  # fmt: skip
        panels.register(panels.Panel("referrals", "Referrals", "share-2", "referrals:panel", 40, "referrals.view_referral"))
        personal_data.register(
            personal_data.PersonalData(
                "referrals", ports.MODELS, ports.export, ports.erase, ports.merge, tables=privacy.TABLES,
                count=privacy.count, warn=privacy.warn,
                erased="Addresses, browsers and networks of friends and clicks, notes of staff.",
                stays="That a referral happened and what was paid for it, without addresses: it is part of the books.",
            )
        )  # fmt: skip
        jobs.register(jobs.Job("referrals.release_due", "Referral rewards", "referrals", timedelta(minutes=5), ports.due))
        jobs.register(
            jobs.Job("referrals.forget_networks", "Forgetting networks", "referrals", crontab(hour="3", minute="40"))
        )
        samples.register(samples.SamplePart("referrals", "Referrals", 55, sample.build))
