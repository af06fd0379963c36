"""Erasing a person: from every table of every app, for good, and again when a backup brings them back."""

import json
import logging
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q

from config.kit import sql, tokens
from customers.actions import audit
from customers.enums import SuppressionReason
from customers.models import Customer, CustomerMerge, DataRequest, Erasure, Event, Identity, Suppression
from customers.ports import personal_data
from customers.privacy.actions import traces
from customers.rules import addresses

log = logging.getLogger(__name__)
CHUNK = 2000
VALUES = 50_000


class NotThere(Exception):
    """There is no such customer."""


def erase(customer_id: int, *, reason: str, user_id: int | None, at: datetime) -> Erasure:
    """Remove everything that names or describes a person; sums, orders and bookings stay without a name.

    Their addresses stay suppressed by keyed hash. Safe to repeat. Raises `NotThere`.
    """
    with transaction.atomic():
        customer = Customer.objects.select_for_update(of=("self",)).filter(pk=customer_id).first()
        if customer is None:
            raise NotThere(customer_id)
        words, hashes = _words(customer), _hashes(customer)
        for policy in personal_data.merging():
            policy.erase(customer_id, at)
        counts = traces.clear(words)
        CustomerMerge.objects.filter(into_id=customer_id).update(kept={}, from_label="")
        _files_of(customer_id)
        _admin_log(customer_id)
        known = Erasure.objects.filter(customer_number=customer_id).first()
        done, _ = Erasure.objects.update_or_create(
            customer_number=customer_id,
            defaults={
                "erased_at": known.erased_at if known else at,
                "reason": known.reason if known else reason[:40],
                "address_hashes": sorted({*hashes, *(known.address_hashes if known else [])}),
            },
        )
        detail = {"customer": customer_id, "reason": reason, **counts}
        audit.note("customer.erased", subject=f"customer {customer_id}", user_id=user_id, at=at, detail=detail)
        transaction.on_commit(lambda: write_log([done]))
    return done


def _words(customer: Customer) -> traces.Words:
    merges = CustomerMerge.objects.filter(into_id=customer.pk).values_list("kept", flat=True)
    profiles = [
        {
            name: getattr(customer, name)
            for name in ("email", "phone", "external_id", "first_name", "last_name", "attributes")
        }
    ]
    for kept in merges:
        gone = kept.get("tables", {}).get(personal_data.FIRST_FLOOR, {}).get("gone", {})
        profiles += [row for table, rows in gone.items() if table.endswith("customers.Customer") for row in rows.values()]
    names, values = set(Identity.objects.filter(customer=customer).values_list("value", flat=True)), set()
    for profile in profiles:
        names |= {profile[name] for name in ("email", "phone", "external_id") if profile[name]}
        whole = f"{profile['first_name']} {profile['last_name']}".strip()
        if profile["first_name"] and profile["last_name"]:
            names.add(whole)
        values |= {profile["first_name"], profile["last_name"], *traces.texts(profile["attributes"])}
    for properties in (
        Event.objects.filter(customer=customer).values_list("properties", flat=True).iterator(chunk_size=CHUNK)
    ):
        if len(values) > VALUES:
            break
        values |= set(traces.texts(properties))
    return traces.Words(frozenset(names), frozenset(values))


def _hashes(customer: Customer) -> list[str]:
    """What recognises the person in a backup: the addresses, and the row itself by number and moment of creation."""
    found = [f"row:{row_mark(customer)}"]
    for channel, column in addresses.FIELDS.items():
        if address := getattr(customer, column):
            found.append(f"{channel}:{addresses.fingerprint(channel, address)}")
    return found


def row_mark(customer: Customer) -> str:
    """A number alone may be given out again after a backup was restored; with the moment of creation it is not."""
    return tokens.keyed_hash("erasure-row", f"{customer.pk}:{customer.created_at.isoformat()}")


