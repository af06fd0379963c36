"""What journeys offer through the ports of the first floor."""

from datetime import timedelta

from campaigns.journeys import events, sample, subscribers, tasks  # noqa: F401
from campaigns.journeys.actions import personal
from campaigns.journeys.models import Enrolment
from campaigns.journeys.queries import due, starts, uses
from customers.ports import event_uses, jobs, nav, panels, personal_data, samples, segment_starts, segment_uses

PAGES = ("list", "new", "detail", "people", "messages", "history", "edit", "step")


def register_all() -> None:
    events.register_all()
    nav.register(
        nav.NavItem(
            "journeys", "Journeys", "route", "campaigns:journey-list", 40,
            tuple(f"campaigns:journey-{name}" for name in PAGES), "campaigns.view_journey",
            "Messaging",
        )
    )  # fmt: skip
    panels.register(panels.Panel("journeys", "Journeys", "route", "campaigns:journey-panel", 25, "campaigns.view_journey"))
    personal_data.register(
        personal_data.PersonalData(
            "journeys", (Enrolment,), personal.export, personal.erase, personal.merge, tables=personal.TABLES,
            count=personal.count, warn=personal.warn,
            erased="Runs through journeys and their steps; nothing more is sent.",
            stays="How many people went through each step.",
        )
    )  # fmt: skip
    jobs.register(jobs.Job("campaigns.advance_journeys", "Journey steps", "journeys", timedelta(seconds=5), due.to_advance))
    jobs.register(jobs.Job("campaigns.enter_dated_journeys", "Journeys by date", "journeys", timedelta(hours=1)))
    event_uses.register(event_uses.EventUses("journeys", uses.of_events))
    segment_uses.register(segment_uses.SegmentUses("journeys", uses.of_segments))
    segment_starts.register(segment_starts.Starts("journeys", starts.of_segment))
    samples.register(samples.SamplePart("journeys", "Journeys", 75, sample.build))
