"""What the steps of an import pass to each other, and the reading of a row by a mapping: pure, no database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from config.kit.money import exponent
from customers.imports.rules import values
from customers.imports.rules.formats import ATTRIBUTE
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
class Taking:
    """How a file is read: `mapping` from position to target, account time zone and currency, `shift` for every date."""

    kind: str
    header: list[str]
    mapping: Mapping[int, str]
    zone: tzinfo
    zone_name: str
    currency: str
    shift: timedelta = timedelta(0)
    consent: ConsentOption | None = None
    source: str = "import"
    positions: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "positions", {target: position for position, target in self.mapping.items()})

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


CUSTOMER_VALUES: dict[str, Callable[[str], Any]] = {
    "external_id": line_of_text(120),
    "email": values.email,
    "first_name": line_of_text(120),
    "last_name": line_of_text(120),
    "locale": values.locale,
    "timezone": values.timezone,
    "country": values.country,
    "city": line_of_text(120),
    "currency": values.currency,
    "company": line_of_text(200),
    "industry": line_of_text(120),
    "market": values.market,
    "persona": line_of_text(80),
    "plan": line_of_text(80),
    "acquisition_channel": line_of_text(80),
    "born_on": values.day,
}
PRODUCT_VALUES = {"sku": line_of_text(80), "name": line_of_text(200), "category": line_of_text(120)}


def customer(row: Row, taking: Taking) -> tuple[dict[str, Any], dict[str, Any]]:
    """Profile values and attributes of one row, filled cells only. Raises `BadCell`."""
    profile: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for key in taking.positions:
        cell = cell_of(row, taking, key)
        if not cell:
            continue
        try:
            if key.startswith(ATTRIBUTE):
                _, kind, name = key.split(".", 2)
                attributes[name] = values.attribute(kind, cell)
            elif key in CUSTOMER_VALUES:
                profile[key] = CUSTOMER_VALUES[key](cell)
            elif key == "created_at":
                profile[key] = values.moment(cell, taking.zone, taking.shift)
            elif key in ("acquired_on", "renews_on"):
                profile[key] = values.day(cell) + taking.shift
        except (BadValue, OverflowError) as error:
            raise BadCell(key, str(error)) from None
    if phone := cell_of(row, taking, "phone"):
        try:
            profile["phone"] = values.phone(phone, profile.get("country", ""))
        except BadValue as error:
            raise BadCell("phone", str(error)) from None
    if not profile.get("external_id") and not profile.get("email"):
        raise BadCell("email", "The row has neither an external id nor an e-mail. Fill in one of them.")
    return profile, attributes


def product(row: Row, taking: Taking) -> dict[str, str]:
    """Values of one product, filled cells only. Raises `BadCell`."""
    required(row, taking, "sku")
    found = {}
    for key, parse in PRODUCT_VALUES.items():
        if cell := cell_of(row, taking, key):
            try:
                found[key] = parse(cell)
            except BadValue as error:
                raise BadCell(key, str(error)) from None
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order. `amount_minor` is quantity x price less discount, rounded half up to minor units."""

    sku: str
    quantity: int
    unit_minor: int
    discount_minor: int
    amount_minor: int


def minor(value: Decimal, places: int) -> int:
    """Minor units of a decimal, rounded half up."""
    return int(value.scaleb(places).to_integral_value(rounding=ROUND_HALF_UP))


def own_currency(row: Row, taking: Taking) -> str:
    """The currency of a row, that of the account when the cell is empty. Raises `BadCell` for any other."""
    cell = cell_of(row, taking, "currency")
    if cell and cell.upper() != taking.currency:
        raise BadCell("currency", f"is not the currency of this account, {taking.currency}. Convert the amounts first.")
    return taking.currency


def order_line(row: Row, taking: Taking) -> Line:
    """One row of an orders file. Raises `BadCell`."""
    places = exponent(own_currency(row, taking))
    key = "sku"
    try:
        sku = PRODUCT_VALUES["sku"](required(row, taking, "sku"))
        key = "quantity"
        quantity = values.quantity(required(row, taking, key))
        key = "unit_price"
        price = values.amount(required(row, taking, key))
        key = "discount"
        cell = cell_of(row, taking, key)
        discount = values.amount(cell) if cell else Decimal(0)
    except BadValue as error:
        raise BadCell(key, str(error)) from None
    amount = minor(quantity * price - discount, places)
    if amount < 0:
        raise BadCell("discount", "is more than the line costs; a discount takes off at most the whole price")
    if amount > 10**15:
        raise BadCell("unit_price", "makes a line of an impossible amount; check quantity and price")
    return Line(sku, quantity, minor(price, places), minor(discount, places), amount)


@dataclass(frozen=True, slots=True)
class RefundValues:
    """One row of a refunds file."""

    number: str
    customer_id: str
    refunded_at: Any
    amount_minor: int
    currency: str
    order_number: str


def refund(row: Row, taking: Taking) -> RefundValues:
    """One row of a refunds file. Raises `BadCell`."""
    currency = own_currency(row, taking)
    key = "refund_number"
    try:
        number = line_of_text(80)(required(row, taking, key))
        key = "refunded_at"
        moment = values.moment(required(row, taking, key), taking.zone, taking.shift)
        key = "amount"
        amount = minor(values.amount(required(row, taking, key)), exponent(currency))
    except (BadValue, OverflowError) as error:
        raise BadCell(key, str(error)) from None
    if not amount:
        raise BadCell("amount", "is not above 0; write what was given back, without a sign")
    return RefundValues(
        number, required(row, taking, "customer_id"), moment, amount, currency, cell_of(row, taking, "order_number")
    )


def preview(rows: Sequence[Row], taking: Taking) -> list[dict[str, Any]]:
    """How first rows would be taken: `line`, `values` by target in the order of the file, or the `problem`."""
    shown = []
    for row in rows:
        problem, taken = unreadable(row, taking), {}
        if not problem:
            try:
                taken = _read(row, taking)
            except BadCell as error:
                problem = problem_of(row, taking, error)
        shown.append({"line": row.line, "values": [taken.get(key, "") for key in taking.positions], "problem": problem})
    return shown


def _read(row: Row, taking: Taking) -> dict[str, Any]:
    if taking.kind == "customers":
        profile, attributes = customer(row, taking)
        named = {key: attributes.get(key.split(".", 2)[2], "") for key in taking.positions if key.startswith(ATTRIBUTE)}
        return profile | named
    if taking.kind == "products":
        return dict(product(row, taking))
    raw = {key: cell_of(row, taking, key) for key in taking.positions}
    if taking.kind == "refunds":
        values_of = refund(row, taking)
        return raw | {"refunded_at": values_of.refunded_at}
    order_line(row, taking)
    for key in ("order_number", "customer_id"):
        required(row, taking, key)
    return raw | {"placed_at": placed_at(row, taking)}


def placed_at(row: Row, taking: Taking) -> Any:
    """The moment of an order's row. Raises `BadCell`."""
    try:
        return values.moment(required(row, taking, "placed_at"), taking.zone, taking.shift)
    except (BadValue, OverflowError) as error:
        raise BadCell("placed_at", str(error)) from None
