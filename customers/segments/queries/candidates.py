"""Who has to be looked at because time passed, for many segments at once: equal questions are asked once.

Fifty segments that look at the last 7, 30 or 90 days of a few events ask the same few questions each minute: who did this
between 7 days before the last look and 7 days before now?
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

from customers.segments.queries import boundaries
from customers.segments.rules.tree import Group

Question = tuple[str, tuple[Any, ...]]
AT_ONCE = 50


def of(trees: Sequence[Group], since: datetime, until: datetime) -> list[set[int] | None]:
    """For each tree the customers who may have changed sides after `since` up to `until`; None is everybody."""
    asked: list[list[Question] | None] = []
    for tree in trees:
        everybody, near = boundaries.near(tree, since, until)
        asked.append(None if everybody else [found for rows, customer in near if (found := _question(rows, customer))])
    answers = _answers(list(dict.fromkeys(question for questions in asked for question in questions or ())))
    return [None if questions is None else set().union(*(answers[item] for item in questions)) for questions in asked]


def _question(rows: QuerySet[Any], customer: str) -> Question | None:
    try:
        text, params = rows.order_by().values(cid=F(customer)).query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return text, tuple(tuple(value) if isinstance(value, list) else value for value in params)


def _answers(questions: Sequence[Question]) -> dict[Question, set[int]]:
    """The customers of every question, in one statement for fifty of them."""
    found: dict[Question, set[int]] = {question: set() for question in questions}
    for start in range(0, len(questions), AT_ONCE):
        part = questions[start : start + AT_ONCE]
        selects = [f"SELECT DISTINCT {n} AS question, q{n}.cid FROM ({item[0]}) q{n}" for n, item in enumerate(part)]
        params = [list(value) if isinstance(value, tuple) else value for item in part for value in item[1]]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(selects), params)
            for number, customer_id in cursor.fetchall():
                found[part[number]].add(customer_id)
    return found
