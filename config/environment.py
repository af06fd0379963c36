"""Every setting that comes from the environment, typed and checked once, at start.

`Environment` is the only reader of `os.environ`. A missing or malformed value stops the start with one line per
setting. `docs/settings.md` lists the fields; a test keeps the two equal.
"""

import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    """The environment of one installation. Without any variable it is the embedded default."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore")

    secret_key: str = Field(
        "",
        min_length=0,
        description="Signs sessions and links: 50 or more random characters. Required with DATABASE_URL; "
        "the embedded default makes one and keeps it in DATA_DIR.",
    )
    secret_key_fallbacks: str = Field(
        "", description="Former SECRET_KEY values, separated by commas; links signed with them stay valid."
    )
    base_url: str = Field(
        "http://127.0.0.1:8000",
        description="Public address of this installation, used in links. https switches secure cookies and HSTS on.",
    )
    allowed_hosts: str = Field("", description="Host names to answer, separated by commas. Default: that of BASE_URL.")
    database_url: str = Field("", description="postgresql://user:password@host:5432/name. Default: SQLite in DATA_DIR.")
    redis_url: str = Field(
        "", description="redis://:password@host:6379/0, broker and cache. Default: a broker in SQLite, cache in memory."
    )
    data_dir: Path = Field(ROOT / "var", description="Folder for SQLite, the local outbox and uploads.")
    email_url: str = Field(
        "outbox://",
        description="Where e-mail goes: smtp://user:password@host:587 (STARTTLS when offered), smtps://host:465, "
        "or outbox:// which keeps it on the local outbox page.",
    )
    default_from_email: str = Field(
        "Perennial <hello@example.com>", description="Sender of staff mail and of a brand that has none yet."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many proxies in front of the web server set X-Forwarded-For."
    )
    ingest_rate: int = Field(
        100_000, ge=0, description="Messages a second that one write key may send to the ingest API; 0: no limit."
    )
    ingest_visitor_rate: int = Field(
        50, ge=0, description="Messages a second that one IP address may send with a browser key; 0: no limit."
    )
    debug: bool = Field(False, description="Django debug pages. Never in production.")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR.")
    language_code: str = Field("en", description="Language of the staff pages.")

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError("must be an origin such as https://crm.example.com, without a path")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_is_postgresql(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("postgres", "postgresql"):
            raise ValueError("must start with postgresql:// (leave it empty for the embedded SQLite)")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_is_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "redis+socket", "unix"):
            raise ValueError("must start with redis://, rediss:// or unix:// (leave it empty for the embedded broker)")
        return value

    @field_validator("email_url")
    @classmethod
    def _email_scheme_is_known(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("smtp", "smtps", "outbox"):
            raise ValueError("must start with smtp://, smtps:// or outbox://")
        return value

    @model_validator(mode="after")
    def _production_brings_its_own_secrets(self) -> "Environment":
        if self.database_url and len(self.secret_key) < 50:
            raise ValueError("SECRET_KEY: must be set to 50 or more random characters when DATABASE_URL is set")
        if self.database_url and not self.redis_url:
            raise ValueError("REDIS_URL: must be set when DATABASE_URL is set; workers find their work through it")
        return self

    @property
    def secure(self) -> bool:
        """Whether people reach this installation over https."""
        return self.base_url.startswith("https://")

    @property
    def hosts(self) -> list[str]:
        """Host names to answer; a loop-back address brings its twin name."""
        named = [host.strip() for host in self.allowed_hosts.split(",") if host.strip()]
        own = urlsplit(self.base_url).hostname or ""
        loopback = ["127.0.0.1", "localhost", "[::1]"] if own in ("127.0.0.1", "localhost") else []
        return named or [own, *loopback]


def _one_line(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"]).upper()
    reason = error["msg"].removeprefix("Value error, ")
    return f"{name}: {reason}" if name else reason


def _embedded_secret(data_dir: Path) -> str:
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x") as file:
                path.chmod(0o600)
                file.write(secrets.token_urlsafe(64))
        except FileExistsError:
            pass
    return path.read_text().strip()


def load() -> Environment:
    """Read the environment, or stop the process with one line per wrong setting."""
    try:
        environment = Environment()  # type: ignore[call-arg]
    except ValidationError as errors:
        lines = [_one_line(error) for error in errors.errors()]
        sys.exit("Perennial cannot start:\n  " + "\n  ".join(lines) + "\nSee docs/settings.md.")
    if not environment.secret_key:
        environment.secret_key = _embedded_secret(environment.data_dir)
    return environment
