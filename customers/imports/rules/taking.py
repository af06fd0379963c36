"""What the steps of an import pass to each other, and the reading of cells by a mapping: pure, no database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from typing import Any

from customers.imports.rules import values
from customers.imports.rules.formats import further
from customers.imports.rules.values import BadValue
from customers.rules import cells


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its number (the first behind the header is 0), its first line, its cells or what is wrong with it."""

    number: int
    line: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was not taken: line, column title (empty for the whole row), what is wrong and what to do."""

    line: int
    column: str
    reason: str
    row: list[str]


@dataclass(frozen=True, slots=True)
class ConsentOption:
    """Consent that the uploader states to hold for every person in the file, with the proof in words."""

    topic_id: int
    channel: str
    wording: str


@dataclass(frozen=True, slots=True)
class AnswersOption:
    """Answers that stand in consent columns of the file: for which topic they count, and what else is known of them.

    `status` says what a whole file is ("subscribed", "unsubscribed", "cleaned") where the other system has a file per kind.
    """

    topic_id: int
    wording: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """How one column is read: its position, its target, what parses it, and for a further column its name."""

    position: int
    key: str
    parse: Callable[[str], Any] | None
    further: str = ""


@dataclass(frozen=True, slots=True)
class Taking:
    """How a file is read: `mapping` from position to target, account time zone and currency, `shift` for every date.

    `system` names the other system that wrote the file ("Klaviyo"), empty for any other file.
    """

    kind: str
    header: list[str]
    mapping: Mapping[int, str]
    zone: tzinfo
    zone_name: str
    currency: str
    shift: timedelta = timedelta(0)
    consent: ConsentOption | None = None
    source: str = "import"
    answers: AnswersOption | None = None
    system: str = ""
    positions: dict[str, int] = field(init=False)
    steps: tuple[Step, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", {target: position for position, target in self.mapping.items()})
        object.__setattr__(self, "steps", tuple(_step(position, target) for position, target in self.mapping.items()))

    def title(self, key: str) -> str:
        """The header of the column that a key was read from."""
        position = self.positions.get(key)
        return self.header[position] if position is not None and position < len(self.header) else ""


@dataclass(slots=True)
class Outcome:
    """What became of rows: records created, updated, found unchanged, and the rows with problems."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.problems += other.problems


