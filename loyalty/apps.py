"""Registers what the app offers through the ports of the first floor."""

from datetime import timedelta

from celery.schedules import crontab
from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    verbose_name = "Loyalty"

    def ready(self) -> None:
        from customers.ports import effects, fields, import_kinds, jobs, merge, nav, panels, personal_data, samples
        from loyalty import events, sample, subscribers  # noqa: F401
        from loyalty.actions import effects as own_effects
        from loyalty.actions import opening, settle, tiers
        from loyalty.actions import personal_data as own_data
        from loyalty.queries import exports as lists
        from loyalty.queries import ports

        events.register_all()
        lists.register_all()
        for field in ports.FIELDS:
            fields.register(field)
        merge.register(ports.MERGE)
        effects.register(own_effects.GIVE_POINTS)
        import_kinds.register(import_kinds.Taker("points", opening.give))
        nav.register(
            nav.NavItem(
                "loyalty", "Loyalty", "award", "loyalty:overview", 50, ("loyalty",), "loyalty.view_account", "Programmes"
            )
        )
        panels.register(panels.Panel("loyalty", "Loyalty", "award", "loyalty:panel", 20, "loyalty.view_account"))
        personal_data.register(
            personal_data.PersonalData(
                "loyalty", ports.MODELS, ports.export, own_data.erase, own_data.merge, remember=own_data.remember,
                unmerge=own_data.unmerge, count=own_data.count, warn=own_data.warn,
                erased="Notes in the points ledger; the account loses its owner.",
                stays="Points booked, without a name: they are part of the books.",
            )
        )  # fmt: skip
        minutes = timedelta(minutes=5)
        for task, label, every, due in (
            ("settle_due", "Points that mature or expire", minutes, settle.due),
            ("review_tiers", "Tier periods that end", timedelta(hours=1), tiers.review_waits),
            ("align_tiers", "Changed tier rules", timedelta(minutes=1), None),
            ("expire_codes", "Reward codes that end", timedelta(hours=1), None),
            ("refresh_metrics", "Tier metric of the day", crontab(hour="1", minute="15"), None),
        ):
            jobs.register(jobs.Job(f"loyalty.{task}", label, "loyalty", every, due))
        samples.register(samples.SamplePart("loyalty", "Loyalty programme", 15, sample.build_programme))
        samples.register(samples.SamplePart("loyalty_redemptions", "Points and rewards", 62, sample.build_redemptions))
