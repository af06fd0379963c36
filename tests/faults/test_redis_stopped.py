"""Redis stopped: pages go on, events are kept, work is only delayed."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = [pytest.mark.faults, pytest.mark.engine_free]  # it makes its own SQLite

SCRIPT = """
import time
import django; django.setup()
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from django.test import Client
from config.kit.clock import now
from customers.actions import timeline
from customers.models import Customer, PendingEvent

User.objects.create_superuser("admin", "admin@example.com", "correct horse battery")
browser = Client()
started = time.monotonic()
page = browser.get("/accounts/login/")
assert page.status_code == 200, page.status_code
page = browser.post("/accounts/login/", {"login": "admin", "password": "correct horse battery"})
assert page.status_code == 302, page.content[-600:]
for path in ("/", "/customers/", "/campaigns/", "/settings/watchdog/"):
    assert browser.get(path).status_code == 200, path
alice = Customer.objects.create(first_name="Alice", created_at=now(), updated_at=now())
event = timeline.NewEvent(alice.id, "order.placed", now(), timeline.event_key("redis", 1), "test", {}, 100, "EUR")
assert timeline.record(event, at=now())
assert PendingEvent.objects.count() == 1
assert time.monotonic() - started < 60
assert timeline.process_batch(at=now()) == 1
print("pages and events go on")
"""


def test_stopped_redis_leaves_pages_working_and_delays_work_only(tmp_path):
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {
        **keep,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(tmp_path),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ALLOWED_HOSTS": "testserver",
    }

    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )

    assert result.stdout.strip().splitlines()[-1:] == ["pages and events go on"], result.stderr[-3000:]
    assert "task customers.process_events waits for its tick" in result.stderr
