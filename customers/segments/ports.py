"""What segments add to the ports of the first floor."""

from datetime import timedelta

from celery.schedules import crontab

from customers.ports import jobs, nav, page_actions, samples
from customers.segments import sample, subscribers  # noqa: F401
from customers.segments.queries import due


def register_all() -> None:
    """Menu entry, background work, sample part; the subscriber registers itself on import."""
    nav.register(
        nav.NavItem(
            "segments", "Segments", "shapes", "customers:segment-list", 20, section="Audience",
            permission="customers.view_segment", match=tuple(f"customers:segment-{name}" for name in PAGES),
        )
    )  # fmt: skip
    page_actions.register(
        page_actions.PageAction(
            "lists", "Put on a list", "list-plus", "customers:customer-lists", 30, "customers.change_segment"
        )
    )
    for task, label, every, waits in JOBS:
        jobs.register(jobs.Job(task, label, "segments", every, waits))
    samples.register(samples.SamplePart("segments", "Segments", 70, sample.build))


PAGES = ("add", "detail", "edit", "members", "history", "explain", "list-add", "list-edit", "upload", "delete",
         "gallery", "restore", "export", "freeze")  # fmt: skip
JOBS = (
    ("customers.refresh_touched_segments", "Segments: after events", timedelta(seconds=2), due.touches),
    ("customers.work_list_uploads", "Segments: long lists", timedelta(seconds=10), due.uploads),
    ("customers.fill_segments", "Segments: first fill", timedelta(seconds=10), due.fills),
    ("customers.refresh_segment_windows", "Segments: time windows", timedelta(minutes=1), None),
    ("customers.refresh_segments_nightly", "Segments: nightly check", crontab(minute="10,40"), None),
)
