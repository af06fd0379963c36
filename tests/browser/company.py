"""A small shop with a year behind it, so that no page is empty: its orders are made here, the rest by the apps' samples."""

import random
from datetime import timedelta

from customers.actions import timeline
from customers.enums import ImportKind
from customers.imports.actions import run
from customers.ports import samples

PEOPLE, MONTHS, SEED = 60, 13, 7
FIRST = ["Ada", "Ben", "Chloe", "Dev", "Ella", "Finn", "Grace", "Hugo", "Isla", "Jack"]
LAST = ["Abbott", "Brook", "Carter", "Dale", "Ellis", "Frost"]
GOODS = [("JAR", "Jam jar", "Kitchen", 14.5), ("LAMP", "Lantern", "Home", 48.0), ("CARD", "Card box", "Paper", 17.25)]
FROM_FILES = {"customers.people", "customers.orders"}


def build(folder, at):
    """Fill an empty database; every app adds its part as it does for the sample company."""
    story = samples.Story(at=at, shift=timedelta(), seed=SEED, progress=lambda label, done: None)
    written = {"customers.people": (products, customers), "customers.orders": (orders, refunds)}
    for part in samples.all():
        if part.key in FROM_FILES:
            for make in written[part.key]:
                kind, lines = make(at)
                path = folder / f"{kind}.csv"
                path.write_text("\n".join(lines) + "\n")
                run.run_file(kind, path, at=at, source="sample")
        else:
            part.build(story)
        while timeline.process_batch(limit=5000, at=at):
            pass


def products(at):
    return ImportKind.PRODUCTS, ["sku,name,category", *(f"{sku},{name},{kind}" for sku, name, kind, _price in GOODS)]


def customers(at):
    lines = ["external_id,email,first_name,last_name,city,country,company,Shop size,created_at"]
    for number in range(PEOPLE):
        first, last = FIRST[number % 10], LAST[number // 10]
        since = at - timedelta(days=30 * MONTHS - 6 * number)
        lines.append(
            f"S{number},{first}.{last}@customers.example.com,{first},{last},Leeds,GB,,{number % 7 * 20},{since:%Y-%m-%dT%H:%M:%S}"
        )
    return ImportKind.CUSTOMERS, lines


def orders(at):
    dice, lines = random.Random(SEED), ["order_number,customer_id,placed_at,currency,sku,quantity,unit_price,discount"]
    for number in range(PEOPLE):
        day = 30 * MONTHS - 6 * number - 1
        for turn in range(dice.randint(1, 5)):
            moment = at - timedelta(days=day, hours=2)
            for sku, _name, _kind, price in dice.sample(GOODS, 2):
                lines.append(
                    f"N{number}-{turn},S{number},{moment:%Y-%m-%dT%H:%M:%S},GBP,{sku},{dice.randint(1, 9)},{price},0"
                )
            day -= dice.randint(9, 80)
            if day < 1:
                break
    return ImportKind.ORDERS, lines


def refunds(at):
    lines = ["refund_number,customer_id,refunded_at,currency,amount,order_number"]
    for number in range(0, PEOPLE, 9):
        moment = at - timedelta(days=30 * MONTHS - 6 * number - 3)
        lines.append(f"C{number},S{number},{max(moment, at - timedelta(days=360)):%Y-%m-%dT%H:%M:%S},GBP,4.50,N{number}-0")
    return ImportKind.REFUNDS, lines
