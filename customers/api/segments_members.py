"""Who is in a segment, now or then; people onto a list and off it, with a word on each who is not known."""

from typing import TYPE_CHECKING, Any

from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import sql
from config.kit.clock import now
from customers.api.segments_input import LIMIT_SECONDS, MembersInput, TooSlow, moment_of
from customers.enums import SegmentKind
from customers.models import Customer, Segment
from customers.segments import queries
from customers.segments.actions import lists

if TYPE_CHECKING:
    from rest_framework.viewsets import GenericViewSet

    Base = GenericViewSet[Segment]
else:
    Base = object


class MembersMixin(Base):
    """The members of a segment as an address below it."""

    @action(detail=True, methods=["get"])
    def members(self, request: Request, pk: str) -> Response:
        """Customers in the segment, newest first; `?at=` a past moment."""
        segment, at = self.get_object(), moment_of(request, "at")
        if at is None:
            rows = segment.memberships.select_related("customer").order_by("-id")
            page: list[Any] = [(row.customer, row.entered_at) for row in self._page(rows)]
        else:
            try:
                with sql.statement_timeout(LIMIT_SECONDS):
                    found = self._page(queries.members_at(segment.pk, at))
            except sql.TookTooLong as error:
                raise TooSlow from error
            page = [(customer, None) for customer in found]
        return self.get_paginated_response(
            [{"id": c.pk, "external_id": c.external_id, "email": c.email} | ({"entered_at": since} if since else {})
             for c, since in page]
        )  # fmt: skip

    @members.mapping.post
    def add_members(self, request: Request, pk: str) -> Response:
        """Put up to 10,000 customers on a list; `quiet` keeps them off the timeline."""
        named, ids, said = self._named(request)
        count = lists.add(self._list().pk, ids, at=now(), user_id=request.user.pk, is_silent=named["quiet"])
        return Response({"added": count, "already": len(ids) - count, **said})

    @members.mapping.delete
    def remove_members(self, request: Request, pk: str) -> Response:
        """Take up to 10,000 customers off a list."""
        named, ids, said = self._named(request)
        count = lists.remove(self._list().pk, ids, at=now(), user_id=request.user.pk, is_silent=named["quiet"])
        return Response({"removed": count, "not_on_it": len(ids) - count, **said})

    def _page(self, rows: Any) -> list[Any]:
        return list(self.paginate_queryset(rows) or [])

    def _list(self) -> Segment:
        segment = self.get_object()
        if segment.kind != SegmentKind.STATIC:
            raise ValidationError({"detail": ["Rules say who is in this segment; only lists can be changed like this."]})
        return segment

    def _named(self, request: Request) -> tuple[dict[str, Any], list[int], dict[str, Any]]:
        """What was sent, the customers meant, and what is to be said about the other entries."""
        self._list()
        asked = MembersInput(data=request.data)
        asked.is_valid(raise_exception=True)
        named = asked.validated_data
        ids = set(Customer.objects.filter(pk__among=named["ids"]).values_list("pk", flat=True))
        unknown = [{"id": pk} for pk in dict.fromkeys(named["ids"]) if pk not in ids]
        external = dict(Customer.objects.filter(external_id__in=named["external_ids"]).values_list("external_id", "pk"))
        unknown += [{"external_id": text} for text in dict.fromkeys(named["external_ids"]) if text not in external]
        addresses = list(dict.fromkeys(text.lower() for text in named["emails"]))
        owners: dict[str, list[int]] = {}
        for email, pk in Customer.objects.filter(email__in=addresses).order_by("id").values_list("email", "pk"):
            owners.setdefault(email, []).append(pk)
        unknown += [{"email": text} for text in addresses if text not in owners]
        shared = [{"email": email, "customers": pks} for email, pks in owners.items() if len(pks) > 1]
        ids |= set(external.values()) | {pks[0] for pks in owners.values() if len(pks) == 1}
        return named, sorted(ids), {"unknown": unknown, "shared": shared}
