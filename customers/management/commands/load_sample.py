"""Load the sample company: a real shop's orders, with invented people."""

import sys
import time
from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from config.kit.clock import local_day, now
from customers.actions import timeline
from customers.models import Customer
from customers.ports import samples
from customers.sample.company import LAST_DAY, ZONE


class Command(BaseCommand):
    help = "Fill an empty installation with the sample company; its story ends yesterday."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--original-dates", action="store_true", help="keep the dates of the source (2010-2011)")
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there are customers already")
        parser.add_argument("--only", nargs="*", default=[], help="build only these parts")

    def handle(self, *args: Any, **options: Any) -> None:
        if Customer.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("There are customers already; the sample company goes only into an empty installation.")
        started = time.monotonic()
        with tqdm(unit=" rows", disable=not sys.stderr.isatty(), leave=False) as bar:
            story = self._story(bar, original=options["original_dates"])
            for part in samples.all():
                if not options["only"] or part.key in options["only"]:
                    bar.set_description(part.label)
                    self._build(part, story)
        self.stdout.write(f"Sample company loaded in {time.monotonic() - started:.0f} s.")

    def _build(self, part: samples.SamplePart, story: samples.Story) -> None:
        started = time.monotonic()
        part.build(story)
        while count := timeline.process_batch(limit=5000, at=story.at):
            story.progress("events", count)
        self.stdout.write(f"  {part.label}: {time.monotonic() - started:.1f} s")
        self.stdout.flush()

    def _story(self, bar: "tqdm[Any]", *, original: bool) -> samples.Story:
        if original:
            at, shift = datetime(2011, 12, 10, tzinfo=UTC), timedelta()
        else:
            at = now()
            shift = _days(local_day(at, ZONE) - timedelta(days=1), LAST_DAY)
        return samples.Story(at=at, shift=shift, seed=20101201, progress=lambda label, done: bar.update(done))


def _days(later: date, earlier: date) -> timedelta:
    return timedelta(days=(later - earlier).days)