def _files_of(customer_id: int) -> None:
    for request in DataRequest.objects.filter(customer_number=customer_id).exclude(file=""):
        request.file.delete(save=False)
        DataRequest.objects.filter(pk=request.pk).update(file="", fingerprint="")


def _admin_log(customer_id: int) -> None:
    """The administration notes the name of what it changed."""
    kind = ContentType.objects.get_for_model(Customer)
    LogEntry.objects.filter(content_type=kind, object_id=str(customer_id)).update(object_repr="", change_message="")


# --- the log, which must outlive the database -------------------------------------------------------------------------
def log_path() -> Path:
    return Path(settings.DATA_DIR) / "erasures.jsonl"


def write_log(rows: list[Erasure]) -> None:
    """Append erasures to the file beside the database. A failure undoes no erasure: `complete_log` repairs it."""
    try:
        with log_path().open("a", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(_line(row)) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        log.exception("the erasure log could not be written")


def _line(row: Erasure) -> dict[str, Any]:
    return {
        "number": row.customer_number,
        "erased_at": row.erased_at.isoformat(),
        "reason": row.reason,
        "hashes": row.address_hashes,
    }


def read_log(path: Path | None = None) -> Iterator[dict[str, Any]]:
    """The lines of the log; half a line (a crash while writing) is passed over."""
    try:
        with (path or log_path()).open(encoding="utf-8") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    log.warning("a line of the erasure log cannot be read")
    except FileNotFoundError:
        return


def complete_log() -> int:
    """Write the erasures that the file lacks; returns how many."""
    known = {(line["number"], tuple(line["hashes"])) for line in read_log()}
    missing = [
        row
        for row in Erasure.objects.order_by("pk").iterator()
        if (row.customer_number, tuple(row.address_hashes)) not in known
    ]
    if missing:
        write_log(missing)
    return len(missing)


def replay(*, at: datetime, path: Path | None = None) -> dict[str, int]:
    """Erase again whom a restored backup brought back; returns what was done.

    A customer is recognised by number and moment of creation, or by an address of a customer who is older than the erasure:
    somebody who came back by themselves since then is left alone. Addresses are suppressed even where nobody is found.
    """
    lines = {line["number"]: line for line in read_log(path)}
    for row in Erasure.objects.all().iterator():
        lines.setdefault(row.customer_number, _line(row))
    wanted: dict[str, dict[str, Any]] = {mark: line for line in lines.values() for mark in line["hashes"]}
    erased = 0
    for customer_id, line in _found(wanted):
        with transaction.atomic():
            erase(customer_id, reason="replay", user_id=None, at=at)
            Erasure.objects.filter(customer_number=customer_id).update(erased_at=line["erased_at"])
        erased += 1
    return {"in the log": len(lines), "erased again": erased, "addresses blocked again": _block(wanted, at)}


def _found(wanted: dict[str, dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    found = []
    people = Customer.objects.filter(~Q(email="") | ~Q(phone="") | ~Q(first_name="") | Q(external_id__isnull=False))
    for customer in people.only("pk", "created_at", *addresses.FIELDS.values()).order_by("pk").iterator(chunk_size=CHUNK):
        for mark in _hashes(customer):
            line = wanted.get(mark)
            if line and (mark.startswith("row:") or customer.created_at <= datetime.fromisoformat(line["erased_at"])):
                found.append((customer.pk, line))
                break
    return found


def _block(wanted: dict[str, dict[str, Any]], at: datetime) -> int:
    rows = []
    for mark, line in wanted.items():
        channel, _, fingerprint = mark.partition(":")
        if channel in addresses.FIELDS:
            moment = datetime.fromisoformat(line["erased_at"])
            rows.append((channel, fingerprint, str(SuppressionReason.ERASED), moment))
    columns = ["channel", "address_hash", "reason", "created_at"]
    return len(sql.insert_returning(Suppression, columns, rows, returning=["id"]))
