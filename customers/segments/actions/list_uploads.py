"""People named by a text or a file: read, counted, shown, and then put on a list or taken off in one transaction.

Up to `AT_ONCE` rows are dealt with in the request, more by a worker, who tells how far it is.
"""

import csv
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q

from config.kit import sql
from config.kit.queue import enqueue
from customers.actions import audit
from customers.enums import ChangeCause, ListMode, ListUploadState, SegmentKind
from customers.imports.adapters import csv_files
from customers.models import ListUpload, Segment
from customers.rules import cells
from customers.segments.actions import announce, changes
from customers.segments.queries import named
from customers.segments.rules import list_columns
from customers.segments.rules.list_columns import Column

AT_ONCE = 20_000
LIMIT = 1_000_000
MAX_BYTES = 200_000_000
KEEP, STALE = timedelta(days=1), timedelta(seconds=60)
FOLDER, TASK = "lists", "customers.work_list_uploads"
Clock = Callable[[], datetime]
TOO_LONG = f"The file has more than {LIMIT:,} rows. Split it and add the parts one after the other."


class CannotRead(Exception):
    """The file cannot be taken; the message says what to do."""


def from_text(segment: Segment, text: str, *, mode: str, is_quiet: bool, clock: Clock, user_id: int | None) -> ListUpload:
    """Take pasted words, separated by blanks, commas, semicolons or lines."""
    words = list_columns.words(text)
    path = _new_file(".txt")
    path.write_text("\n".join(words), encoding="utf-8")
    upload = _begin(segment, path, mode, is_quiet, clock(), user_id, rows=len(words))
    return start_reading(upload, clock=clock)


def from_file(
    segment: Segment, file: UploadedFile, *, mode: str, is_quiet: bool, clock: Clock, user_id: int | None
) -> ListUpload:
    """Take a file; when it is not clear which column names people, the upload waits in `asking`. Raises `CannotRead`."""
    if (file.size or 0) > MAX_BYTES:
        raise CannotRead("The file is larger than 200 MB. Leave out the columns that are not needed, or split it.")
    path = _new_file(".csv")
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    try:
        first = first_line(path)
        rows = csv_files.detect(path).row_count + 1
    except csv_files.UnreadableFile as error:
        path.unlink(missing_ok=True)
        raise CannotRead(str(error)) from error
    upload = _begin(segment, path, mode, is_quiet, clock(), user_id, rows=rows, name=(file.name or "")[:200])
    column = list_columns.choose(first)
    if column is None:
        guessed = list_columns.guess(first)
        _set(upload, state=ListUploadState.ASKING, column=guessed.index, means=guessed.means, has_header=guessed.has_header)
        return upload
    return answer(upload, column, clock=clock)


def answer(upload: ListUpload, column: Column, *, clock: Clock) -> ListUpload:
    """Say which column names people, and read."""
    _set(upload, column=column.index, means=column.means, has_header=column.has_header)
    return start_reading(upload, clock=clock)


def first_line(path: Path) -> list[str]:
    """The cells of the first line of a file. Raises `UnreadableFile`."""
    dialect = csv_files.detect(path)
    row = next(iter(csv_files.read(path, encoding=dialect.encoding, delimiter=dialect.delimiter)), None)
    return list(row.cells) if row else []


def start_reading(upload: ListUpload, *, clock: Clock) -> ListUpload:
    """Read now, or let a worker read what is long; also again, after a choice that changes who is meant."""
    _set(upload, state=ListUploadState.READING, heartbeat_at=None, read_count=0, error="")
    return _now_or_later(upload, clock)


def confirm(upload: ListUpload, *, clock: Clock) -> bool:
    """Do what was shown; False when it has been done or dropped already."""
    ready = ListUpload.objects.filter(pk=upload.pk, state=ListUploadState.READY)
    if not ready.update(state=ListUploadState.APPLYING, heartbeat_at=None):
        return False
    upload.refresh_from_db()
    _now_or_later(upload, clock)
    return True


def drop(upload: ListUpload, *, at: datetime) -> bool:
    """Forget an upload that has not changed anything yet."""
    waiting = [ListUploadState.ASKING, ListUploadState.READING, ListUploadState.READY]
    found = ListUpload.objects.filter(pk=upload.pk, state__in=waiting)
    is_dropped = found.update(state=ListUploadState.DROPPED, finished_at=at) > 0
    if is_dropped:
        _path(upload).unlink(missing_ok=True)
    return is_dropped


def due_ids(at: datetime) -> list[int]:
    """Uploads that wait for a worker, or lost theirs a minute ago."""
    working = Q(state__in=[ListUploadState.READING, ListUploadState.APPLYING])
    waiting = Q(heartbeat_at=None) | Q(heartbeat_at__lt=at - STALE)
    return list(ListUpload.objects.filter(working & waiting).order_by("id").values_list("id", flat=True))


def work(upload_id: int, *, clock: Clock) -> str:
    """Read an upload or carry it out, whichever it waits for; returns its state after that, empty when another has it."""
    at = clock()
    found = ListUpload.objects.filter(Q(heartbeat_at=None) | Q(heartbeat_at__lt=at - STALE), pk=upload_id)
    if not found.filter(state__in=[ListUploadState.READING, ListUploadState.APPLYING]).update(heartbeat_at=at):
        return ""
    upload = ListUpload.objects.select_related("segment").get(pk=upload_id)
    try:
        for done in named.load(_words(upload)):
            if not ListUpload.objects.filter(pk=upload_id, state=upload.state).update(
                read_count=done, heartbeat_at=clock()
            ):
                return ""
        named.find()
        if upload.state == ListUploadState.READING:
            _count(upload)
        else:
            _apply(upload, clock())
    except (CannotRead, OSError, csv_files.UnreadableFile) as error:
        text = str(error) if isinstance(error, CannotRead) else "The file is not there any more. Upload it again."
        _set(upload, state=ListUploadState.FAILED, error=text[:300], finished_at=clock())
    upload.refresh_from_db()
    return str(upload.state)


