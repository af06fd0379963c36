"""Print the worker's queues."""

from typing import Any

from django.core.management.base import BaseCommand

from config import schedule


class Command(BaseCommand):
    help = "Print every queue, separated by commas, for `celery worker -Q`."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(",".join(schedule.queues()))
