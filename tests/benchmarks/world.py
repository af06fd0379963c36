"""A large company made by the database itself: INSERT … SELECT in sets, indexes built afterwards.

`PERENNIAL_BENCH_CUSTOMERS` (default 1,000,000) sets its size: 20 events and 3 orders for each customer over two years, skewed
towards few customers and few names.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models

from customers.models import Customer, CustomerFacts, Event, EventAggregate, Identity, Order

CUSTOMERS = int(os.environ.get("PERENNIAL_BENCH_CUSTOMERS", 1_000_000))
EVENTS, ORDERS = 20 * CUSTOMERS, 3 * CUSTOMERS
FIRST_NAMES = [
    "Ana",
    "Ben",
    "Cleo",
    "Dan",
    "Eva",
    "Finn",
    "Gia",
    "Hugo",
    "Ida",
    "Jon",
    "Kira",
    "Liam",
    "Mia",
    "Noah",
    "Olga",
    "Paul",
    "Quin",
    "Rosa",
    "Sven",
    "Tara",
    "Uma",
    "Vito",
    "Wanda",
    "Xenia",
    "Yann",
    "Zoe",
    "Aylin",
    "Björn",
    "Chloé",
    "Dörte",
    "Émile",
    "Fatma",
    "Gülay",
    "Hélène",
    "Ines",
    "José",
    "Katja",
    "Luís",
    "Márta",
    "Niño",
]
ROOTS = [
    "Ander",
    "Berg",
    "Carl",
    "Dal",
    "Ek",
    "Fisch",
    "Gold",
    "Hall",
    "Ing",
    "Jans",
    "Kling",
    "Lind",
    "Mor",
    "Nord",
    "Oster",
    "Peter",
    "Ros",
    "Sand",
    "Tal",
    "Ulm",
    "Vest",
    "Wald",
]
ENDS = [
    "son",
    "mann",
    "berg",
    "er",
    "s",
    "ski",
    "ova",
    "ez",
    "ini",
    "eau",
    "sen",
    "feld",
    "ton",
    "ley",
    "well",
    "by",
    "ham",
    "ford",
    "stein",
    "wood",
]
EVENT_NAMES = [
    "page.viewed", "page.viewed", "page.viewed", "page.viewed", "product.viewed", "product.viewed", "search.done",
    "app.opened", "message.opened", "cart.item_added", "message.clicked", "checkout.started",
]  # fmt: skip


def run_sql(statement: str, *params: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.rowcount


def number(statement: str) -> int:
    """The one whole number that a query answers with."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0] or 0)


def insert_select(model: type[models.Model], rows: str, /, **values: str) -> int:
    """`INSERT … SELECT … FROM rows`; columns that `values` does not name get an empty value of their type."""
    columns, expressions = [], []
    for field in model._meta.concrete_fields:
        if field.name in values:
            expression = values[field.name]
        elif isinstance(field, models.AutoField | models.BigAutoField):
            continue
        else:
            expression = _empty(field)
        columns.append(f'"{field.column}"')
        expressions.append(expression)
    table = model._meta.db_table
    return run_sql(f'INSERT INTO "{table}" ({", ".join(columns)}) SELECT {", ".join(expressions)} FROM {rows}')


def _empty(field: "models.Field") -> str:
    if field.null:
        return "NULL"
    if isinstance(field, models.JSONField):
        return "'[]'::jsonb" if field.default is list else "'{}'::jsonb"
    if isinstance(field, models.BooleanField):
        return "true" if field.default is True else "false"
    if isinstance(field, models.DateTimeField | models.DateField):
        return "now()"
    if isinstance(field, models.IntegerField | models.DecimalField):
        return str(field.default) if isinstance(field.default, int) else "0"
    return "''"