def forget(*, at: datetime) -> int:
    """Delete files and reports a day after their upload was over or left lying; returns how many uploads lost theirs."""
    over = ListUpload.objects.filter(created_at__lt=at - KEEP).exclude(file="", report="")
    left = over.exclude(state__in=[ListUploadState.READING, ListUploadState.APPLYING])[:1000]
    for upload in left:
        for name in filter(None, (upload.file.name, upload.report.name)):
            (Path(settings.MEDIA_ROOT) / name).unlink(missing_ok=True)
        open_ones = (ListUploadState.ASKING, ListUploadState.READY)
        state = ListUploadState.DROPPED if upload.state in open_ones else upload.state
        ListUpload.objects.filter(pk=upload.pk).update(file="", report="", state=state)
    for path in (Path(settings.MEDIA_ROOT) / FOLDER).glob("*"):
        if path.stat().st_mtime < (at - 2 * KEEP).timestamp():  # of a list that was deleted meanwhile
            path.unlink(missing_ok=True)
    return len(left)


def _now_or_later(upload: ListUpload, clock: Clock) -> ListUpload:
    if upload.row_count > AT_ONCE:
        enqueue(TASK)
    else:
        work(upload.pk, clock=clock)
        upload.refresh_from_db()
    return upload


def _begin(
    segment: Segment, path: Path, mode: str, is_quiet: bool, at: datetime, user_id: int | None, *, rows: int, name: str = ""
) -> ListUpload:
    return ListUpload.objects.create(
        segment=segment, mode=ListMode(mode), is_quiet=is_quiet, file=f"{FOLDER}/{path.name}", file_name=name,
        means=list_columns.MIXED, row_count=rows, created_at=at, created_by_id=user_id,
    )  # fmt: skip


def _words(upload: ListUpload) -> Iterator[named.Word]:
    total = 0
    for line, text in _cells(upload):
        kind, word = list_columns.word(text, upload.means)
        if kind:
            total += 1
            if total > LIMIT:
                raise CannotRead(TOO_LONG)
            yield line, kind, word


def _cells(upload: ListUpload) -> Iterator[tuple[int, str]]:
    path = _path(upload)
    if upload.column < 0:
        with path.open(encoding="utf-8") as file:
            yield from enumerate(file, 1)
        return
    dialect = csv_files.detect(path)
    for row in csv_files.read(path, encoding=dialect.encoding, delimiter=dialect.delimiter):
        if row.number >= 0 or not upload.has_header:
            yield row.line, row.cells[upload.column] if upload.column < len(row.cells) else ""


def _count(upload: ListUpload) -> None:
    found = named.choose(takes_shared=upload.takes_shared)
    entering, leaving = named.sizes(named.difference(upload.segment_id, upload.mode))
    report = _new_file("-report.csv") if found.unknown or found.shared else None
    if report:
        with report.open("w", encoding="utf-8", newline="") as file:
            _report(file)
    ListUpload.objects.filter(pk=upload.pk, state=ListUploadState.READING).update(
        state=ListUploadState.READY, known_count=found.customers, unknown_count=found.unknown, shared_count=found.shared,
        entering=entering, leaving=leaving, report=f"{FOLDER}/{report.name}" if report else "",
    )  # fmt: skip


def _report(file: IO[str]) -> None:
    writer = csv.writer(file)
    writer.writerow(["line", "entry", "problem"])
    for line, _kind, word, people in named.problems():
        writer.writerow([line, cells.safe(word), f"{people} customers share it" if people else "nobody goes by it"])


def _apply(upload: ListUpload, at: datetime) -> None:
    named.choose(takes_shared=upload.takes_shared)
    with transaction.atomic():
        segment = sql.for_update(Segment.objects.filter(pk=upload.segment_id, kind=SegmentKind.STATIC)).get()
        going = ListUpload.objects.filter(pk=upload.pk, state=ListUploadState.APPLYING)
        if not going.update(state=ListUploadState.DONE, finished_at=at):
            return
        found = named.difference(segment.pk, upload.mode)
        change = changes.replace(found, segment, at=at, cause=ChangeCause.LIST, is_silent=upload.is_quiet)
        ListUpload.objects.filter(pk=upload.pk).update(entering=change.entered, leaving=change.left, file="")
        count = segment.memberships.count()
        Segment.objects.filter(pk=segment.pk).update(member_count=count, updated_at=at, refreshed_at=at)
        detail = {"entered": change.entered, "left": change.left, "mode": upload.mode, "quiet": upload.is_quiet}
        audit.note("segment.list_changed", subject=segment.name, user_id=upload.created_by_id, at=at, detail=detail)
    _path(upload).unlink(missing_ok=True)
    announce.waiting(at=at)


def _set(upload: ListUpload, **values: Any) -> None:
    ListUpload.objects.filter(pk=upload.pk).update(**values)
    for name, value in values.items():
        setattr(upload, name, value)


def _new_file(ending: str) -> Path:
    folder = Path(settings.MEDIA_ROOT) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{uuid.uuid4().hex}{ending}"


def _path(upload: ListUpload) -> Path:
    return Path(settings.MEDIA_ROOT) / str(upload.file.name)
