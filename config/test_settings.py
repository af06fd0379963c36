"""Settings of the test suite: the embedded default, unless TEST_DATABASE_URL and TEST_REDIS_URL name real services."""

import os
import tempfile

os.environ["DATA_DIR"] = os.environ.get("TEST_DATA_DIR") or tempfile.mkdtemp(prefix="perennial-tests-")
os.environ["SECRET_KEY"] = "test-" * 12
os.environ["BASE_URL"] = "http://testserver"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL", "") or (
    "redis://127.0.0.1:1/0" if os.environ["DATABASE_URL"] else ""
)
os.environ["EMAIL_URL"] = "outbox://"

from config.settings import *  # noqa: F403
from config.settings import CACHES, DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# A file, as in production: threads of the live server would share one connection to a database in memory.
_in_file = None if os.environ["DATABASE_URL"] else os.path.join(os.environ["DATA_DIR"], "test.sqlite3")
DATABASES["default"]["TEST"] = {"NAME": os.environ.get("TEST_DATABASE_NAME") or _in_file}
DATABASES["default"]["CONN_MAX_AGE"] = 0
# Without it each test client walks the collected static files anew, 90 ms each time.
WHITENOISE_AUTOREFRESH = True
