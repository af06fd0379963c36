"""What the ingest pages show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from customers.enums import KeyKind
from customers.models import IngestProblem, WriteKey

SHOWN = 50


def keys() -> QuerySet[WriteKey]:
    """All keys, those in use first, with `held` and `refused`."""
    counted = WriteKey.objects.annotate(
        held=Count("problems", filter=Q(problems__is_held=True)),
        refused=Count("problems", filter=Q(problems__is_held=False)),
    )
    return counted.select_related("created_by").order_by("revoked_at", "-id")


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the list: taken in, refused or held."""

    at: datetime
    state: str
    type: str
    name: str
    message_id: str
    field: str = ""
    reason: str = ""
    body: str = ""


def latest(key: WriteKey) -> list[Line]:
    """The last 50 messages of a key, whatever became of them, newest first."""
    problems = list(IngestProblem.objects.filter(write_key=key).order_by("-received_at", "-id")[:SHOWN])
    waiting = {problem.message_id for problem in problems if problem.is_held}
    taken = [_taken(item) for item in key.recent if item["id"] not in waiting]
    lines = taken + [
        Line(
            p.received_at, "held" if p.is_held else "refused" if p.body or not p.message_id else "noted", p.type, "",
            p.message_id, p.field, p.reason, p.body,
        )
        for p in problems
    ]  # fmt: skip
    return sorted(lines, key=lambda line: line.at, reverse=True)[:SHOWN]


def _taken(item: dict[str, Any]) -> Line:
    return Line(datetime.fromisoformat(item["at"]), "taken", item["type"], item["name"], item["id"])


def held() -> QuerySet[IngestProblem]:
    """Messages that wait for something, oldest first."""
    return IngestProblem.objects.filter(is_held=True).select_related("write_key").order_by("id")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code to paste, for one language."""

    title: str
    code: str


def snippets(key: WriteKey, *, secret: str = "") -> list[Snippet]:
    """Code that sends a first message to this installation with this key."""
    base, value = str(settings.BASE_URL), secret or key.public_value or "YOUR_WRITE_KEY"
    if key.kind == KeyKind.BROWSER:
        return [Snippet("Browser (npm install @segment/analytics-next)", BROWSER % {"base": base, "key": value})]
    return [Snippet(title, code % {"base": base, "key": value}) for title, code in SERVER.items()]


BROWSER = """import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load({ writeKey: "%(key)s", cdnURL: "%(base)s" });
analytics.page();
analytics.track("Product Viewed", { sku: "SKU-1" });
// userHash: HMAC-SHA256 (hex) of the user id with the identity secret, made by your server
analytics.identify("user-1", { plan: "pro" }, { context: { userHash: userHashFromYourServer } });
"""
SERVER = {
    "curl": """curl -u "%(key)s:" %(base)s/v1/track \\
  -H "Content-Type: application/json" \\
  -d '{"userId": "user-1", "event": "Signed Up", "properties": {"plan": "pro"}}'
""",
    "Python (pip install segment-analytics-python)": """import segment.analytics as analytics

analytics.write_key = "%(key)s"
analytics.host = "%(base)s"
analytics.identify("user-1", {"email": "alice@example.com", "plan": "pro"})
analytics.track("user-1", "Signed Up", {"plan": "pro"})
analytics.flush()
""",
    "Node (npm install @segment/analytics-node)": """import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "%(key)s", host: "%(base)s" });
analytics.identify({ userId: "user-1", traits: { email: "alice@example.com", plan: "pro" } });
analytics.track({ userId: "user-1", event: "Signed Up", properties: { plan: "pro" } });
await analytics.closeAndFlush();
""",
}
