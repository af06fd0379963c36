"""Which column of a file names people, and by what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

ID, EXTERNAL, EMAIL, PHONE, MIXED = "id", "external", "email", "phone", "mixed"
NAMES = {
    "externalid": EXTERNAL, "external": EXTERNAL, "userid": EXTERNAL, "clientid": EXTERNAL, "reference": EXTERNAL,
    "email": EMAIL, "mail": EMAIL, "emailaddress": EMAIL, "emails": EMAIL,
    "phone": PHONE, "phonenumber": PHONE, "mobile": PHONE, "telephone": PHONE, "tel": PHONE,
    "id": ID, "customerid": ID, "customernumber": ID, "customer": ID,
}  # fmt: skip
NUMBER = re.compile(r"^#?([0-9]{1,15})$")
PUNCTUATION = re.compile(r"[\s()./-]+")
SEPARATORS = re.compile(r"[\s,;]+")
LONGEST = 254


@dataclass(frozen=True, slots=True)
class Column:
    """A column by position, what it names people by, and whether the first line is a header rather than a person."""

    index: int
    means: str
    has_header: bool


def choose(first: Sequence[str]) -> Column | None:
    """The column to read by the first line of a file; None when a person has to say which.

    A header with exactly one name we know decides; a file of one column is read word by word.
    """
    known = [(index, NAMES[name]) for index, cell in enumerate(first) if (name := _plain(cell)) in NAMES]
    if len(known) == 1:
        return Column(*known[0], has_header=True)
    if len(first) == 1:
        return Column(0, MIXED, has_header=False)
    return None


def guess(first: Sequence[str]) -> Column:
    """What the question about the column is answered with at first."""
    known = [(index, NAMES[name]) for index, cell in enumerate(first) if (name := _plain(cell)) in NAMES]
    return Column(*(known[0] if known else (0, MIXED)), has_header=bool(known))


def _plain(cell: str) -> str:
    return re.sub(r"[^a-z]", "", cell.lower())


def words(text: str) -> list[str]:
    """The different words of a text, in order; blanks, commas, semicolons and lines separate them."""
    return list(dict.fromkeys(found for found in SEPARATORS.split(text.replace("\x00", " ")) if found))


def word(text: str, means: str) -> tuple[str, str]:
    """What a cell names somebody by, as (kind, text as it is stored); the kind is empty for a cell that names nobody.

    A mixed word is an e-mail address when it has an @, a number when it is written #123, a phone number when it begins
    with +, and otherwise an external id.
    """
    found = text.replace("\x00", "").strip().strip("\"'").strip()[:LONGEST]
    if not found:
        return "", ""
    kind = _kind(found) if means == MIXED else means
    if kind == EMAIL:
        return EMAIL, found.lower()
    if kind == PHONE:
        return PHONE, PUNCTUATION.sub("", found)
    if kind == ID:
        number = NUMBER.match(found)
        return ID, str(int(number[1])) if number else found
    return EXTERNAL, found


def _kind(text: str) -> str:
    if "@" in text:
        return EMAIL
    if text.startswith("#") and NUMBER.match(text):
        return ID
    return PHONE if text.startswith("+") else EXTERNAL
