"""Online Retail (UCI, CC0 by way of the CRAN package onlineretail) into the product's own import format.

Kept are lines of known customers with a price: positive quantities become order lines, 'C' invoices become refunds. The
source holds no names; people, addresses and attributes are invented, repeatably, by `customers.sample.people`.
"""

import csv
import gzip
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random

from customers.sample import people

SEED = 20101201
PENNY = Decimal("0.01")
CATEGORIES = {
    "Christmas": ("CHRISTMAS", "XMAS", "ADVENT", "REINDEER", "SANTA", "SNOWFLAKE", "SNOWMAN", "BAUBLE"),
    "Candles and lights": ("T-LIGHT", "CANDLE", "LANTERN", "LIGHTS", "LAMP", "TEALIGHT", "CHANDELIER"),
    "Bags": ("BAG", "SHOPPER", "PURSE", "RUCKSACK", "SATCHEL"),
    "Kitchen": ("MUG", "CUP", "TEA", "CAKE", "BOWL", "PLATE", "JAR", "TIN", "KITCHEN", "COFFEE", "LUNCH", "BAKING", "SPOON",
                "CUTLERY", "NAPKIN", "DINNER", "JUG", "BOTTLE", "RECIPE", "APRON", "TRAY", "COASTER", "DOILEY", "DOILIES"),
    "Garden": ("GARDEN", "PLANT", "FLOWER", "WATERING", "SEED", "BIRD", "PICNIC", "PARASOL", "BUNTING"),
    "Stationery and craft": ("CARD", "WRAP", "PAPER", "PEN", "PENCIL", "NOTEBOOK", "STICKER", "STAMP", "RIBBON", "SEWING",
                             "TAPE", "CHALK", "BOOK", "ENVELOPE", "TISSUE", "CRAYON", "ORIGAMI"),
    "Toys and games": ("TOY", "GAME", "DOLL", "PUZZLE", "JIGSAW", "DOMINO", "BINGO", "PLAYHOUSE", "SPACEBOY", "CIRCUS",
                       "DINOSAUR", "SOLDIER", "CHILDREN", "BALLOON", "PARTY"),
    "Jewellery": ("NECKLACE", "BRACELET", "EARRING", "RING", "BROOCH", "BEAD", "HAIR", "JEWEL", "CHARM"),
    "Bathroom and comfort": ("SOAP", "BATH", "TOWEL", "HOT WATER", "HAND WARMER", "INCENSE", "SACHET", "BODY"),
}  # fmt: skip
NOT_GOODS = {"POST", "D", "DOT", "M", "C2", "BANK CHARGES", "PADS", "CRUK"}
SERVICES = {"POST": "Postage", "DOT": "Postage", "C2": "Carriage", "M": "Manual entry", "BANK CHARGES": "Bank charges",
            "PADS": "Cushion pads", "D": "Discount", "CRUK": "Donation"}  # fmt: skip
CHANNELS = ("organic search", "paid search", "social", "friend", "marketplace", "fair", "newsletter", "press")
PERSONAS = ("Gift giver", "Home maker", "Collector", "Party host")


def convert(source: Path, target: Path) -> dict[str, int]:
    """Write customers, products, orders and refunds as `*.csv.gz` into `target`; returns the rows of each file."""
    target.mkdir(parents=True, exist_ok=True)
    lines, returns = _read(source)
    counts = {
        "products": _write(target / "products.csv.gz", ("sku", "name", "category"), _products(lines)),
        "orders": _write(
            target / "orders.csv.gz",
            ("order_number", "customer_id", "placed_at", "currency", "sku", "quantity", "unit_price"),
            _orders(lines),
        ),
        "refunds": _write(
            target / "refunds.csv.gz",
            ("refund_number", "customer_id", "refunded_at", "currency", "amount"),
            _refunds(returns),
        ),
    }
    rows = _customers(lines, returns)
    counts["customers"] = _write(target / "customers.csv.gz", tuple(rows[0]), [tuple(row.values()) for row in rows])
    return counts


