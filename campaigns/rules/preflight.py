"""Checks of a message before it leaves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

SIZE_LIMIT = 102_000  # Gmail cuts longer messages, and with them the unsubscribe link
SUBJECT_LENGTH = 70
IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
HREF = re.compile(r'<a\b[^>]*\bhref\s*=\s*"([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: `level` is good, warn or bad; a bad one stops the launch."""

    level: str
    title: str
    detail: str = ""


def check(
    *,
    subject: str,
    html: str,
    links: Sequence[str],
    has_address: bool,
    has_sender: bool,
    unknown: Sequence[str],
    empty: Mapping[str, tuple[int, int]],
    holds_unsubscribe: bool,
    has_audience: bool = True,
) -> list[Check]:
    """All findings, worst first. `empty` counts (without value, looked at) per variable that has no fall-back."""
    found = [
        *([] if has_audience else [Check("bad", "Nobody to send to", "Choose a segment and a topic in the first step.")]),
        *_subject(subject),
        *_links(html, links),
        *_images(html),
        Check("good", "Unsubscribe link is there") if holds_unsubscribe else Check("bad", "No unsubscribe link"),
        Check("good", "Postal address is there")
        if has_address
        else Check("bad", "No postal address", "Law asks for it in every marketing message. Add it to the brand."),
        *([] if has_sender else [Check("warn", "The brand has no sender address", "The installation's default is used.")]),
        *_variables(unknown, empty),
        _size(html),
    ]
    return sorted(found, key=lambda item: ("bad", "warn", "good").index(item.level))


def _subject(subject: str) -> list[Check]:
    if not subject.strip():
        return [Check("bad", "No subject")]
    if len(subject) > SUBJECT_LENGTH and "{{" not in subject:
        return [Check("warn", "Long subject", f"{len(subject)} characters; phones show about 40.")]
    return [Check("good", "Subject is there")]


def _links(html: str, links: Sequence[str]) -> list[Check]:
    wrong = [
        url for url in HREF.findall(html) if not re.match(r"https?://|mailto:|tel:|#|\{\{|\{%", url.strip(), re.IGNORECASE)
    ]
    for url in links:
        if url.startswith(("http://", "https://")) and "{" not in url and "." not in _host(url):
            wrong.append(url)
    if wrong:
        shown = ", ".join(url or "a button or link has no address yet" for url in wrong[:5])
        return [Check("bad", "Links that lead nowhere", shown)]
    foreign = [url for url in links if re.match(r"\{\{\s*customer\.", url)]
    if foreign:
        return [
            Check("bad", "A link starts with a customer's own value", "It could lead anywhere: write the address itself.")
        ]
    if not links:
        return [Check("warn", "No link", "There is nothing to click.")]
    return [Check("good", "1 link can be followed" if len(links) == 1 else f"{len(links)} links can be followed")]


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _images(html: str) -> list[Check]:
    images = IMAGE.findall(html)
    missing = [image for image in images if not re.search(r'\balt\s*=\s*"[^"]+"', image)]
    missing = [image for image in missing if 'width="1"' not in image]
    if missing:
        return [
            Check("warn", f"{len(missing)} images without a description", "People who cannot see them read nothing there.")
        ]
    return [Check("good", "Images are described")] if len(images) > 1 else []


def _variables(unknown: Sequence[str], empty: Mapping[str, tuple[int, int]]) -> list[Check]:
    found = []
    if unknown:
        found.append(Check("warn", "Unknown variables", ", ".join(unknown) + ": they stay empty."))
    for name, (without, total) in empty.items():
        if without:
            words = f'{without} of {total} people looked at have none; add a fall-back: {{{{ {name} or "…" }}}}'
            found.append(Check("warn", f"{name} is empty for some", words))
    return found or [Check("good", "Variables are filled or have a fall-back")]


def _size(html: str) -> Check:
    size = len(html.encode())
    if size > SIZE_LIMIT:
        return Check("bad", "Too large", f"{size // 1000} kB; Gmail cuts messages over 102 kB.")
    return Check("good", f"Size {max(size // 1000, 1)} kB")
