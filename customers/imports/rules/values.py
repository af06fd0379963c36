"""Text of a cell to the value it means. Each function takes text without outer blanks; `BadValue` says what to do."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar
from zoneinfo import available_timezones

import phonenumbers

from config.kit.money import exponent
from customers.enums import Market, UsageLevel
from customers.imports.rules.formats import BOOLEANS, NUMBER
from customers.rules import countries

PLAIN_EMAIL = re.compile(
    r"^(?!\.)(?!.*\.\.)[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}(?<!\.)@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    r"[a-z][a-z0-9-]{0,61}[a-z0-9]\Z"
)
LOCALE = re.compile(r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}$")
AMOUNT = re.compile(r"^\d{1,12}([.,]\d{1,6})?$")
WHOLE = re.compile(r"^\d{1,9}$")
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)


class BadValue(ValueError):
    """The cell cannot be taken; the message says what to write instead."""


T = TypeVar("T")


def repeated(parse: Callable[[str], T]) -> Callable[[str], T]:
    """The same parser, remembering what it made of cells that come again and again (countries, languages, days)."""
    return lru_cache(maxsize=20_000)(parse)


def text(limit: int) -> Callable[[str], str]:
    """A plain text of at most `limit` characters."""

    def parse(cell: str) -> str:
        if len(cell) > limit:
            raise BadValue(f"is {len(cell):,} characters long; at most {limit:,} fit")
        return cell

    return parse


def email(cell: str) -> str:
    """An address in lower case, its domain in ASCII form (IDNA)."""
    lowered = cell.lower()
    if len(lowered) > 254:
        raise BadValue("is longer than 254 characters; no such address exists")
    if PLAIN_EMAIL.match(lowered):
        return lowered
    for character in cell:
        if unicodedata.category(character) in ("Cf", "Cc", "Zs", "Zl", "Zp"):
            name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
            raise BadValue(f"holds an invisible or blank character ({name}); type the address anew")
    local, at, domain = lowered.rpartition("@")
    if not at or not local or "@" in local:
        raise BadValue("is not an e-mail address; write it like name@example.com")
    if not local.isascii():
        raise BadValue("has letters before the @ that mail servers do not take; use a to z, digits and . _ + -")
    if not domain.isascii():
        scripts = {_script(character) for character in domain if character.isalpha()}
        if len(scripts - {"CJK", "HIRAGANA", "KATAKANA"}) > 1 and "LATIN" in _scripts_of_labels(domain):
            raise BadValue("mixes alphabets in its domain, so it looks like another address; type the domain anew")
        try:
            domain = unicodedata.normalize("NFKC", domain).encode("idna").decode("ascii")
        except UnicodeError:
            raise BadValue("has a domain that does not exist; check the part behind the @") from None
    address = f"{local}@{domain}"
    if not PLAIN_EMAIL.match(address):
        raise BadValue("is not an e-mail address; write it like name@example.com")
    return address


def _script(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def _scripts_of_labels(domain: str) -> set[str]:
    """Scripts of labels that hold more than one: `mаil.com` with a Cyrillic а has one, `почта.com` has none."""
    mixed: set[str] = set()
    for label in domain.split("."):
        scripts = {_script(character) for character in label if character.isalpha()}
        if len(scripts) > 1:
            mixed |= scripts
    return mixed


E164 = re.compile(r"^\+[1-9][0-9]{6,14}\Z")


@lru_cache(maxsize=1000)
def _plain_lengths(code: int) -> tuple[frozenset[int], re.Pattern[str] | None]:
    """Lengths that numbers behind a country code may have, and what may stand for a national prefix in front of them."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code)
    if not regions:
        return frozenset(), None
    data = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
    if data is None or data.general_desc is None:
        return frozenset(), None
    prefix = data.national_prefix_for_parsing
    lengths = frozenset(length for length in data.general_desc.possible_length if length > 0)
    return lengths, re.compile(prefix) if prefix else None


def _is_plain(cell: str) -> bool:
    """Whether a number is E.164 already, so that taking it apart would give the same (the long way costs 0.1 ms)."""
    for width in (1, 2, 3):
        code = int(cell[1 : 1 + width])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            lengths, prefix = _plain_lengths(code)
            national = cell[1 + width :]
            return len(national) in lengths and national[0] != "0" and not (prefix and prefix.match(national))
    return False