def _read(source: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    lines, returns = [], []
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["CustomerID"] or row["CustomerID"] == "NA":
                continue
            if row["InvoiceNo"].startswith("C"):
                returns.append(row)
            elif int(row["Quantity"]) > 0 and Decimal(row["UnitPrice"]) > 0:
                lines.append(row)
    return lines, returns


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    count = 0
    with (
        path.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=9, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _products(lines: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    named: dict[str, Counter[str]] = defaultdict(Counter)
    for row in lines:
        named[row["StockCode"]][row["Description"].strip()] += 1
    found = []
    for sku in sorted(named):
        name = named[sku].most_common(1)[0][0]
        if sku in NOT_GOODS:
            found.append((sku, SERVICES[sku], "Services"))
        else:
            found.append((sku, name.capitalize(), _category(name)))
    return found


def _category(name: str) -> str:
    for category, words in CATEGORIES.items():
        if any(word in name for word in words):
            return category
    return "Home decoration"


def _orders(lines: list[dict[str, str]]) -> Iterable[tuple[str, ...]]:
    by_invoice: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in lines:
        by_invoice[row["InvoiceNo"]].append(row)
    for number, rows in sorted(by_invoice.items(), key=lambda item: (item[1][0]["InvoiceDate"], item[0])):
        placed = min(row["InvoiceDate"] for row in rows)
        for row in rows:
            price = str(Decimal(row["UnitPrice"]).normalize().__format__("f"))
            yield number, row["CustomerID"], placed[:16], "GBP", row["StockCode"], row["Quantity"], price


def _refunds(returns: list[dict[str, str]]) -> Iterable[tuple[str, ...]]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    first: dict[str, dict[str, str]] = {}
    for row in returns:
        amounts[row["InvoiceNo"]] -= Decimal(row["UnitPrice"]) * int(row["Quantity"])
        first.setdefault(row["InvoiceNo"], row)
    for number, row in sorted(first.items(), key=lambda item: (item[1]["InvoiceDate"], item[0])):
        amount = amounts[number].quantize(PENNY, ROUND_HALF_UP)
        if amount > 0:
            yield number, row["CustomerID"], row["InvoiceDate"][:16], "GBP", str(amount)


def _customers(lines: list[dict[str, str]], returns: list[dict[str, str]]) -> list[dict[str, str]]:
    first: dict[str, str] = {}
    countries: dict[str, Counter[str]] = defaultdict(Counter)
    spent: Counter[str] = Counter()
    for row in [*lines, *returns]:
        known = row["CustomerID"]
        first[known] = min(first.get(known, "9"), row["InvoiceDate"])
        countries[known][row["Country"]] += 1
        spent[known] += max(0, int(Decimal(row["UnitPrice"]) * int(row["Quantity"])))
    return [_customer(known, first[known], countries[known].most_common(1)[0][0], spent[known]) for known in sorted(first)]


def _customer(known: str, first_order: str, country: str, spent: int) -> dict[str, str]:
    random = Random(f"{SEED}:{known}")  # invented people, not secrets
    place = people.PLACES[country]
    first, last = people.person(random, place)
    ordered = datetime.fromisoformat(first_order)
    created = ordered - timedelta(minutes=random.choice((4, 9, 16, 31, 60 * 26, 60 * 24 * 6)))
    business = spent > 4000 or random.random() < 0.06
    born = date(1950 + random.randrange(52), 1 + random.randrange(12), 1 + random.randrange(28))
    return {
        "external_id": known,
        "email": f"{people.plain(first)}.{people.plain(last)}.{known}@{random.choice(people.DOMAINS)}",
        "phone": f"+44 7700 900{random.randrange(1000):03d}" if place.code == "GB" and random.random() < 0.6 else "",
        "first_name": first,
        "last_name": last,
        "locale": place.locale,
        "timezone": place.timezone,
        "country": place.code,
        "city": random.choice(place.cities),
        "currency": "GBP",
        "company": people.shop(random) if business else "",
        "industry": "Retail" if business else "",
        "market": "business" if business else "consumer",
        "persona": "Wholesaler" if business else random.choice(PERSONAS),
        "acquisition_channel": random.choice(CHANNELS),
        "acquired_on": created.date().isoformat(),
        "born_on": born.isoformat() if random.random() < 0.55 else "",
        "created_at": created.isoformat(sep=" ", timespec="minutes"),
        "favourite_category": random.choice(list(CATEGORIES)) if random.random() < 0.4 else "",
    }
