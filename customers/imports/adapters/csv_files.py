"""Reading CSV files as people have them: any encoding, delimiter and line end, in constant memory."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from customers.imports.rules.taking import Row

MAX_LINE = 1_000_000
MAX_RECORD_LINES = 200
BOMS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
ENCODINGS = {
    "utf-8": "Unicode (UTF-8)",
    "utf-8-sig": "Unicode (UTF-8 with mark)",
    "utf-16": "Unicode (UTF-16)",
    "utf-16-le": "Unicode (UTF-16, little end)",
    "utf-16-be": "Unicode (UTF-16, big end)",
    "utf-32": "Unicode (UTF-32)",
    "cp1252": "Western (Windows-1252)",
    "latin-1": "Western (ISO 8859-1)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
}
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}


class UnreadableFile(Exception):
    """The file as a whole cannot be taken; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written, and about how many rows it has (line ends less one)."""

    encoding: str
    delimiter: str
    row_count: int


def detect(path: Path) -> Dialect:
    """Find out encoding, delimiter and length in one pass over the bytes. Raises `UnreadableFile`."""
    with path.open("rb") as file:
        start = file.read(65_536)
    if not start.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableFile("The file is empty. Export it again, with a header line and at least one row.")
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")):
        raise UnreadableFile("This is not a CSV file but a workbook, PDF or archive. Save it as “CSV UTF-8” and try again.")
    encoding = next((name for mark, name in BOMS if start.startswith(mark)), "") or _unmarked(path, start)
    first = _first_line(path, encoding)
    return Dialect(encoding, _delimiter(first), max(_lines(path, encoding) - 1, 0))


def _unmarked(path: Path, start: bytes) -> str:
    if start[1::2].count(0) > len(start) * 0.2:
        return "utf-16-le"
    if start[0::2].count(0) > len(start) * 0.2:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return _legacy(path, done)
            done += len(block)
    return "utf-8"


def _legacy(path: Path, offset: int) -> str:
    with path.open("rb") as file:
        file.seek(max(offset - 65_536, 0))
        sample = file.read(1 << 18)
    best = from_bytes(sample, cp_isolation=["cp1252", "cp1250", "cp1251", "cp1253", "cp1254"]).best()
    guess = best.encoding if best and best.encoding in ENCODINGS else "cp1252"
    if guess in ("cp1250", "cp1254") and not _is_clearly(sample, guess):
        guess = "cp1252"  # Western letters are the same in these pages; the page with more of them wins
    return guess if _decodes(path, guess) else "latin-1"


def _is_clearly(sample: bytes, guess: str) -> bool:
    marks = "ąćęłńśźżĄĆĘŁŃŚŹŻčďěňřšťůžČĎĚŇŘŠŤŮŽőűŐŰ" if guess == "cp1250" else "ğışĞİŞ"
    letters = [character for character in sample.decode(guess, "replace") if ord(character) > 127 and character.isalpha()]
    return sum(character in marks for character in letters) > len(letters) * 0.4


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return False
    return True


def _open(path: Path, encoding: str) -> IO[str]:
    return io.open(path, encoding=encoding, newline="", errors="replace")  # noqa: UP020


def _first_line(path: Path, encoding: str) -> str:
    with _open(path, encoding) as file:
        while line := file.readline(MAX_LINE):
            if line.strip():
                return line
    return ""


def _delimiter(line: str) -> str:
    outside = "".join(part for position, part in enumerate(line.split('"')) if position % 2 == 0)
    counts = {mark: outside.count(mark) for mark in DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _lines(path: Path, encoding: str) -> int:
    count, ends_open, returns = 0, False, 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            returns += block.count(b"\r")
            ends_open = not block.rstrip(b"\0").endswith((b"\n", b"\r"))
    return (count or returns) + ends_open


class _UnclosedQuote(Exception):
    pass


class _TooLong(Exception):
    pass


class _Lines:
    """Lines of a file for `csv.reader`, remembering those of the record under way so that they can be read again."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.pending: list[str] = []
        self.again: list[str] = []
        self.line = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.again.pop() if self.again else self.file.readline(MAX_LINE)
        if not line:
            if self.pending:
                raise _UnclosedQuote
            raise StopIteration
        self.line += 1
        self.pending.append(line)
        if len(line) >= MAX_LINE:
            self._skip_rest(line)
            raise _TooLong
        if len(self.pending) > MAX_RECORD_LINES or (len(self.pending) > 1 and sum(map(len, self.pending)) > MAX_LINE):
            raise _UnclosedQuote
        return line

    def _skip_rest(self, line: str) -> None:
        while line and not line.endswith(("\n", "\r")):
            line = self.file.readline(MAX_LINE)

    def begin(self) -> int:
        """Start the next record; returns the number of its first line."""
        self.pending.clear()
        return self.line + 1

    def rewind(self) -> str:
        """Give up the record under way: its first line is dropped and returned, the others are read again."""
        first, rest = self.pending[0], self.pending[1:]
        self.again.extend(reversed(rest))
        self.line -= len(rest)
        self.pending.clear()
        return first


def read(path: Path, *, encoding: str, delimiter: str) -> Iterator[Row]:
    """The header as row -1, then every record that is not blank. A record that cannot be read comes with its `problem`."""
    csv.field_size_limit(MAX_LINE)
    with _open(path, encoding) as file:
        lines = _Lines(file)
        reader = csv.reader(lines, delimiter=delimiter)
        number = -1
        while True:
            line = lines.begin()
            problem = ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except _UnclosedQuote:
                cells, reader = [lines.rewind().rstrip("\r\n")], csv.reader(lines, delimiter=delimiter)
                problem = "A quotation mark is opened here and never closed. Close it, or write it twice when it is meant."
            except _TooLong:
                cells, reader = [lines.pending[-1][:200]], csv.reader(lines, delimiter=delimiter)
                problem = f"The line is longer than {MAX_LINE:,} characters. Shorten its texts."
            except csv.Error as error:
                cells, reader = ["".join(lines.pending)[:1000]], csv.reader(lines, delimiter=delimiter)
                problem = f"The row cannot be read ({error}). Save the file as “CSV UTF-8” and try again."
            if not problem and not any(cells):
                continue
            if not problem and any("\0" in part for part in lines.pending):
                problem = "The row holds a NUL character. Remove it; it cannot be stored."
            yield Row(number, line, cells, problem)
            number += 1
