"""Answers as a list that can be taken out."""

from collections.abc import Iterator

from customers.exports.queries.keyset import plain, within
from customers.ports.exports import Criteria, Export, Row, register
from surveys.models import Response


def answers(criteria: Criteria) -> Iterator[Row]:
    """One row per answer."""
    fields = ("customer__external_id", "customer__email", "survey__name", "score", "band", "state", "comment",
              "may_contact", "answered_at")  # fmt: skip
    header = ("customer_id", "email", "survey", *fields[3:])
    return plain(within(Response.objects.all(), "answered_at", criteria), fields, header)


def register_all() -> None:
    register(Export("survey_answers", "Survey answers", "Scores and comments.", "gauge", answers,
                    ("customers.view_customer", "surveys.view_response"), 90,
                    dated="By the day of the answer."))  # fmt: skip
