"""Who matches and is no member, and the other way round: what a refresh has to write."""

from collections.abc import Sequence

from django.db import connection

from config.kit import sql
from customers.segments.queries.compile import compile_tree
from customers.segments.queries.leaves import Sql
from customers.segments.queries.predicates import Moment
from customers.segments.rules.tree import Group

MEMBERS, CHANGES, TOUCHES = "customers_segmentmembership", "customers_segmentchange", "customers_segmenttouch"


def between(tree: Group, segment_id: int, moment: Moment, customer_ids: Sequence[int] | None = None) -> Sql:
    """The SELECT of `cid` and `entered` for every customer (or those given) whose membership differs from the rules.

    The rules are evaluated once. PostgreSQL joins in full, by hash or by merging whatever it believes the sizes to be: two
    NOT EXISTS over one evaluation became nested loops when it took 200,000 customers for one (minutes instead of 0.5 s).
    """
    found = compile_tree(tree, moment, customer_ids)
    among, ids = ("", ()) if customer_ids is None else _among(customer_ids)
    members = f'SELECT customer_id FROM "{MEMBERS}" WHERE segment_id = %s{among}'
    if sql.is_postgresql():
        text = (
            f"SELECT COALESCE(f.cid, m.customer_id) AS cid, m.customer_id IS NULL AS entered FROM ({found.text}) f "
            f"FULL JOIN ({members}) m ON m.customer_id = f.cid WHERE f.cid IS NULL OR m.customer_id IS NULL"
        )
        return Sql(text, (*found.params, segment_id, *ids))
    text = (
        f"WITH found AS MATERIALIZED ({found.text}) SELECT f.cid AS cid, 1 AS entered FROM found f WHERE NOT EXISTS "
        f'(SELECT 1 FROM "{MEMBERS}" m WHERE m.segment_id = %s AND m.customer_id = f.cid) '
        f"UNION ALL SELECT m.customer_id, 0 FROM ({members}) m "
        "WHERE NOT EXISTS (SELECT 1 FROM found f WHERE f.cid = m.customer_id)"
    )
    return Sql(text, (*found.params, segment_id, segment_id, *ids))


def of(tree: Group, segment_id: int, moment: Moment, customer_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """Which of these customers have to enter and which have to leave, each in order."""
    found = between(tree, segment_id, moment, customer_ids)
    with connection.cursor() as cursor:
        cursor.execute(found.text, list(found.params))
        rows = cursor.fetchall()
    return sorted(cid for cid, entered in rows if entered), sorted(cid for cid, entered in rows if not entered)


def _among(customer_ids: Sequence[int]) -> tuple[str, tuple[object, ...]]:
    if sql.is_postgresql():
        return " AND customer_id = ANY(%s::bigint[])", (list(customer_ids),)
    return " AND customer_id IN (SELECT value FROM json_each(%s))", (str(list(customer_ids)),)
