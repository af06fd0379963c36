"""Taking a file in, batch by batch: each batch is one transaction, and what it took is noted in the same one."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol

from django.db import DataError, IntegrityError, transaction

from config.kit import sql
from config.kit.clock import zone
from config.kit.queue import without_collector
from customers.commerce.actions.refunds import RefundTakenMeanwhile
from customers.enums import ImportKind
from customers.imports.actions import (
    take_consents,
    take_customers,
    take_events,
    take_orders,
    take_points,
    take_products,
    take_refunds,
    take_subscriptions,
)
from customers.imports.adapters import csv_files
from customers.imports.adapters.csv_files import UnreadableFile
from customers.imports.rules import formats, systems
from customers.imports.rules import taking as reading
from customers.imports.rules.taking import AnswersOption, ConsentOption, Outcome, Problem, Row, Taking
from customers.models import Consent, ConsentChange, Customer, Event, Order, OrderLine, Refund, Subscription
from customers.ports import import_kinds
from customers.queries import brand

BATCH = 5000
KEPT_PROBLEMS = 10_000
FILLED = (Customer, Event, Order, OrderLine, Refund, Subscription, Consent, ConsentChange)  # the tables that grow by a file


class Take(Protocol):
    """Writes a batch of rows; in the caller's transaction."""

    def __call__(self, rows: list[Row], taking: Taking, /, *, at: datetime) -> Outcome: ...


TAKES: dict[str, Take] = {
    ImportKind.CUSTOMERS: take_customers.take,
    ImportKind.PRODUCTS: take_products.take,
    ImportKind.ORDERS: take_orders.take,
    ImportKind.REFUNDS: take_refunds.take,
    ImportKind.EVENTS: take_events.take,
    ImportKind.SUBSCRIPTIONS: take_subscriptions.take,
    ImportKind.CONSENTS: take_consents.take,
    ImportKind.POINTS: take_points.take,
}


def kinds() -> list[ImportKind]:
    """What can be imported here; points only where an app keeps them."""
    return [kind for kind in ImportKind if kind != ImportKind.POINTS or import_kinds.has(kind)]


def run_file(
    kind: str,
    path: Path | str,
    *,
    at: datetime,
    mapping: dict[int, str] | None = None,
    shift: timedelta = timedelta(0),
    progress: Callable[[int], None] | None = None,
    consent: ConsentOption | None = None,
    source: str = "import",
    batch_rows: int = 20_000,
) -> Outcome:
    """Take a whole file in; for commands and the sample company. Running it again gives the same result.

    `mapping` is position → target (`formats.suggest` by default); `shift` moves every date but birthdays; `progress` is
    called with the number of rows just taken. Raises `UnreadableFile` when the file or its header cannot be used.
    """
    path = Path(path)
    dialect = csv_files.detect(path)
    header, sample = head(path, dialect)
    system = systems.recognise(kind, header)
    if mapping is None:
        mapping = systems.suggest_for(system, kind, header, [row.cells for row in sample])
    if problems := formats.mapping_problems(kind, mapping):
        raise UnreadableFile(" ".join(problems))
    name = system.name if system else ""
    taking = make_taking(kind, header, mapping, shift=shift, consent=consent, source=source, system=name)
    rows = csv_files.read(path, encoding=dialect.encoding, delimiter=dialect.delimiter)
    next(rows)
    total = Outcome()
    for batch in batches(rows, taking, size=batch_rows):
        with transaction.atomic():
            total.add(apply(batch, taking, at=at))
        if progress:
            progress(len(batch))
    sql.analyze(*FILLED)
    return total


def make_taking(
    kind: str,
    header: list[str],
    mapping: dict[int, str],
    *,
    shift: timedelta = timedelta(0),
    consent: ConsentOption | None = None,
    source: str = "import",
    answers: AnswersOption | None = None,
    system: str = "",
) -> Taking:
    """How to read a file, in the account's time zone and currency."""
    account = brand.current()
    return Taking(
        kind, header, mapping, zone(account.timezone), account.timezone, account.currency, shift, consent, source, answers,
        system,
    )  # fmt: skip


def head(path: Path, dialect: csv_files.Dialect, count: int = 200) -> tuple[list[str], list[Row]]:
    """Header and first rows of a file. Raises `UnreadableFile` for a header that cannot be used."""
    rows = csv_files.read(path, encoding=dialect.encoding, delimiter=dialect.delimiter)
    first = next(rows, None)
    if first is None:
        raise UnreadableFile("The file is empty. Export it again, with a header line and at least one row.")
    if first.problem:
        raise UnreadableFile(f"The header line cannot be read. {first.problem}")
    header = [title.strip().removeprefix("\ufeff") for title in first.cells]
    if len(header) > formats.MAX_COLUMNS:
        raise UnreadableFile(
            f"The file has {len(header):,} columns; at most {formats.MAX_COLUMNS} are taken. Remove those you do not need."
        )
    if any("@" in title for title in header):
        raise UnreadableFile("The first line holds an e-mail address, so it is no header. Put the column names above it.")
    sample = list(islice(rows, count))
    if not sample:
        raise UnreadableFile("The file has a header but no rows below it. Export it again with its rows.")
    return header, sample


def batches(rows: Iterable[Row], taking: Taking, *, size: int = BATCH) -> Iterator[list[Row]]:
    """Rows in batches of about `size`; the lines of an order stay together, unless they alone are ten batches."""
    batch: list[Row] = []
    last: str | None = None
    is_orders = taking.kind == ImportKind.ORDERS
    for row in rows:
        if len(batch) >= size:
            if not is_orders:
                yield batch
                batch = []
            else:
                last = last if last is not None else reading.cell_of(batch[-1], taking, "order_number")
                if reading.cell_of(row, taking, "order_number") != last or len(batch) >= size * 10:
                    yield batch
                    batch, last = [], None
        batch.append(row)
    if batch:
        yield batch


def apply(batch: list[Row], taking: Taking, *, at: datetime) -> Outcome:
    """Write a batch in the caller's transaction. What the database refuses is halved until the one bad row is alone."""
    try:
        with without_collector(), transaction.atomic():
            return TAKES[taking.kind](batch, taking, at=at)
    except (IntegrityError, DataError, RefundTakenMeanwhile) as error:
        halves = _halves(batch, taking)
        if halves is None:
            reason = f"The database does not take this row ({type(error).__name__}). Check it for unusual characters."
            return Outcome(problems=[Problem(row.line, "", reason, row.cells) for row in batch])
    outcome = Outcome()
    for half in halves:
        outcome.add(apply(half, taking, at=at))
    return outcome


def _halves(batch: list[Row], taking: Taking) -> tuple[list[Row], list[Row]] | None:
    """Two parts of a batch, cut between orders; None when there is nothing to cut."""
    middle = len(batch) // 2
    if taking.kind == ImportKind.ORDERS:
        numbers = [reading.cell_of(row, taking, "order_number") for row in batch]
        cuts = [position for position in range(1, len(batch)) if numbers[position] != numbers[position - 1]]
        if not cuts:
            return None
        middle = min(cuts, key=lambda position: abs(position - middle))
    return (batch[:middle], batch[middle:]) if middle else None
