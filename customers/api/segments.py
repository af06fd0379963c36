"""Segments and lists: read, write, try out, and ask who is in, since when and why."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.utils.translation import gettext as _
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from config.kit import sql
from config.kit.clock import now
from customers.api.access import WriteAsAction
from customers.api.segments_input import (
    LIMIT_SECONDS,
    PlainJson,
    PreviewInput,
    Refused,
    SegmentInput,
    SegmentPatch,
    TooSlow,
    customer_of,
    moment_of,
)
from customers.api.segments_members import MembersMixin
from customers.api.serializers import SegmentSerializer
from customers.enums import SegmentKind
from customers.models import Segment
from customers.segments import queries
from customers.segments.actions import save
from customers.segments.queries.words import Line
from customers.segments.rules.parse import BadDefinition

SAMPLE = 10
READ = ("customers.view_segment", "customers.view_customer")


class SegmentViewSet(MembersMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Segment]):
    """Segments with their rules and size; see docs/segments.md for what can be sent."""

    queryset: QuerySet[Segment] = Segment.objects.order_by("-id")
    serializer_class = SegmentSerializer
    permission_classes = (WriteAsAction,)
    parser_classes = (PlainJson,)
    filterset_fields = ("kind", "name", "is_ready_made")
    lookup_value_regex = "[0-9]{1,9}"
    needs = {
        "preview": READ,
        "members": READ,
        "explain": READ,
        "changes": READ,
        "add_members": ("customers.change_segment", *READ),
        "remove_members": ("customers.change_segment", *READ),
    }

    def handle_exception(self, exc: Exception) -> Response:
        return Response(exc.body, status=exc.status) if isinstance(exc, Refused) else super().handle_exception(exc)

    def create(self, request: Request) -> Response:
        """A segment by its rules, or an empty list (`"kind": "static"`)."""
        asked = _read(SegmentInput(data=request.data))
        common: dict[str, Any] = {
            "name": asked["name"], "description": asked["description"], "user_id": request.user.pk, "at": now(),
        }  # fmt: skip
        is_list = asked["kind"] == SegmentKind.STATIC
        if is_list is ("definition" in asked):
            problem = _("A list has no rules.") if is_list else _("Say by which rules.")
            raise Refused(400, {"definition": [{"path": [], "message": problem}]})
        made = self._written(
            lambda: save.listed(**common) if is_list else save.rules(definition=asked["definition"], **common)
        )
        return Response(SegmentSerializer(made).data, status=status.HTTP_201_CREATED)

    def update(self, request: Request, pk: str) -> Response:
        """Everything about a segment; `version` is the one that was read."""
        return self._change(request, _read(SegmentInput(data=request.data)), is_whole=True)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Some of it; `version` goes with rules."""
        return self._change(request, _read(SegmentPatch(data=request.data)), is_whole=False)

    def _change(self, request: Request, asked: dict[str, Any], *, is_whole: bool) -> Response:
        segment = self.get_object()
        is_list = segment.kind == SegmentKind.STATIC
        if asked.get("version") is None and (is_whole or "definition" in asked):
            raise ValidationError({"version": [_("Send the version that you read.")]})
        if asked.get("version") not in (None, segment.version):
            raise Refused(409, {"detail": _("Somebody has changed the rules since."), "version": segment.version})
        if is_list is ("definition" in asked) and (is_list or is_whole):
            problem = _("A list has no rules.") if is_list else _("Say by which rules.")
            raise Refused(400, {"definition": [{"path": [], "message": problem}]})
        names: dict[str, Any] = {
            "name": asked.get("name", segment.name), "description": asked.get("description", segment.description),
            "user_id": request.user.pk, "at": now(),
        }  # fmt: skip

        def write() -> Any:
            if "definition" not in asked:
                return save.rename(segment, **names)
            return save.rules(
                segment_id=segment.pk, definition=asked["definition"], expected_version=asked["version"], **names
            )

        self._written(write)
        return Response(SegmentSerializer(Segment.objects.get(pk=segment.pk)).data)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete it; 409 with what builds on it while something does."""
        segment = self.get_object()
        try:
            save.delete(segment, user_id=request.user.pk, at=now())
        except save.SegmentInUse as error:
            raise Refused(409, {"detail": _("Something builds on this segment."), "uses": error.uses}) from error
        except ProtectedError as error:
            uses = sorted({str(item) for item in error.protected_objects})
            raise Refused(409, {"detail": _("Something builds on this segment."), "uses": uses}) from error
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _written(self, write: Any) -> Any:
        try:
            with transaction.atomic():
                return write()
        except BadDefinition as error:
            raise _bad(error) from error
        except save.SegmentChanged as error:
            raise Refused(409, {"detail": _("Somebody has changed the rules since."), "version": error.version}) from error
        except Segment.DoesNotExist as error:
            raise Refused(409, {"detail": _("The segment is not there any more.")}) from error
        except IntegrityError as error:
            raise ValidationError({"name": [_("Another segment has this name.")]}) from error

    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """How many customers rules would find at a moment, and the first ten of them."""
        asked = _read(PreviewInput(data=request.data))
        at = asked.get("at") or now()
        try:
            with sql.statement_timeout(LIMIT_SECONDS):
                count = queries.count(asked["definition"], at)
                found = queries.matching(asked["definition"], at).order_by("id")[:SAMPLE]
                sample = [{"id": pk, "external_id": external, "email": email}
                          for pk, external, email in found.values_list("id", "external_id", "email")]  # fmt: skip
        except BadDefinition as error:
            raise _bad(error) from error
        except sql.TookTooLong as error:
            raise TooSlow from error
        words = queries.describe(asked["definition"])
        return Response({"count": count, "sample": sample, "words": words, "at": at})

    @action(detail=True)
    def explain(self, request: Request, pk: str) -> Response:
        """Why a customer (`?customer=` id, or e-mail address) is in or not, rule by rule with the values."""
        segment, customer = self.get_object(), customer_of(request)
        is_member = segment.memberships.filter(customer=customer).exists()
        answer: dict[str, Any] = {"customer": customer.pk, "is_member": is_member, "rules": None}
        if segment.kind == SegmentKind.DYNAMIC:
            try:
                with sql.statement_timeout(LIMIT_SECONDS):
                    answer["rules"] = _line(queries.explain(segment.definition, customer.pk, now()))
            except BadDefinition as error:
                raise Refused(409, {"detail": str(error)}) from error
            except sql.TookTooLong as error:
                raise TooSlow from error
        return Response(answer)

    @action(detail=True)
    def changes(self, request: Request, pk: str) -> Response:
        """Who entered and left, newest first; `?since=` and `?until=` narrow it, `?customer=` asks about one."""
        rows = self.get_object().changes.order_by("-id")
        since, until = moment_of(request, "since"), moment_of(request, "until")
        rows = rows.filter(changed_at__gte=since) if since else rows
        rows = rows.filter(changed_at__lt=until) if until else rows
        rows = rows.filter(customer=customer_of(request)) if "customer" in request.query_params else rows
        page: list[Any] = self._page(rows)
        return self.get_paginated_response(
            [
                {"id": row.pk, "customer": row.customer_id, "entered": row.entered, "changed_at": row.changed_at,
                 "cause": row.cause, "version": row.version}
                for row in page
            ]
        )  # fmt: skip


def _read(asked: serializers.Serializer[Any]) -> dict[str, Any]:
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def _bad(error: BadDefinition) -> Refused:
    mistakes = [{"path": list(mistake.path), "message": mistake.message} for mistake in error.mistakes]
    return Refused(400, {"definition": mistakes})


def _line(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {"text": line.text, "is_true": line.is_true, "value": line.value}
    return found | ({"rules": [_line(rule) for rule in line.rules]} if line.rules else {})
