"""The roof as an app: commands that span all floors, the admin site, and the schedule."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AdminSiteConfig(AdminConfig):
    default_site = "config.admin_site.PerennialAdminSite"


class RoofConfig(AppConfig):
    name = "config"
    verbose_name = "Perennial"

    def ready(self) -> None:
        from config import schedule

        schedule.install()