@lru_cache(maxsize=50_000)
def phone(cell: str, country: str) -> str:
    """A number as E.164; one without country code is read as of `country`."""
    if E164.match(cell) and _is_plain(cell):
        return cell
    if not country and not cell.startswith(("+", "00")):
        raise BadValue("has no country code; write it like +44 20 7946 0018, or fill in the country column")
    written = "+" + cell[2:] if cell.startswith("00") else cell
    try:
        number = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException:
        raise BadValue("is not a phone number; write it like +44 20 7946 0018") from None
    if not phonenumbers.is_possible_number(number):
        raise BadValue("has too few or too many digits for a phone number; write it like +44 20 7946 0018")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country(cell: str) -> str:
    """A two-letter code, given by code or name."""
    found = countries.code(cell)
    if not found:
        raise BadValue("is not a country; write its two-letter code, such as GB")
    return found


def locale(cell: str) -> str:
    if not LOCALE.match(cell):
        raise BadValue("is not a language; write it like en or de-AT")
    return cell.replace("_", "-")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def timezone(cell: str) -> str:
    if cell not in _zones():
        raise BadValue("is not a time zone; write it like Europe/London")
    return cell


def currency(cell: str) -> str:
    code = cell.upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise BadValue("is not a currency; write its three letters, such as GBP")
    return code


MARKETS = {value: value for value in Market.values} | {str(label).casefold(): value for value, label in Market.choices}


def market(cell: str) -> str:
    found = MARKETS.get(cell.casefold())
    if not found:
        raise BadValue("is not a market; write consumer, business, government or nonprofit")
    return found


USAGE = {value: value for value in UsageLevel.values} | {
    str(label).casefold(): value for value, label in UsageLevel.choices
}


def usage_level(cell: str) -> str:
    found = USAGE.get(cell.casefold())
    if not found:
        raise BadValue("is not a level of usage; write none, low, medium or high")
    return found


def day(cell: str) -> date:
    """An ISO day; the date part of an ISO moment is taken too."""
    try:
        found = date.fromisoformat(cell) if len(cell) == 10 else datetime.fromisoformat(cell).date()
    except ValueError:
        raise BadValue("is not a day; write year-month-day, such as 2026-03-16") from None
    if not EARLIEST <= found < LATEST:
        raise BadValue("lies outside of the years 1900 to 2199")
    return found


LOOSE_ZONE = re.compile(r"^(\S+ [\d:.]+) (?:UTC)?([+-]\d\d:?\d\d)?$")  # "2026-02-21 10:30:00 +0500", "… UTC"


def moment(cell: str, zone: tzinfo, shift: timedelta = timedelta(0)) -> datetime:
    """An ISO 8601 moment in UTC; without zone it is read in `zone`, after moving the wall clock by `shift`."""
    try:
        found = datetime.fromisoformat(LOOSE_ZONE.sub(r"\1\2", cell) if " " in cell else cell)
    except ValueError:
        raise BadValue("is not a time; write it like 2026-03-16T09:30:00 or 2026-03-16T09:30:00+01:00") from None
    if not EARLIEST <= found.date() < LATEST:
        raise BadValue("lies outside of the years 1900 to 2199")
    found += shift
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def amount(cell: str) -> Decimal:
    """A decimal of at least 0 in major units, comma or point as decimal sign."""
    if not AMOUNT.match(cell):
        raise BadValue("is not an amount; write it like 1234.50, without currency sign or thousands separator")
    try:
        return Decimal(cell.replace(",", "."))
    except InvalidOperation:
        raise BadValue("is not an amount; write it like 1234.50") from None


def minor(value: Decimal, currency: str) -> int:
    """Minor units of a decimal in a currency, rounded half up."""
    return int(value.scaleb(exponent(currency)).to_integral_value(rounding=ROUND_HALF_UP))


def quantity(cell: str) -> int:
    if not WHOLE.match(cell) or not int(cell):
        raise BadValue("is not a quantity; write a whole number above 0 (refunds have a file of their own)")
    return int(cell)


def attribute(kind: str, cell: str) -> Any:
    """The value of a further column by its attribute type."""
    if kind == "number":
        if not NUMBER.match(cell):
            raise BadValue("is not a number; correct it, or take the column as text")
        return float(cell) if "." in cell else int(cell)
    if kind == "boolean":
        found = BOOLEANS.get(cell.casefold())
        if found is None:
            raise BadValue("is neither yes nor no; correct it, or take the column as text")
        return found
    if kind == "date":
        return day(cell).isoformat()
    return text(1000)(cell)
