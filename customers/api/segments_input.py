"""What the API of segments takes: bodies, moments, customers; anything else is a 400 that says why."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO, Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from config.kit.access import number_in
from customers.enums import SegmentKind
from customers.models import Customer

BATCH = 10_000
LIMIT_SECONDS = 10
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class PlainJson(JSONParser):
    """JSON; nested deeper than Python can follow is a mistake of the sender and not ours."""

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(_("The JSON is nested too deep.")) from None


class TooSlow(APIException):
    """The rules ran into the time limit."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The rules took longer than 10 seconds. Narrow a time window, or save the segment: it is filled later."
    default_code = "too_slow"


class Refused(Exception):
    """An answer with a body of its own: `status` and JSON that says what is wrong."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(str(body))


class SegmentPatch(serializers.Serializer[Any]):
    """Name, description, rules, and the version that was read."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    definition = serializers.JSONField(required=False)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)


class SegmentInput(SegmentPatch):
    """All of a segment."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(choices=SegmentKind.choices, default=SegmentKind.DYNAMIC)


class PreviewInput(serializers.Serializer[Any]):
    """Rules, and the moment for which they are asked (now when it is absent)."""

    definition = serializers.JSONField()
    at = serializers.CharField(max_length=40, required=False)

    def validate_at(self, value: str) -> datetime:
        found = read_moment(value)
        if found is None:
            raise serializers.ValidationError(_("Write a moment like 2026-03-16T12:00:00Z."))
        return found


class MembersInput(serializers.Serializer[Any]):
    """Customers by number, external id or e-mail address, at most 10,000 together."""

    ids = serializers.ListField(child=serializers.IntegerField(min_value=1, max_value=2**53), default=list)
    external_ids = serializers.ListField(child=serializers.CharField(max_length=120), default=list)
    emails = serializers.ListField(child=serializers.CharField(max_length=254), default=list)
    quiet = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        count = sum(len(attrs[name]) for name in ("ids", "external_ids", "emails"))
        if not 0 < count <= BATCH:
            raise serializers.ValidationError(_("Name between 1 and 10,000 customers by ids, external_ids or emails."))
        return attrs


def read_moment(text: str) -> datetime | None:
    """A moment with an offset between 1970 and 2200; None for anything else. A blank stands for the + it was before."""
    try:
        found = parse_datetime(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    is_usable = found is not None and found.tzinfo is not None and 1970 < found.year < 2200 and FIRST <= found <= LAST
    return found if is_usable else None


def moment_of(request: Request, name: str) -> datetime | None:
    """The moment that a parameter of the address names; None when it is absent. Raises `ValidationError`."""
    text = request.query_params.get(name)
    if text is None:
        return None
    found = read_moment(text)
    if found is None:
        raise ValidationError({name: [_("Write a moment like 2026-03-16T12:00:00Z.")]})
    return found


def customer_of(request: Request) -> Customer:
    """The one customer whom `?customer=` names by number or e-mail address. Raises `ValidationError`."""
    text = request.query_params.get("customer", "").replace("\x00", "").strip()[:254]
    number = number_in(text)
    rows = Customer.objects.filter(email=text.lower()) if "@" in text else Customer.objects.filter(pk=number or 0)
    found = list(rows[:2])
    if len(found) != 1:
        problem = _("Several customers have this address; send a number.") if found else _("There is no such customer.")
        raise ValidationError({"customer": [problem]})
    return found[0]