@contextmanager
def without_indexes(model: type[models.Model]) -> Iterator[None]:
    """Take a table's indexes and constraints off (all but the primary key) and build them again afterwards."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('u', 'f')",
            [table],
        )
        constraints = cursor.fetchall()
        for name, _ in constraints:
            cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
            [table, table],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        for _, definition in indexes:
            cursor.execute(definition)
        for name, definition in constraints:
            cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')


def _array(values: list[str]) -> str:
    return "(ARRAY[" + ",".join("'" + value + "'" for value in values) + "])"


def _pick(values: list[str], seed: str) -> str:
    return f"{_array(values)}[1 + abs(hashint4(({seed})::int)) % {len(values)}]"


def customers(count: int = CUSTOMERS) -> int:
    """Customers with names, addresses, ids, countries, plans and attributes; returns the smallest id."""
    first, root, end = (
        _pick(FIRST_NAMES, "n"),
        _pick(ROOTS, "n / 3"),
        _pick(ENDS, "n / 7"),
    )
    with without_indexes(Customer):
        insert_select(
            Customer,
            f"(SELECT n, {first} AS first, {root} || {end} AS last FROM generate_series(1, {count}) n) x",
            external_id="'u-' || n",
            email="lower(first || '.' || last || '.' || n || '@example.com')",
            phone="'+44207' || lpad((n % 10000000)::text, 7, '0')",
            first_name="first",
            last_name="last",
            company="CASE WHEN n % 5 = 0 THEN last || ' & Partners' ELSE '' END",
            country="(ARRAY['US','GB','DE','FR','CA','NL','ES','IT'])[1 + floor(8 * power(random(), 2))::int]",
            plan="(ARRAY['free','starter','pro'])[1 + floor(3 * power(random(), 3))::int]",
            timezone="'Europe/London'",
            attributes="jsonb_build_object('shoe_size', n % 20 + 30, 'vip', n % 50 = 0)",
            created_at="timestamptz '2024-01-01' + n * interval '60 seconds'",
            updated_at="timestamptz '2025-12-31'",
        )
    base = number("SELECT min(id) FROM customers_customer")
    insert_select(
        Identity, f"generate_series(1, {count // 10}) n", kind="'anonymous'", value="'anon-' || n",
        customer=f"{base} + n - 1",
    )  # fmt: skip
    run_sql("VACUUM ANALYZE customers_customer")
    return base


def _events(base: int, count: int) -> None:
    day = f"(date '2024-01-01' + (n::bigint * 729 / {count})::int)"
    insert_select(
        Event,
        f"(SELECT n, {day} AS day FROM generate_series(1, {count}) n) x",
        customer=f"{base} + floor({CUSTOMERS} * power(random(), 1.7))::int",
        name=f"{_array(EVENT_NAMES)}[1 + floor({len(EVENT_NAMES)} * random())::int]",
        occurred_at="day + random() * interval '24 hours'",
        local_day="day",
        received_at="day + interval '1 day'",
        properties="jsonb_build_object('path', '/shop/' || n % 500, 'rank', n % 20)",
        source="'bench'",
        key="gen_random_uuid()",
    )


def events(base: int, count: int) -> None:
    """Add events spread over two years; a large number is loaded without indexes, which are built afterwards."""
    if count > 500_000:
        with without_indexes(Event):
            _events(base, count)
    else:
        _events(base, count)
    run_sql("VACUUM ANALYZE customers_event")


def orders(base: int, count: int = ORDERS) -> None:
    """Orders over two years, most of them of few customers."""
    with without_indexes(Order):
        insert_select(
            Order,
            f"(SELECT n, date '2024-01-01' + floor(730 * random())::int AS day FROM generate_series(1, {count}) n) x",
            customer=f"{base} + floor({CUSTOMERS} * power(random(), 1.7))::int",
            number="'B' || n",
            placed_at="day + interval '12 hours'",
            local_day="day",
            total_minor="500 + floor(20000 * random())",
            currency="'EUR'",
            state="'paid'",
        )
    run_sql("VACUUM ANALYZE customers_order")


def facts() -> None:
    """Facts and event counts of every customer, as the timeline's subscribers would have left them."""
    with without_indexes(CustomerFacts):
        insert_select(
            CustomerFacts,
            """(SELECT c.id, o.*, e.* FROM customers_customer c
                LEFT JOIN (SELECT customer_id, count(*) oc, sum(total_minor) rev, min(placed_at) fo, max(placed_at) lo
                           FROM customers_order GROUP BY 1) o ON o.customer_id = c.id
                LEFT JOIN (SELECT customer_id ecid, count(*) ec, min(occurred_at) fs, max(occurred_at) ls
                           FROM customers_event GROUP BY 1) e ON e.ecid = c.id) x""",
            customer="id",
            order_count="coalesce(oc, 0)",
            revenue_minor="coalesce(rev, 0)",
            refunded_minor="0",
            first_order_at="fo",
            last_order_at="lo",
            event_count="coalesce(ec, 0)",
            first_seen_at="fs",
            last_seen_at="ls",
        )
    with without_indexes(EventAggregate):
        insert_select(
            EventAggregate,
            """(SELECT customer_id, name AS what, count(*) c, min(occurred_at) f, max(occurred_at) l
                FROM customers_event GROUP BY 1, 2) x""",
            customer="customer_id",
            name="what",
            count="c",
            first_at="f",
            last_at="l",
        )
    run_sql("VACUUM ANALYZE customers_customerfacts")
    run_sql("VACUUM ANALYZE customers_eventaggregate")
