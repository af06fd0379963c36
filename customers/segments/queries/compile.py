"""Tree to one SQL statement: a set algebra over customer ids.

any = UNION of sets, all = JOIN of sets, none = NOT EXISTS. Conditions on one per-customer table become one scan of it.
The text of a statement is made of fixed words and of what Django compiled from code; every value is a parameter.
"""

from collections.abc import Sequence

from django.db.models import Q

from customers.models import Customer
from customers.segments.queries import leaves
from customers.segments.queries.leaves.sets import Context, Part, Scan, Sql, scan, select
from customers.segments.queries.predicates import IsNotTrue, Moment
from customers.segments.rules.normalise import All, Any_, Shape, normalise
from customers.segments.rules.tree import Node

# SQLite joins at most 64 tables, and one set may be made of four.
MOST_JOINED = 15

JOINED = 12  # SQLite joins 64 tables at most, and reads a set of several tables as part of the join


def compile_tree(tree: Node, moment: Moment, customer_ids: Sequence[int] | None = None) -> Sql:
    """The SELECT of the ids (column `cid`, distinct) of the customers for whom the tree holds at the moment."""
    context = Context(moment, customer_ids)
    return context.statement(_plain(_part(normalise(tree), context), context))


def _part(shape: Shape, context: Context) -> Part:
    if isinstance(shape, All):
        return _all(shape, context)
    if isinstance(shape, Any_):
        return _any(shape, context)
    found = leaves.leaf(shape, context)
    return _scanned([found], context, is_or=False) if isinstance(found, Scan) else found


def _all(shape: All, context: Context) -> Part:
    wanted, scans = _parts(shape.wanted, context)
    unwanted, unscans = _parts(shape.unwanted, context)
    scans += [Scan(item.source, Q(IsNotTrue(item.condition)), not item.without_row) for item in unscans]
    parts = wanted + [Part(part.sql, not part.is_complement) for part in unwanted]
    parts += [_scanned(group, context, is_or=False) for group in _by_source(scans)]
    inside = [part.sql for part in parts if not part.is_complement]
    outside = [part.sql for part in parts if part.is_complement]
    if not inside and len(outside) == 1:
        return Part(outside[0], True)
    return Part(_intersection(inside or [_everybody(context)], outside))


def _any(shape: Any_, context: Context) -> Part:
    parts, scans = _parts(shape.shapes, context)
    parts += [_scanned(group, context, is_or=True) for group in _by_source(scans)]
    sets = [_plain(part, context) for part in parts]
    if len(sets) == 1:
        return Part(sets[0])
    text = " UNION ".join(f"SELECT cid FROM ({item.text}) u{index}" for index, item in enumerate(sets))
    return Part(Sql(text, sum((item.params for item in sets), ())))


def _parts(shapes: Sequence[Shape], context: Context) -> tuple[list[Part], list[Scan]]:
    parts: list[Part] = []
    scans: list[Scan] = []
    for shape in shapes:
        if isinstance(shape, All | Any_):
            part = _part(shape, context)
            parts.append(Part(Sql(f"SELECT cid FROM {context.named(part.sql)}"), part.is_complement))
            continue
        found = leaves.leaf(shape, context)
        if isinstance(found, Scan):
            scans.append(found)
        else:
            parts.append(found)
    return parts, scans


def _by_source(scans: Sequence[Scan]) -> list[list[Scan]]:
    groups: dict[str, list[Scan]] = {}
    for item in scans:
        groups.setdefault(item.source.key, []).append(item)
    return list(groups.values())


def _scanned(scans: Sequence[Scan], context: Context, *, is_or: bool) -> Part:
    """Conditions on one table as one scan; as a complement when they hold for customers who have no row there."""
    source, condition = scans[0].source, scans[0].condition
    for item in scans[1:]:
        condition = condition | item.condition if is_or else condition & item.condition
    without_row = (any if is_or else all)(item.without_row for item in scans)
    if without_row and not source.is_total:
        return Part(scan(Scan(source, condition, True), context, inverted=True), True)
    return Part(scan(Scan(source, condition, False), context))


def _everybody(context: Context) -> Sql:
    return select(context.narrow(Customer.objects.filter(pk__isnull=False), "pk"), "pk")


def _plain(part: Part, context: Context) -> Sql:
    return _intersection([_everybody(context)], [part.sql]) if part.is_complement else part.sql


def _intersection(inside: Sequence[Sql], outside: Sequence[Sql]) -> Sql:
    """The ids in every set of `inside` and in none of `outside`; what is more than a join may hold is asked with IN."""
    if len(inside) == 1 and not outside:
        return inside[0]
    joins = "".join(
        f" JOIN ({item.text}) s{index} ON s{index}.cid = s0.cid" for index, item in enumerate(inside[:JOINED]) if index
    )
    asked = [f"s0.cid IN (SELECT cid FROM ({item.text}) i{index})" for index, item in enumerate(inside[JOINED:])]
    asked += [
        f"NOT EXISTS (SELECT 1 FROM ({item.text}) n{index} WHERE n{index}.cid = s0.cid)"
        for index, item in enumerate(outside)
    ]
    text = f"SELECT s0.cid FROM ({inside[0].text}) s0{joins}" + (f" WHERE {' AND '.join(asked)}" if asked else "")
    return Sql(text, sum((item.params for item in [*inside, *outside]), ()))
