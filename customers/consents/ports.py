"""What `consents` adds to the ports of the first floor."""

from celery.schedules import crontab

from customers.consents import sample
from customers.ports import jobs, panels, samples
from customers.ports.settings_pages import SettingsPage, register

SECTION = "Consent and privacy"


def register_all() -> None:
    """Settings pages, the panel on the customer page, and the nightly job."""
    for name, title, icon, text, permission, order, match in PAGES:
        register(SettingsPage(f"customers:{name}", title, icon, text, permission, order, SECTION, match))
    panels.register(
        panels.Panel(
            "consent",
            "Consent and preferences",
            "shield-check",
            "customers:consent-panel",
            25,
            "customers.view_consent",
            "consent",
        )
    )
    samples.register(samples.SamplePart("consents", "Sign-ups and wishes", 27, sample.build))
    jobs.register(jobs.Job("customers.forget_opt_ins", "Sign-ups never confirmed", "customers", crontab(hour=3, minute=20)))


PAGES = (
    ("consent-overview", "Consent", "shield-check", "Who said yes or no to what, day by day, and where they said it.",
     "customers.view_consent", 15, ()),
    ("signup-list", "Sign-up forms", "clipboard-pen", "Forms through which people ask to be written to.",
     "customers.view_signupform", 21, ("customers:signup-add", "customers:signup-detail", "customers:signup-edit")),
    ("suppression-list", "Suppression list", "ban", "Addresses that nothing is sent to, whatever consent says.",
     "customers.view_suppression", 22, ("customers:suppression-add",)),
)  # fmt: skip