class BadCell(Exception):
    """One cell cannot be taken: the column's key and what is wrong."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key, self.reason = key, reason


def problem_of(row: Row, taking: Taking, error: BadCell) -> Problem:
    """The problem of a row whose cell could not be taken, with the cell in front of the reason."""
    cell = cell_of(row, taking, error.key)
    shown = f"“{cell[:60]}” " if cell else ""
    return Problem(row.line, taking.title(error.key), (shown + error.reason)[:300], row.cells)


def unreadable(row: Row, taking: Taking) -> Problem | None:
    """The problem of a row that cannot be read at all, None for a sound row."""
    if row.problem:
        return Problem(row.line, "", row.problem, row.cells)
    if len(row.cells) > len(taking.header) and any(cell.strip() for cell in row.cells[len(taking.header) :]):
        reason = (
            f"has {len(row.cells)} cells but the header has {len(taking.header)}. "
            "Put quotation marks around texts that hold the delimiter."
        )
        return Problem(row.line, "", "The row " + reason, row.cells)
    return None


def cell_of(row: Row, taking: Taking, key: str) -> str:
    """The text of the cell that the mapping gives to `key`, without blanks around it; empty when there is none."""
    position = taking.positions.get(key)
    if position is None or position >= len(row.cells):
        return ""
    cell = row.cells[position]
    return (cells.plain(cell) if cell[:1] == "'" else cell).strip()


def required(row: Row, taking: Taking, key: str) -> str:
    """Like `cell_of`; raises `BadCell` when the cell is empty."""
    cell = cell_of(row, taking, key)
    if not cell:
        raise BadCell(key, "The cell is empty. Fill it in.")
    return cell


def line_of_text(limit: int) -> Callable[[str], str]:
    """Text on one line; a line break inside tells of a missing quotation mark."""
    inner = values.text(limit)

    def parse(cell: str) -> str:
        if "\n" in cell or "\r" in cell:
            raise BadValue("holds a line break; a quotation mark may be missing or too many")
        return inner(cell)

    return parse


def attribute_parser(kind: str) -> Callable[[str], Any]:
    """What reads the cells of a further column of this type."""
    return lambda cell: values.attribute(kind, cell)


CUSTOMER_VALUES: dict[str, Callable[[str], Any]] = {
    "external_id": line_of_text(120),
    "email": values.email,
    "first_name": line_of_text(120),
    "last_name": line_of_text(120),
    "locale": values.repeated(values.locale),
    "timezone": values.timezone,
    "country": values.repeated(values.country),
    "city": line_of_text(120),
    "currency": values.repeated(values.currency),
    "company": line_of_text(200),
    "industry": line_of_text(120),
    "market": values.repeated(values.market),
    "persona": line_of_text(80),
    "plan": line_of_text(80),
    "usage_level": values.repeated(values.usage_level),
    "acquisition_channel": line_of_text(80),
    "born_on": values.repeated(values.day),
}
IDENTITIES = {"anonymous_id": "anonymous", "stripe_id": "stripe", "shopify_id": "shopify"}


def _step(position: int, target: str) -> Step:
    named = further(target)
    if named:
        return Step(position, target, attribute_parser(named[0]), named[1])
    return Step(position, target, CUSTOMER_VALUES.get(target))


@dataclass(slots=True)
class Person:
    """One row of a customers file: cleaned values, attributes, other ids, and the answers its consent columns give."""

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    identities: tuple[tuple[str, str], ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    email: str = ""


def customer(row: Row, taking: Taking) -> Person:
    """One row of a customers file, filled cells only. Raises `BadCell`."""
    person = Person(row)
    found, raw = person.values, row.cells
    width, phone = len(raw), ""
    for step in taking.steps:
        if step.position >= width:
            continue
        cell = raw[step.position]
        cell = (cells.plain(cell) if cell[:1] == "'" else cell).strip()
        if not cell:
            continue
        try:
            if step.further:
                person.attributes[step.further] = step.parse(cell)  # type: ignore[misc]
            elif step.parse is not None:
                found[step.key] = step.parse(cell)
            elif step.key == "phone":
                phone = cell
            else:
                _other(person, step.key, cell, taking)
        except (BadValue, OverflowError) as error:
            raise BadCell(step.key, str(error)) from None
    if phone:
        try:
            found["phone"] = values.phone(phone, found.get("country", ""))
        except BadValue as error:
            raise BadCell("phone", str(error)) from None
    person.email = found.get("email", "")
    if not (found.get("external_id") or person.email or person.identities):
        raise BadCell("email", "The row has neither an external id nor an e-mail. Fill in one of them.")
    return person


def _other(person: Person, key: str, cell: str, taking: Taking) -> None:
    if key == "created_at":
        person.values[key] = values.moment(cell, taking.zone, taking.shift)
    elif key in ("acquired_on", "renews_on"):
        person.values[key] = values.day(cell) + taking.shift
    elif key == "acquisition_cost":
        person.values["acquisition_cost_minor"] = values.minor(values.amount(cell), taking.currency)
    elif key in IDENTITIES:
        person.identities += ((IDENTITIES[key], line_of_text(255)(cell.removeprefix("'"))),)
    else:
        if key.endswith("consent_at"):
            values.moment(cell, taking.zone, taking.shift)  # only for the problem it may have
        person.answers[key] = cell


# What stands in a column that could hold a time or a reason when there is none.
NO_WORDS = {"", "no", "false", "none", "null", "0", "never"}
