"""What `stages` adds to the ports of the first floor."""

from datetime import timedelta

from celery.schedules import crontab

from customers.ports import jobs, panels, samples, segment_guards, segment_uses, settings_pages
from customers.stages import events, sample, subscribers, tasks  # noqa: F401
from customers.stages.queries import due, fields, loops, uses

PAGES = ("stage-list", "stage-preview", "stage-history")
PERSONAS = ("persona-list", "persona-add", "persona-edit", "persona-delete")


def register_all() -> None:
    """Events, fields, settings pages, the customer page's panel, background work, the sample's part."""
    events.register_all()
    fields.register_all()
    for name, title, icon, text, permission, order, match in SETTINGS:
        settings_pages.register(
            settings_pages.SettingsPage(
                f"customers:{name}",
                title,
                icon,
                text,
                permission,
                order,
                "Data",
                tuple(f"customers:{item}" for item in match),
            )
        )
    panels.register(
        panels.Panel("standing", "Journey", "milestone", "customers:standing-panel", 15, "customers.view_stagerule")
    )
    segment_uses.register(segment_uses.SegmentUses("stages", uses.of_segments))
    segment_guards.register(segment_guards.Guard("stages", loops.objection))
    jobs.register(
        jobs.Job("customers.run_standings", "Stages: after new rules", "segments", timedelta(seconds=10), due.runs)
    )
    jobs.register(jobs.Job("customers.check_standings", "Stages: nightly check", "segments", crontab(minute="20,50")))
    jobs.register(jobs.Job("customers.count_usage", "Product usage", "segments", timedelta(seconds=60)))
    samples.register(samples.SamplePart("stages", "Journey stages, personas, usage", 72, sample.build))


SETTINGS = [
    ("stage-list", "Journey stages", "milestone", "Where customers stand, from onboarding to won back, by rules you edit.",
     "customers.view_stagerule", 30, PAGES),
    ("persona-list", "Personas", "contact-round", "Types of buyers and users, with members from segments.",
     "customers.view_persona", 32, PERSONAS),
    ("usage-edit", "Product usage", "gauge", "What counts as use, and from how many active days a level begins.",
     "customers.view_usagerule", 34, ()),
]  # fmt: skip
