"""Write the staff roles."""

from typing import Any

from django.core.management.base import BaseCommand

from config import roles


class Command(BaseCommand):
    help = "Create or update the groups admin, marketer, approver, analyst and support."

    def handle(self, *args: Any, **options: Any) -> None:
        for role, count in roles.sync().items():
            self.stdout.write(f"{role}: {count} permissions")
