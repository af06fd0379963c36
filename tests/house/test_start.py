"""Starting: missing or wrong settings stop it with one clear line each."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.engine_free


def start(**environment):
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import config.settings"],
        cwd=settings.BASE_DIR,
        env={**keep, "DATA_DIR": str(settings.DATA_DIR), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_embedded_default_needs_nothing():
    assert start().returncode == 0


@pytest.mark.parametrize(
    ("environment", "lines"),
    [
        (
            {"DATABASE_URL": "mysql://x/y", "BASE_URL": "crm.example.com", "TRUSTED_PROXIES": "many"},
            [
                "BASE_URL: must be an origin such as https://crm.example.com, without a path",
                "DATABASE_URL: must start with postgresql:// (leave it empty for the embedded SQLite)",
                "TRUSTED_PROXIES: Input should be a valid integer, unable to parse string as an integer",
            ],
        ),
        (
            {"DATABASE_URL": "postgresql://db/perennial"},
            ["SECRET_KEY: must be set to 50 or more random characters when DATABASE_URL is set"],
        ),
        (
            {"DATABASE_URL": "postgresql://db/perennial", "SECRET_KEY": "x" * 50},
            ["REDIS_URL: must be set when DATABASE_URL is set; workers find their work through it"],
        ),
        ({"EMAIL_URL": "pigeon://loft"}, ["EMAIL_URL: must start with smtp://, smtps:// or outbox://"]),
    ],
)
def test_wrong_settings_stop_the_start_with_one_line_each(environment, lines):
    result = start(**environment)

    assert result.returncode == 1
    assert [line.strip() for line in result.stderr.splitlines()[1:-1]] == lines
    assert "Traceback" not in result.stderr
