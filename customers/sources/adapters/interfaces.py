"""What changed at Stripe and Shopify, page by page, by their own interfaces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from customers.sources.adapters.http import Answer, Client
from customers.sources.rules import stripe

STRIPE_HOST = "api.stripe.com"
# Payments of this version say which invoice they pay, and subscriptions hold their discounts.
STRIPE_VERSION = "2024-06-20"
STRIPE_KEEPS = timedelta(days=30)
SHOP = re.compile(r"^[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com\Z")
SHOPIFY_PATH = "/admin/api/2025-01"
MOST_PAGES = 2_000
LONGEST_WAIT = 120


class RateLimited(Exception):
    """The system asks for a pause of `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asked to wait {seconds:g} seconds")
        self.seconds = seconds


class Refused(Exception):
    """The system does not let us read; the text says why, without the token."""


@dataclass(frozen=True, slots=True)
class Page:
    """Objects of one answer, and where the next one is."""

    objects: list[dict[str, Any]]
    next_path: str


def client() -> Client:
    """The guarded client for exactly these two systems."""
    return Client(lambda host: host == STRIPE_HOST or bool(SHOP.match(host)))


def stripe_path(kind: str, *, since: datetime | None) -> str:
    """Where the first page of events, customers or running subscriptions is."""
    query: list[tuple[str, str]] = [("limit", "100")]
    if kind == "events":
        query += [("types[]", topic) for topic in stripe.TOPICS[:20]]
    if since is not None:
        query.append(("created[gte]", str(int(since.timestamp()))))
    if kind == "subscriptions":
        query.append(("expand[]", "data.discounts"))
    return f"/v1/{kind}?{urlencode(query)}"


def stripe_page(calls: Client, path: str, token: str) -> Page:
    """One page of a Stripe list."""
    answer = calls.get(STRIPE_HOST, path, {"Authorization": f"Bearer {token}", "Stripe-Version": STRIPE_VERSION})
    found = _checked(answer, "Stripe")
    objects = (
        [item for item in found.get("data", []) if isinstance(item, dict)] if isinstance(found.get("data"), list) else []
    )
    last = objects[-1].get("id") if objects else None
    if found.get("has_more") is not True or not isinstance(last, str):
        return Page(objects, "")
    parts = urlsplit(path)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "starting_after"] + [("starting_after", last)]
    return Page(objects, f"{parts.path}?{urlencode(query)}")


def shopify_path(kind: str, *, since: datetime) -> str:
    """Where the first page of orders or customers changed since then is."""
    query = {"limit": "250", "updated_at_min": since.isoformat(timespec="seconds")}
    if kind == "orders":
        query["status"] = "any"
    return f"{SHOPIFY_PATH}/{kind}.json?{urlencode(query)}"


def shopify_page(calls: Client, shop: str, path: str, token: str) -> Page:
    """One page of a Shopify list; the next one is named in the Link header (`page_info`)."""
    answer = calls.get(shop, path, {"X-Shopify-Access-Token": token})
    found = _checked(answer, "Shopify")
    kind = urlsplit(path).path.rsplit("/", 1)[-1].removesuffix(".json")
    listed = found.get(kind)
    objects = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    follow = re.search(r'<([^>]+)>;\s*rel="?next"?', answer.headers.get("link", ""))
    if not follow:
        return Page(objects, "")
    query = dict(parse_qsl(urlsplit(follow[1]).query))
    kept = {"limit": "250", "page_info": query.get("page_info", "")}
    return Page(objects, f"{SHOPIFY_PATH}/{kind}.json?{urlencode(kept)}" if kept["page_info"] else "")


def _checked(answer: Answer, name: str) -> dict[str, Any]:
    if answer.status == 429:
        raise RateLimited(_seconds(answer.headers.get("retry-after", "")))
    if answer.status in (401, 403):
        raise Refused(f"{name} refuses the API token ({answer.status}). Check that it is right and may read these objects.")
    if answer.status != 200:
        raise Refused(f"{name} answers {answer.status}.")
    try:
        found = answer.json()
    except ValueError:
        raise Refused(f"{name} answers something that is not JSON.") from None
    if not isinstance(found, dict):
        raise Refused(f"{name} answers something else than a list.")
    return found


def _seconds(text: str) -> float:
    try:
        return min(max(float(text), 0.5), LONGEST_WAIT)
    except ValueError:
        return 2.0


def pages(first: str, fetch: Any) -> Iterator[Page]:
    """Pages one after the other, from the path of the first; `fetch(path)` gives one."""
    path = first
    for _ in range(MOST_PAGES):
        page: Page = fetch(path)
        yield page
        if not page.next_path:
            return
        path = page.next_path
    raise Refused("There are more pages than expected; the rest is taken in the next night.")
