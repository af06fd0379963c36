"""The scheduler's table, built from the jobs that the apps registered."""

from typing import Any

from config.celery import app
from customers.ports import jobs


def install() -> None:
    """Give every registered job its entry; entries that were not sent in time are dropped, the next tick looks anyway."""
    app.conf.beat_schedule = {
        job.task: {"task": job.task, "schedule": job.every, "options": {"queue": job.queue, "expires": 60}}
        for job in jobs.all()
    }

    app.conf.task_routes = (route,)


def route(name: str, *args: Any, **kwargs: Any) -> dict[str, str]:
    """The queue of a task: the one its periodic job names, otherwise that of its app ("loyalty.…" goes to `loyalty`)."""
    known = {job.task: job.queue for job in jobs.all()}
    return {"queue": known.get(name) or name.split(".")[0]}


def queues() -> list[str]:
    """Every queue that some task uses, for the workers' command lines."""
    app.loader.import_default_modules()
    tasks = [name for name in app.tasks if not name.startswith("celery.")]
    return sorted({"default", *(route(name)["queue"] for name in tasks), *(job.queue for job in jobs.all())})
