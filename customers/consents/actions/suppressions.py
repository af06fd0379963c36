"""The suppression list in bulk: by hand, from a file, and off again with a reason."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from customers.actions import audit, consent
from customers.enums import Channel, SuppressionReason
from customers.imports.rules.values import BadValue, email, phone
from customers.models import Customer, Suppression
from customers.rules import addresses

LARGEST_FILE = 5_000_000
CHUNK = 2000


class Unreadable(ValueError):
    """The text is no list of addresses."""


@dataclass(slots=True)
class Added:
    """How many addresses are new on the list, how many stood there, and the lines that hold no address."""

    new: int = 0
    known: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


def read(text: str, *, channel: str) -> tuple[list[str], list[tuple[int, str]]]:
    """Addresses of a text or CSV file: the first column, or the one whose header says so; and the lines without one.

    Raises `Unreadable`.
    """
    try:
        rows = list(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=_delimiter(text)))
    except csv.Error as error:
        raise Unreadable from error
    place, start = _column(rows[0] if rows else [], channel)
    found, bad = [], []
    for line, row in enumerate(rows[start:], start=start + 1):
        cell = row[place].strip() if len(row) > place else ""
        if not cell:
            continue
        try:
            found.append(email(cell) if channel == Channel.EMAIL else phone(cell, ""))
        except BadValue as error:
            bad.append((line, f"{cell[:60]}: {error}"))
    return found, bad


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max([",", ";", "\t"], key=first.count)


def _column(header: list[str], channel: str) -> tuple[int, int]:
    wanted = (
        {"email", "e-mail", "email address", "e-mail address", "address"}
        if channel == Channel.EMAIL
        else {"phone", "mobile"}
    )
    for place, name in enumerate(header):
        if name.strip().lower().lstrip("\ufeff") in wanted:
            return place, 1
    return 0, 0


def add_many(
    found: Iterable[str], *, channel: str, user_id: int | None, at: datetime, bad: list[tuple[int, str]] | None = None
) -> Added:
    """Block addresses by decision of staff; those on the list keep their reason. The log tells how many, never which."""
    result = Added(bad=bad or [])
    unique = sorted({addresses.normal(channel, address) for address in found})
    with transaction.atomic():
        for start in range(0, len(unique), CHUNK):
            _add(unique[start : start + CHUNK], channel, at, result)
        audit.note(
            "suppression.added", subject=_("%(count)s addresses") % {"count": result.new}, user_id=user_id, at=at,
            detail={"channel": channel, "new": result.new, "known": result.known, "unreadable": len(result.bad)},
        )  # fmt: skip
    return result


def _add(part: list[str], channel: str, at: datetime, result: Added) -> None:
    hashes = {addresses.fingerprint(channel, address): address for address in part}
    column = addresses.FIELDS[channel]
    owners = dict(Customer.objects.filter(**{f"{column}__in": part}).order_by("-pk").values_list(column, "pk"))
    known = set(Suppression.objects.filter(channel=channel, address_hash__in=hashes).values_list("address_hash", flat=True))
    Suppression.objects.bulk_create(
        [
            Suppression(
                channel=channel, address_hash=hashed, reason=SuppressionReason.MANUAL, customer_id=owners.get(address),
                created_at=at,
            )
            for hashed, address in hashes.items()
            if hashed not in known
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    result.known += len(known)
    result.new += len(hashes) - len(known)


def remove(row: Suppression, *, reason: str, user_id: int | None, at: datetime) -> None:
    """Take one entry off the list, the reason goes to the audit log. Raises `CannotUnsuppress` for an erased one."""
    with transaction.atomic():
        if row.reason == SuppressionReason.ERASED:
            raise consent.CannotUnsuppress
        removed, _kinds = Suppression.objects.filter(pk=row.pk).exclude(reason=SuppressionReason.ERASED).delete()
        if removed:
            audit.note(
                "suppression.removed", subject=f"{row.channel} {row.address_hash[:12]}", user_id=user_id, at=at,
                detail={"reason": reason[:300], "was": row.reason, "channel": row.channel},
            )  # fmt: skip
