"""Two customers that are one person become one customer, and how that is undone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import sql
from config.kit.queue import enqueue
from customers import events
from customers.actions import audit
from customers.actions.timeline import NewEvent, event_key, record
from customers.enums import DataRequestKind, DataRequestState, IdentityKind
from customers.models import Customer, CustomerMerge, DataRequest, Identity, SegmentTouch
from customers.ports import personal_data
from customers.ports.personal_data import PersonalData, Table
from customers.privacy.actions import journal
from customers.privacy.rules import profiles

UNDO_DAYS = 30
PROFILE = Table(Customer, ("pk",))
IDENTITIES = Table(Identity)
SOURCE = "privacy"


class CannotMerge(Exception):
    """These two cannot become one; `reason` says why, `into_id` where the first one went if it was merged before."""

    def __init__(self, reason: str, *, into_id: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.into_id = into_id


class CannotUndo(Exception):
    """This merge cannot be undone (any more); `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def merge(
    from_id: int, into_id: int, *, source: str, user_id: int | None, at: datetime, chosen: Iterable[str] = ()
) -> CustomerMerge:
    """Move everything of one customer to another; the first is gone afterwards, its ids lead to the second.

    The target's profile values stay where they are filled, except those named in `chosen`. `source` says who asked
    ("staff", "alias", …). Runs in the caller's transaction. Raises `CannotMerge`.
    """
    if from_id == into_id:
        raise CannotMerge(_("These are the same customer."))
    with transaction.atomic():
        old, new = _locked(from_id, into_id)
        _no_erasure(from_id, into_id)
        look = _look(from_id, into_id)
        own = {policy.key: policy.remember(from_id, into_id, at) for policy in personal_data.all() if policy.remember}
        for policy in personal_data.merging():
            policy.merge(from_id, into_id, at)
        _join_profiles(old, new, chosen=chosen, at=at)
        touched = SegmentTouch.objects.filter(customer_id=from_id)
        touched.update(customer_id=into_id)
        # Without Django's cascade: had a policy left a row behind, the database refuses and nothing is lost.
        Customer.objects.filter(pk=from_id)._raw_delete(Customer.objects.db)
        kept = {key: look_at.difference() for key, look_at in look.items()}
        done = CustomerMerge.objects.create(
            from_number=from_id, from_label=str(old)[:300], into_id=into_id, merged_at=at, merged_by_id=user_id,
            source=source[:40], kept={"tables": kept, "own": own},
        )  # fmt: skip
        _tell(events.CUSTOMER_MERGED, done, at=at)
        _note("customer.merged", done, user_id=user_id, at=at)
    return done


def _locked(from_id: int, into_id: int) -> tuple[Customer, Customer]:
    """Both rows, locked in the order of their ids: of two merges that cross, the second waits and finds nobody."""
    pair = sorted((from_id, into_id))
    rows = {row.pk: row for row in Customer.objects.select_for_update(of=("self",)).filter(pk__in=pair).order_by("pk")}
    if from_id not in rows:
        before = CustomerMerge.objects.filter(from_number=from_id, undone_at=None).order_by("-id").first()
        if before:
            number = before.into_id
            raise CannotMerge(
                _("Customer %(old)s was merged into customer %(new)s before.") % {"old": from_id, "new": number},
                into_id=number,
            )
        raise CannotMerge(_("There is no customer %(number)s.") % {"number": from_id})
    if into_id not in rows:
        raise CannotMerge(_("There is no customer %(number)s.") % {"number": into_id})
    return rows[from_id], rows[into_id]


def _no_erasure(*pair: int) -> None:
    """A planned erasure is about the person who asked: a merge would carry it over to everything of the other."""
    kind, waits = DataRequestKind.ERASURE, (DataRequestState.QUEUED, DataRequestState.RUNNING)
    open_ = DataRequest.objects.filter(customer_id__in=pair, kind=kind, state__in=(DataRequestState.REQUESTED, *waits))
    if any(state in waits for state in sql.for_update(open_.order_by("pk")).values_list("state", flat=True)):
        raise CannotMerge(
            _("An erasure is planned for one of these customers. Call it off first, or wait until it was carried out.")
        )


def _tables(policy: PersonalData) -> list[Table]:
    return [*policy.tables, PROFILE, IDENTITIES] if policy.key == personal_data.FIRST_FLOOR else list(policy.tables)


def _look(from_id: int, into_id: int) -> dict[str, journal.Journal]:
    return {p.key: journal.Journal(_tables(p), from_id, into_id) for p in personal_data.all() if _tables(p)}


def _join_profiles(old: Customer, new: Customer, *, chosen: Iterable[str], at: datetime) -> None:
    names = (*profiles.FIELDS, "attributes")
    values = profiles.joined(
        {name: getattr(old, name) for name in names}, {name: getattr(new, name) for name in names}, chosen=chosen
    )
    leads = [(old.external_id, new.pk), (new.external_id, new.pk)]
    Customer.objects.filter(pk=old.pk).update(external_id=None)
    Customer.objects.filter(pk=new.pk).update(
        **values, created_at=min(old.created_at, new.created_at), updated_at=max(at, new.updated_at)
    )
    Identity.objects.filter(customer_id=old.pk).update(customer_id=new.pk)
    for value, customer_id in leads:
        if value and (value == old.external_id or value != values["external_id"]):
            Identity.objects.update_or_create(
                kind=IdentityKind.EXTERNAL, value=value, defaults={"customer_id": customer_id, "linked_at": at}
            )


def _tell(name: str, done: CustomerMerge, *, at: datetime) -> None:
    key = event_key("customers", name, done.pk)
    record(NewEvent(done.into_id, name, at, key, SOURCE, {"number": done.from_number, "source": done.source}), at=at)
    enqueue("customers.refresh_touched_segments")


def _note(verb: str, done: CustomerMerge, *, user_id: int | None, at: datetime) -> None:
    subject = f"customer {done.from_number} into customer {done.into_id}"
    detail: dict[str, Any] = {"merge": done.pk, "from": done.from_number, "into": done.into_id, "source": done.source}
    audit.note(verb, subject=subject, user_id=user_id, at=at, detail=detail)


def why_not_undo(done: CustomerMerge, *, at: datetime) -> str:
    """Why a merge cannot be undone, in words; empty when it can."""
    if done.undone_at:
        return _("This merge was undone already.")
    if at >= done.merged_at + timedelta(days=UNDO_DAYS) or not done.kept:
        return _("A merge can be undone for %(days)s days.") % {"days": UNDO_DAYS}
    later = CustomerMerge.objects.filter(into_id=done.into_id, undone_at=None, id__gt=done.pk).order_by("-id").first()
    if later:
        return _("Customer %(number)s was merged into the same customer later: undo that first.") % {
            "number": later.from_number
        }
    return ""


def undo(merge_id: int, *, user_id: int | None, at: datetime) -> CustomerMerge:
    """Make two customers of one again, as they were; what happened since stays with the target. Raises `CannotUndo`."""
    with transaction.atomic():
        done = CustomerMerge.objects.select_for_update(of=("self",)).get(pk=merge_id)
        Customer.objects.select_for_update(of=("self",)).get(pk=done.into_id)
        if reason := why_not_undo(done, at=at):
            raise CannotUndo(reason)
        if Customer.objects.filter(pk=done.from_number).exists():
            raise CannotUndo(_("Customer %(number)s exists again.") % {"number": done.from_number})
        pair = {"from_id": done.from_number, "into_id": done.into_id}
        for policy in reversed(list(personal_data.merging())):
            if policy.key in done.kept["tables"]:
                journal.put_back(done.kept["tables"][policy.key], _tables(policy), **pair)
            if policy.key == personal_data.FIRST_FLOOR and not Customer.objects.filter(pk=done.from_number).exists():
                raise CannotUndo(_("The external id of the merged customer belongs to somebody else now."))
            if policy.unmerge:
                policy.unmerge(done.kept["own"].get(policy.key) or {}, done.from_number, done.into_id, at)
        done.undone_at, done.undone_by_id, done.kept = at, user_id, {}
        done.save(update_fields=["undone_at", "undone_by", "kept"])
        _tell(events.CUSTOMER_UNMERGED, done, at=at)
        _note("customer.unmerged", done, user_id=user_id, at=at)
    return done


def forget(*, before: datetime) -> int:
    """Drop what was kept for an undo that is no longer possible; returns how many merges."""
    old = CustomerMerge.objects.filter(merged_at__lt=before).exclude(kept={}, from_label="")
    return old.update(kept={}, from_label="")
