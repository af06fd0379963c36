"""Rows that hold what a person sent or typed without a key to the customer: found by the person's own words.

Each function here knows one table. `Words` are what names the person: addresses, phone, ids, and for the samples of the
tracking plan also the values of attributes and events.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Model, Q, TextField
from django.db.models.functions import Cast

from config.kit import sql
from customers.enums import ImportState
from customers.models import (
    AnonymousEvent,
    Delivery,
    ImportJob,
    ImportProblem,
    IngestBatch,
    IngestProblem,
    OptIn,
    SpentKey,
    TrackedEvent,
    TrackedProperty,
)
from customers.rules import addresses

SHORTEST = 4
# Every model that may hold a person's words without a key to the customer, and who clears it.
WITHOUT_KEY = {
    "customers.AnonymousEvent", "customers.Delivery", "customers.ImportJob", "customers.ImportProblem",
    "customers.IngestBatch", "customers.IngestProblem", "customers.OptIn", "customers.SourceObject",
    "customers.TrackedEvent", "customers.TrackedProperty", "campaigns.OutboxMail", "campaigns.SystemMail",
    "referrals.Referral", "admin.LogEntry",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """`names` are strings that mean this person and nobody else: addresses, phone, whole name, ids; `values` further
    strings from attributes and events, which may stand in samples."""

    names: frozenset[str]
    values: frozenset[str] = frozenset()

    @property
    def searched(self) -> list[str]:
        """The names that are long enough to be searched for in text, as they are and as JSON writes them."""
        found = {name for name in self.names if len(name) >= SHORTEST}
        return sorted(found | {json.dumps(name)[1:-1] for name in found})

    def are_in(self, value: Any) -> bool:
        """Whether a JSON value names the person: a string that is one of the names, or that has their address in it.

        Searching for an id like "1234" in text would find other people's amounts: ids count as a whole only.
        """
        names = {name.lower() for name in self.names}
        with_at = [name for name in names if "@" in name]
        lowered = map(str.lower, texts(value))
        return any(text in names or any(address in text for address in with_at) for text in lowered)


def clear(words: Words) -> dict[str, int]:
    """Remove the person's words from every table without a key; returns how many rows were touched, by table."""
    return {
        "anonymous events": _anonymous(words),
        "waiting messages": _batches(words),
        "refused messages": _rows(IngestProblem, "body", words, body="", message_id="", is_held=False),
        "webhooks": _rows(Delivery, "payload", words, payload={}),
        "refused rows": _rows(ImportProblem, "row", words, row=[]),
        "uploaded files": _files(words),
        "opt-ins": _opt_ins(words),
        "samples": _samples(words),
    }


def _mentions(model: type[Model], column: str, words: Words) -> list[Any]:
    """Keys of the rows whose JSON names the person: found as text by the database, then read."""
    condition = Q(pk__in=[])
    for word in words.searched:
        condition |= Q(as_text__icontains=word)
    rows = model._default_manager.annotate(as_text=Cast(column, TextField())).filter(condition)
    return [pk for pk, value in rows.values_list("pk", column).iterator(chunk_size=500) if words.are_in(_read(value))]


def _read(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _rows(model: type[Model], column: str, words: Words, **blank: Any) -> int:
    return model._default_manager.filter(pk__in=_mentions(model, column, words)).update(**blank)


def _anonymous(words: Words) -> int:
    mine = AnonymousEvent.objects.filter(
        Q(anonymous_id__in=words.names) | Q(pk__in=_mentions(AnonymousEvent, "properties", words))
    )
    spend(mine.values_list("key", flat=True).iterator(chunk_size=2000))
    return mine.delete()[0]


def spend(keys: Iterable[Any]) -> None:
    """Remember the keys of deleted events, so that a replay of the same message changes nothing."""
    chunk = []
    for key in keys:
        chunk.append(SpentKey(key=key))
        if len(chunk) == 2000:
            SpentKey.objects.bulk_create(chunk, ignore_conflicts=True)
            chunk = []
    SpentKey.objects.bulk_create(chunk, ignore_conflicts=True)


def _batches(words: Words) -> int:
    """Messages that wait to be taken in: those that name the person go, the others of the request stay."""
    count = 0
    ids = _mentions(IngestBatch, "body", words)
    for batch in sql.for_update(IngestBatch.objects.filter(pk__in=ids).order_by("pk")):
        messages = json.loads(batch.body)
        kept = [message for message in messages if not words.are_in(message)]
        count += len(messages) - len(kept)
        if kept:
            IngestBatch.objects.filter(pk=batch.pk).update(body=json.dumps(kept), message_count=len(kept))
        else:
            batch.delete()
    return count


def _files(words: Words) -> int:
    """Uploaded files that are done with and name the person: the whole file goes."""
    wanted: dict[str, re.Pattern[bytes] | None] = {}
    count = 0
    for job in (
        ImportJob.objects.exclude(file="").exclude(state__in=[ImportState.QUEUED, ImportState.RUNNING]).order_by("pk")
    ):
        if job.encoding not in wanted:
            wanted[job.encoding] = _pattern(words, job.encoding)
        pattern = wanted[job.encoding]
        if pattern and _file_mentions(job, pattern):
            job.file.delete(save=False)
            ImportJob.objects.filter(pk=job.pk).update(file="")
            count += 1
    return count


def _pattern(words: Words, encoding: str) -> re.Pattern[bytes] | None:
    """The person's words as a file of these characters writes them."""
    is_wide = encoding in ("utf-16", "utf-32")
    codes = (f"{encoding}-le", f"{encoding}-be") if is_wide else ("utf-8", encoding.removesuffix("-sig") or "utf-8")
    found = set()
    for code in codes:
        for word in words.searched:
            try:
                found.add(re.escape(word.lower().encode(code)))
            except (UnicodeEncodeError, LookupError):
                continue  # no file of these characters can hold it
    if not found:
        return None
    either = b"|".join(sorted(found))
    if encoding.startswith(("utf-16", "utf-32")):
        return re.compile(either)
    return re.compile(b"(?<![a-z0-9])(?:" + either + b")(?![a-z0-9])")


OVERLAP = 1000  # longer than any word that is searched for


def _file_mentions(job: ImportJob, wanted: re.Pattern[bytes]) -> bool:
    """Read in pieces that overlap, so that a word on a border is seen."""
    try:
        with Path(job.file.path).open("rb") as file:
            rest = b""
            while piece := file.read(1 << 20):
                text = (rest + piece).lower()
                if wanted.search(text):
                    return True
                rest = text[-OVERLAP:]
    except OSError:
        return False
    return False


def _opt_ins(words: Words) -> int:
    hashes = {addresses.fingerprint("email", name) for name in words.names if "@" in name}
    return OptIn.objects.filter(address_hash__in=hashes).delete()[0]


def _samples(words: Words) -> int:
    """The tracking plan shows one example per event and property: the person's go, the next event fills them."""
    strings = {text for text in words.names | words.values if len(text) >= SHORTEST}
    events = [
        pk for pk, sample in TrackedEvent.objects.values_list("pk", "sample").iterator() if strings & set(texts(sample))
    ]
    properties = [
        pk
        for pk, example in TrackedProperty.objects.exclude(example="").values_list("pk", "example").iterator()
        if example in strings or any(text in example or text[:200] == example for text in strings)
    ]
    return TrackedEvent.objects.filter(pk__in=events).update(sample={}) + TrackedProperty.objects.filter(
        pk__in=properties
    ).update(example="")


def texts(value: Any) -> Iterable[str]:
    """Every string and whole number inside a JSON value, as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
