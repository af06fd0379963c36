"""`manage.py rollup --from 2025-01-01 --to 2025-12-31`: rebuild the facts of a range of days."""

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from config.kit.clock import local_day, now
from customers.queries import brand
from metrics.actions import months
from metrics.actions.rollup import rollup
from metrics.actions.score_rfm import score_rfm
from metrics.queries import truth
from metrics.rules.periods import add_months, month_start


class Command(BaseCommand):
    help = "Rebuild daily facts, months, cohorts and RFM scores. Without dates: everything from the first day to yesterday."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, YYYY-MM-DD")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day, YYYY-MM-DD; yesterday by default")

    def handle(self, *args: Any, first: date | None, last: date | None, **options: Any) -> None:
        at = now()
        yesterday = local_day(at, brand.current().timezone) - timedelta(days=1)
        last = last or yesterday
        first = first or truth.first_day() or last
        if last > yesterday or first > last:
            raise CommandError(f"The days must be in order and end at {yesterday} at the latest: {first} to {last}.")
        steps, start = [], first
        while start <= last:
            end = min(last, add_months(month_start(start), 6) - timedelta(days=1))
            steps.append((start, end))
            start = end + timedelta(days=1)
        with tqdm(total=(last - first).days + 1, unit="day", desc="facts", disable=options["verbosity"] < 1) as bar:
            for start, end in steps:
                rollup(first=start, last=end, at=at)
                bar.update((end - start).days + 1)
        months.rebuild(first=first, last=yesterday, at=at)
        changed = score_rfm(day=yesterday)
        if options["verbosity"]:
            self.stdout.write(f"Rolled up {first} to {last}; {changed} RFM scores changed.")
