"""The Celery app. Its messages carry no state: a task looks into the database for what is due."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
TRANSPORT_ALIASES["sqlitebroker"] = "config.sqlitebroker:Transport"

app = Celery("perennial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "customers",
        "customers.segments",
        "customers.imports",
        "customers.exports",
        "customers.commerce",
        "customers.ingest",
        "customers.consents",
        "customers.sources",
        "customers.stages",
        "customers.tracking",
        "customers.privacy",
        "campaigns",
        "campaigns.journeys",
        "loyalty",
        "referrals",
        "surveys",
        "metrics",
    ]
)
