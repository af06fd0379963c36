"""The product's own import formats: columns of each kind, and the header names that mean them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from customers.enums import ImportKind

ATTRIBUTE = "attribute."
MAX_COLUMNS = 300
ERROR_COLUMNS = ["line", "column", "reason"]
MAX_ATTRIBUTES = 100


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a format: how it is called, what it holds, which other headers mean it."""

    key: str
    label: str
    help: str
    required: bool = False
    synonyms: tuple[str, ...] = ()


def _column(key: str, label: str, help: str, synonyms: str = "", *, required: bool = False) -> Column:
    return Column(key, label, help, required, tuple(synonyms.split()))


FORMATS: dict[str, tuple[Column, ...]] = {
    ImportKind.CUSTOMERS: (
        _column("external_id", "External id", "the shop’s own id of the customer",
                "customerid customernumber customerno clientid userid id contactid personid"),
        _column("email", "E-mail", "one address", "emailaddress mail mailaddress epost correo courriel"),
        _column("phone", "Phone", "with country code: +44 20 7946 0018",
        "phonenumber telephone tel mobile mobilephone cell"),
        _column("first_name", "First name", "given name", "firstname forename givenname vorname prenom nombre fname"),
        _column("last_name", "Last name", "family name", "lastname surname familyname nachname nom apellido lname"),
        _column("locale", "Language", "en, de-AT", "language lang"),
        _column("timezone", "Time zone", "Europe/London", "tz timezonename"),
        _column("country", "Country", "GB, or United Kingdom", "countrycode land pays pais"),
        _column("city", "City", "town or city", "town ort stadt ville ciudad"),
        _column("currency", "Currency", "three letters: GBP", "currencycode"),
        _column("company", "Company", "organisation", "companyname organisation organization firma"),
        _column("industry", "Industry", "branch of trade", "branch sector vertical"),
        _column("market", "Market", "consumer, business, government or nonprofit", "markettype"),
        _column("persona", "Persona", "role or type of buyer", "role"),
        _column("plan", "Plan", "subscription plan", "planname subscriptionplan"),
        _column("acquisition_channel", "Acquisition channel", "how they came", "channel acquiredthrough signupsource"),
        _column("acquired_on", "Acquired on", "2026-03-16", "acquired acquisitiondate"),
        _column("born_on", "Birthday", "1984-07-02", "birthday birthdate dateofbirth dob born geburtstag"),
        _column("renews_on", "Renewal date", "2026-12-01", "renewaldate renewal renews"),
        _column("created_at", "Customer since", "2026-03-16T09:30:00, or a day",
                "created createdon signedupat signupdate registeredat registrationdate customersince joinedat datejoined"),
    ),
    ImportKind.PRODUCTS: (
        _column("sku", "SKU", "article number", "stockcode productid itemnumber articlenumber productcode", required=True),
        _column("name", "Name", "what it is called", "productname title description"),
        _column("category", "Category", "group of products", "productcategory producttype type"),
    ),
    ImportKind.ORDERS: (
        _column("order_number", "Order number", "the same on each line of an order",
                "order orderid invoice invoiceno invoicenumber number ordername", required=True),
        _column("customer_id", "Customer id", "external id of the customer",
                "customer externalid customernumber clientid userid", required=True),
        _column("placed_at", "Placed at", "2026-03-16T09:30:00",
                "orderdate date createdat invoicedate placed orderedat purchasedat", required=True),
        _column("currency", "Currency", "three letters: GBP", "currencycode"),
        _column("sku", "SKU", "article number", "stockcode productid itemnumber articlenumber productcode lineitemsku",
                required=True),
        _column("quantity", "Quantity", "whole number above 0", "qty count pieces amountofitems lineitemquantity",
        required=True),
        _column("unit_price", "Unit price", "price of one piece: 12.50", "price itemprice lineitemprice", required=True),
        _column("discount", "Discount", "taken off the line: 1.00", "linediscount lineitemdiscount"),
    ),
    ImportKind.REFUNDS: (
        _column("refund_number", "Refund number", "unique", "refund refundid creditnote creditnotenumber number",
        required=True),
        _column("customer_id", "Customer id", "external id of the customer",
                "customer externalid customernumber clientid userid", required=True),
        _column("refunded_at", "Refunded at", "2026-03-16T09:30:00", "date refunddate createdat refunded", required=True),
        _column("currency", "Currency", "three letters: GBP", "currencycode"),
        _column("amount", "Amount", "above 0: 12.50", "refundamount total value", required=True),
        _column("order_number", "Order number", "the order it belongs to, when known", "order orderid invoice invoiceno"),
    ),
}  # fmt: skip
ATTRIBUTE_TYPES = {"text": "Text", "number": "Number", "boolean": "Yes or no", "date": "Date"}


