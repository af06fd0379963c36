"""A list as the answer to a request, row by row, noted in the audit log."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from config.kit.access import client_address
from config.kit.clock import now
from customers.actions import audit
from customers.exports.queries.files import csv_text


def response(
    request: HttpRequest, *, name: str, label: str, rows: Iterator[Sequence[Any]], criteria: dict[str, Any]
) -> StreamingHttpResponse:
    """Stream rows as `name`.csv. Who took them and with which filter is noted at once, how many rows at the end."""
    user_id, address = request.user.pk, client_address(request)
    audit.note(
        "export.started", subject=label, user_id=user_id, at=now(), address=address, detail={"list": name, **criteria}
    )
    answer = StreamingHttpResponse(
        _noted(rows, name, label, user_id, address, criteria), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _noted(
    rows: Iterator[Sequence[Any]], name: str, label: str, user_id: int | None, address: str, criteria: dict[str, Any]
) -> Iterator[str]:
    count, is_whole = 0, False

    def counted(done: int) -> None:
        nonlocal count
        count = done

    try:
        yield from csv_text(rows, counted=counted)
        is_whole = True
    finally:
        detail = {"list": name, "rows": count, "whole": is_whole, **criteria}
        audit.note("export.finished", subject=label, user_id=user_id, at=now(), address=address, detail=detail)
