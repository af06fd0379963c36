"""Where a link leads one person, and the plain variant of a message whose links are not counted.

Variables may fill in path and query of a stored origin, percent-encoded. An address that starts with a variable must turn
out to be a page of this installation: a value from a customer's profile never decides where a click goes.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

from campaigns.rules.template import BadTemplate, CannotRender, Template

NOWHERE = "#"


class BadLink(ValueError):
    """No address can be made of this link for this person."""


def is_variable(url: str) -> bool:
    """Whether the address differs from person to person."""
    return "{{" in url or "{%" in url


@lru_cache(maxsize=256)
def template_of(url: str) -> Template:
    """The parsed template of an address. Raises `template.BadTemplate`."""
    return Template({"url": url})


def address(url: str, values: Mapping[str, Any], *, base_url: str) -> str:
    """The address of a stored link for one person, from plain values. Raises `BadLink`."""
    if not is_variable(url):
        return _readable(url)
    try:
        origin = urlsplit(url)
        is_stored_origin = origin.scheme in ("http", "https") and "{" not in origin.netloc and bool(origin.netloc)
        if is_stored_origin:
            values = {source: _quoted(found) for source, found in values.items()}
        made = template_of(url).render("url", values)
    except (BadTemplate, CannotRender, ValueError) as error:
        raise BadLink from error
    made = "".join(character for character in made if character.isprintable()).strip().replace(" ", "%20")
    if is_stored_origin or made.startswith(f"{base_url}/"):
        return _readable(made)
    raise BadLink


def _readable(url: str) -> str:
    try:
        urlsplit(url)
    except ValueError as error:
        raise BadLink from error
    return url


def _quoted(value: Any) -> Any:
    """Every text of a value percent-encoded, also inside lists and mappings, so that it stays within its place."""
    if isinstance(value, str):
        return quote(value, safe="")
    if isinstance(value, dict):
        return {key: _quoted(item) for key, item in value.items()}
    return [_quoted(item) for item in value] if isinstance(value, list) else value


PIXEL = re.compile(r'<img src="[^"]*/o/\{\{ m\.t \}\}\.gif"[^>]*>')
COUNTED = re.compile(r"[^\"\s<>()\[\]]*/c/\{\{ m\.t \}\}/(\d+)")


def plain(html: str, text: str, urls: Sequence[str]) -> tuple[str, str]:
    """The variant of a compiled message without open pixel and counted links: each link leads straight to its address.

    `urls` are the stored links by position. A link with variables becomes `{{ m.l<position> }}`, filled by `personal`.
    """

    def straight(match: re.Match[str], is_html: bool) -> str:
        position = int(match[1])
        if not 1 <= position <= len(urls):
            return NOWHERE
        url = urls[position - 1]
        if is_variable(url):
            return f"{{{{ m.l{position} }}}}"
        return escape(url) if is_html else url

    html = COUNTED.sub(lambda match: straight(match, True), PIXEL.sub("", html))
    return html, COUNTED.sub(lambda match: straight(match, False), text)


def personal(urls: Sequence[str], values: Mapping[str, Any], *, base_url: str) -> dict[str, str]:
    """The links with variables of one person, as `m.l1`, `m.l2` …; one of which no address can be made leads nowhere."""
    made = {}
    for position, url in enumerate(urls, start=1):
        if is_variable(url):
            try:
                made[f"l{position}"] = address(url, values, base_url=base_url)
            except BadLink:
                made[f"l{position}"] = NOWHERE
    return made