def columns(kind: str) -> dict[str, Column]:
    """The columns of a kind by key."""
    return {column.key: column for column in FORMATS[kind]}


def plain_name(header: str) -> str:
    """A header reduced to letters and digits, for comparing: "E-Mail address" is "emailaddress"."""
    return re.sub(r"[\W_]+", "", header.casefold())


def attribute_name(header: str) -> str:
    """The name of the attribute that a further column becomes: "Shoe size (EU)" is "shoe_size_eu"."""
    return re.sub(r"_+", "_", re.sub(r"\W+", "_", header.strip().casefold())).strip("_")[:60]


def suggest(kind: str, header: Sequence[str], sample: Sequence[Sequence[str]] = ()) -> dict[int, str]:
    """What each column of a file most likely is, by position: a column key, or `attribute.<type>.<name>` for customers.

    A column that means nothing here, or what an earlier one already is, is not in the result: it is left out.
    """
    exact = {plain_name(column.key): column.key for column in FORMATS[kind]}
    known = {name: column.key for column in FORMATS[kind] for name in column.synonyms} | exact
    found: dict[int, str] = {}
    for names in (exact, known):  # a column with the very name wins over an earlier one with a similar name
        for position, title in enumerate(header):
            key = names.get(plain_name(title))
            if key and position not in found and key not in found.values():
                found[position] = key
    if kind == ImportKind.CUSTOMERS:
        taken: set[str] = set()
        for position, title in enumerate(header):
            name = attribute_name(title)
            repeats = plain_name(title) in {plain_name(header[other]) for other in found if other != position}
            is_note = position < 3 and list(header[:3]) == ERROR_COLUMNS  # a corrected error file comes back
            if is_note or position in found or not name or name in taken or repeats or len(taken) >= MAX_ATTRIBUTES:
                continue
            taken.add(name)
            cells = [row[position].strip() for row in sample if position < len(row)]
            found[position] = f"{ATTRIBUTE}{guess_type(cells)}.{name}"
    return dict(sorted(found.items()))


NUMBER = re.compile(r"^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$")
BOOLEANS = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}
DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def guess_type(cells: Sequence[str]) -> str:
    """The attribute type that all filled cells of a sample agree with; text when they do not, or when all are empty."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return "text"
    if all(NUMBER.match(cell) for cell in filled):
        return "number"
    if all(cell.casefold() in BOOLEANS for cell in filled):
        return "boolean"
    return "date" if all(DAY.match(cell) for cell in filled) else "text"


def mapping_problems(kind: str, mapping: dict[int, str]) -> list[str]:
    """What stands against a mapping, in words: unknown or repeated targets, required columns that are missing."""
    known = columns(kind)
    problems = []
    seen: set[tuple[bool, str]] = set()
    for target in mapping.values():
        is_attribute = kind == ImportKind.CUSTOMERS and target.startswith(ATTRIBUTE)
        parts = target.split(".", 2)
        if is_attribute and (len(parts) != 3 or parts[1] not in ATTRIBUTE_TYPES or not parts[2]):
            problems.append(f"“{target[:80]}” is not an attribute.")
        elif not is_attribute and target not in known:
            problems.append(f"“{target[:80]}” is not a column of {kind}.")
        name = parts[-1] if is_attribute else target
        if (is_attribute, name) in seen:
            problems.append(f"Two columns are taken as “{name}”. Choose one and leave the other out.")
        seen.add((is_attribute, name))
    for column in FORMATS[kind]:
        if column.required and column.key not in mapping.values():
            problems.append(f"Choose the column that holds “{column.label}” ({column.help}).")
    if kind == ImportKind.CUSTOMERS and not {"external_id", "email"} & set(mapping.values()):
        problems.append("Choose the column that holds “External id” or “E-mail”: a customer is recognised by one of them.")
    return problems
