"""Registers what the app offers through the ports of the first floor."""

from celery.schedules import crontab
from django.apps import AppConfig


class MetricsConfig(AppConfig):
    name = "metrics"
    verbose_name = "Metrics"

    def ready(self) -> None:
        from customers.ports import jobs, nav, panels, personal_data
        from metrics import sample, subscribers  # noqa: F401
        from metrics.actions.personal_data import POLICY
        from metrics.queries import due, fields

        fields.register_all()
        personal_data.register(POLICY)
        panels.register(panels.Panel("value", "Value", "gem", "metrics:panel", 18, "metrics.view_rfmscore"))
        nav.register(nav.NavItem("home", "Home", "house", "metrics:home", 0, ("metrics:home",)))
        nav.register(
            nav.NavItem(
                "insights",
                "Insights",
                "chart-column",
                "metrics:insights",
                80,
                tuple(
                    f"metrics:{name}"
                    for name in (
                        "insights",
                        "mrr",
                        "mrr-movements",
                        "retention",
                        "rfm",
                        "nps",
                        "messages",
                        "definitions",
                        "definition",
                        "people",
                    )
                ),
                "metrics.view_dailyfact",
                "Results",
            )
        )
        jobs.register(jobs.Job("metrics.roll_up", "Figures", "metrics", crontab(minute="*/15"), due.roll_up_due))
        jobs.register(jobs.Job("metrics.score_rfm", "RFM scores", "metrics", crontab(minute=25)))
