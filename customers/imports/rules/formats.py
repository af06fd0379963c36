"""Which column of a file is which: names that mean a column, types of further columns, what stands against a mapping."""

import re
from collections.abc import Sequence

from customers.enums import ImportKind
from customers.imports.rules.columns import ATTRIBUTE_TYPES, FORMATS, FURTHER, columns

MAX_COLUMNS = 300
ERROR_COLUMNS = ["line", "column", "reason"]
MAX_ATTRIBUTES = 100
TYPED = re.compile(r"^(attribute|property)\.(text|number|boolean|date)\.(.{1,80})$", re.DOTALL)
FIGURE = "figure."  # what our own export counts: for reading, never an attribute
PROPERTY = re.compile(r"^propert(?:y|ies)[._](.{1,80})$", re.IGNORECASE)
# One of these columns must be there: who the row is about.
PERSON = (("customer_id", "email"), "the customer is found by one of them")
ONE_OF: dict[str, tuple[tuple[str, ...], str]] = {
    ImportKind.CUSTOMERS: (("external_id", "email", "shopify_id", "stripe_id"), "a customer is recognised by one of them"),
    ImportKind.REFUNDS: (("customer_id", "email", "order_number"), "a refund belongs to a customer or an order"),
    ImportKind.ORDERS: PERSON,
    ImportKind.EVENTS: PERSON,
    ImportKind.SUBSCRIPTIONS: PERSON,
    ImportKind.CONSENTS: PERSON,
    ImportKind.POINTS: PERSON,
}


def plain_name(header: str) -> str:
    """A header reduced to letters and digits, for comparing: "E-Mail address" is "emailaddress"."""
    return re.sub(r"[\W_]+", "", header.casefold())


def attribute_name(header: str) -> str:
    """The name of the attribute that a further column becomes: "Shoe size (EU)" is "shoe_size_eu"."""
    return re.sub(r"_+", "_", re.sub(r"\W+", "_", header.strip().casefold())).strip("_")[:60]


def further_name(kind: str, header: str) -> str:
    """The name that a further column of a kind gets: properties keep theirs, attributes become plain names."""
    typed = TYPED.match(header)
    if typed:
        return typed[3]
    own = PROPERTY.match(header)
    return (own[1] if own else header.strip()[:80]) if kind == ImportKind.EVENTS else attribute_name(header)


def further(target: str) -> tuple[str, str] | None:
    """Type and name of the target of a further column ("attribute.number.shoe_size"); None for a column of the format."""
    parts = target.split(".", 2)
    if len(parts) == 3 and f"{parts[0]}." in FURTHER.values() and parts[1] in ATTRIBUTE_TYPES and parts[2]:
        return parts[1], parts[2]
    return None


def suggest(kind: str, header: Sequence[str], sample: Sequence[Sequence[str]] = ()) -> dict[int, str]:
    """What each column of a file most likely is, by position: a column key, or the target of a further column.

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
    if kind in FURTHER:
        _suggest_further(kind, header, sample, found)
    return dict(sorted(found.items()))


def _suggest_further(kind: str, header: Sequence[str], sample: Sequence[Sequence[str]], found: dict[int, str]) -> None:
    prefix = FURTHER[ImportKind(kind)]
    taken: set[str] = set()
    known = {plain_name(header[position]) for position in found}
    is_note = list(header[:3]) == ERROR_COLUMNS  # a corrected error file comes back
    for position, title in enumerate(header):
        if position in found or (is_note and position < 3) or len(taken) >= MAX_ATTRIBUTES:
            continue
        if kind == ImportKind.EVENTS and not PROPERTY.match(title) and not TYPED.match(title):
            continue
        name = "" if title.startswith(FIGURE) else further_name(kind, title)
        if not name or name in taken or plain_name(title) in known:
            continue
        taken.add(name)
        typed = TYPED.match(title)
        cells = [row[position].strip() for row in sample if position < len(row)]
        found[position] = f"{prefix}{typed[2] if typed else guess_type(cells)}.{name}"


NUMBER = re.compile(r"^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$")
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
    prefix = FURTHER.get(ImportKind(kind), "\0")
    problems = []
    seen: set[tuple[bool, str]] = set()
    for target in mapping.values():
        named = further(target) if target.startswith(prefix) else None
        if target.startswith(prefix) and named is None:
            problems.append(f"“{target[:80]}” is not an attribute.")
        elif named is None and target not in known:
            problems.append(f"“{target[:80]}” is not a column of {kind}.")
        name = (named is not None, named[1] if named else target)
        if name in seen:
            problems.append(f"Two columns are taken as “{name[1]}”. Choose one and leave the other out.")
        seen.add(name)
    for column in FORMATS[kind]:
        if column.required and column.key not in mapping.values():
            problems.append(f"Choose the column that holds “{column.label}” ({column.help}).")
    problems += _missing_one(kind, mapping)
    return problems


def _missing_one(kind: str, mapping: dict[int, str]) -> list[str]:
    if kind not in ONE_OF:
        return []
    keys, why = ONE_OF[kind]
    if set(keys) & set(mapping.values()):
        return []
    known = columns(kind)
    names = [f"“{known[key].label}”" for key in keys]
    return [f"Choose the column that holds {', '.join(names[:-1])} or {names[-1]}: {why}."]
