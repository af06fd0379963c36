"""Requests of data subjects, from the first click to the file or the erasure. The law gives a month; most take a minute.

By the customer: asked on their own page → a link to the address on file → confirmed by a button → carried out.
By staff: carried out at once (a copy), or after the waiting days (an erasure). Every step is due work in the database.
"""

import logging
import tempfile
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kit import sql, tokens
from config.kit.queue import enqueue
from customers.actions import audit
from customers.enums import DataRequestKind, DataRequestState, SuppressionReason
from customers.models import Customer, DataRequest, RetentionRule
from customers.ports import system_mail
from customers.privacy.actions import copy, erase

log = logging.getLogger(__name__)
CONFIRM_DAYS = 3
DOWNLOAD_HOURS = 24
# A block for mail does not take away the right to an answer; only an erased address has nobody behind it.
DESPITE = tuple(reason.value for reason in SuppressionReason if reason != SuppressionReason.ERASED)
OPEN = (DataRequestState.REQUESTED, DataRequestState.QUEUED, DataRequestState.RUNNING)
WAITING = {"erasure.by_customer": 7, "erasure.by_staff": 0}
STUCK = timedelta(hours=2)
AGAIN = timedelta(minutes=5)  # before a further link is mailed


class CannotRequest(Exception):
    """The request cannot be taken; the text says why."""


class NoSuchRequest(Exception):
    """No open request belongs to this link."""


def waiting_days(*, is_by_customer: bool) -> int:
    """Days between the request and the erasure, in which it can be called off."""
    key = "erasure.by_customer" if is_by_customer else "erasure.by_staff"
    stored = RetentionRule.objects.filter(pk=key).values_list("days", flat=True).first()
    return WAITING[key] if stored is None else stored


def due_on(day: date) -> date:
    """The last day to answer: the same day of the next month (GDPR Art. 12(3)), or its last day."""
    month, year = (day.month % 12) + 1, day.year + day.month // 12
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def ask(customer: Customer, kind: str, *, at: datetime) -> DataRequest:
    """The customer asks: a link goes to the address on file, nothing happens before it is followed and confirmed.

    Asking again before the link was used sends a new link and no second request. Raises `CannotRequest`.
    """
    if not customer.email:
        raise CannotRequest(_("There is no e-mail address on file to which a link could be sent."))
    token = tokens.random_token()
    with transaction.atomic():
        sql.for_update(Customer.objects.filter(pk=customer.pk)).first()
        open_ = DataRequest.objects.filter(customer=customer, kind=kind, state__in=OPEN)
        request = open_.filter(state=DataRequestState.REQUESTED).order_by("-pk").first()
        if request is None and open_.exists():
            raise CannotRequest(_("We are at work on this already."))
        if request and request.expires_at and request.expires_at > at + timedelta(days=CONFIRM_DAYS) - AGAIN:
            return request
        request = request or DataRequest(kind=kind, customer=customer, customer_number=customer.pk, requested_at=at)
        request.state, request.is_by_customer = DataRequestState.REQUESTED, True
        request.fingerprint, request.expires_at = tokens.fingerprint(token), at + timedelta(days=CONFIRM_DAYS)
        request.due_on = due_on(request.requested_at.date())
        request.save()
        _mail(request, customer, f"customers/privacy_{kind}", "customers:privacy-confirm", token, at=at)
    return request


def open_for(customer: Customer, kind: str, *, user_id: int | None, at: datetime) -> DataRequest:
    """Staff ask for a customer: no confirmation, carried out when its time has come. Raises `CannotRequest`."""
    with transaction.atomic():
        sql.for_update(Customer.objects.filter(pk=customer.pk)).first()
        if DataRequest.objects.filter(customer=customer, kind=kind, state__in=OPEN[1:]).exists():
            raise CannotRequest(_("We are at work on this already."))
        wait = timedelta(days=waiting_days(is_by_customer=False)) if kind == DataRequestKind.ERASURE else timedelta()
        request = DataRequest.objects.create(
            kind=kind, customer=customer, customer_number=customer.pk, state=DataRequestState.QUEUED,
            requested_by_id=user_id, requested_at=at, runs_at=at + wait, due_on=due_on(at.date()),
        )  # fmt: skip
        _note(request, "data_request.opened", user_id=user_id, at=at)
        enqueue("customers.answer_data_requests")
    return request


def find(token: str, *, states: tuple[DataRequestState, ...] = tuple(DataRequestState)) -> DataRequest:
    """The request that a link belongs to. Raises `NoSuchRequest`."""
    found = DataRequest.objects.filter(fingerprint=tokens.fingerprint(token), state__in=states).first()
    if found is None or found.customer_id is None:
        raise NoSuchRequest
    return found


def confirm(token: str, *, at: datetime) -> DataRequest:
    """The customer pressed the button behind the link. Raises `NoSuchRequest`."""
    with transaction.atomic():
        request = find(token, states=(DataRequestState.REQUESTED,))
        request = DataRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if request.state != DataRequestState.REQUESTED or request.expires_at is None or request.expires_at <= at:
            raise NoSuchRequest
        days = waiting_days(is_by_customer=True) if request.kind == DataRequestKind.ERASURE else 0
        request.state, request.runs_at, request.expires_at = DataRequestState.QUEUED, at + timedelta(days=days), None
        request.fingerprint = ""
        if days and request.customer:
            stop = tokens.random_token()
            request.fingerprint = tokens.fingerprint(stop)
            _mail(
                request, request.customer, "customers/privacy_planned", "customers:privacy-cancel", stop, at=at, days=days
            )
        request.save()
        _note(request, "data_request.confirmed", user_id=None, at=at)
        enqueue("customers.answer_data_requests")
    return request


def cancel(request_id: int, *, user_id: int | None, at: datetime) -> bool:
    """Call a request off that was not carried out yet; False when it is too late."""
    with transaction.atomic():
        waiting = DataRequest.objects.filter(pk=request_id, state__in=OPEN[:2])
        done = waiting.update(state=DataRequestState.CANCELLED, done_at=at, fingerprint="", runs_at=None)
        if done:
            _note(DataRequest.objects.get(pk=request_id), "data_request.cancelled", user_id=user_id, at=at)
    return bool(done)


def answer_due(*, at: datetime, limit: int = 20) -> int:
    """Carry out what is due; returns how many. One that fails says why and leaves the others alone."""
    lost = DataRequest.objects.filter(state=DataRequestState.RUNNING, started_at__lt=at - STUCK)
    lost.update(state=DataRequestState.QUEUED)
    lapsed = DataRequest.objects.filter(state=DataRequestState.REQUESTED, expires_at__lte=at)
    lapsed.update(state=DataRequestState.CANCELLED, done_at=at, fingerprint="")
    count = 0
    while count < limit and (request := _claim(at)):
        try:
            _carry_out(request, at)
        except Exception as error:  # the others must not wait for one that fails; staff see it on the list
            log.exception("data request %s failed", request.pk)
            DataRequest.objects.filter(pk=request.pk).update(
                state=DataRequestState.FAILED, error=type(error).__name__, done_at=None
            )
        count += 1
    return count


def _claim(at: datetime) -> DataRequest | None:
    with transaction.atomic():
        waiting = DataRequest.objects.filter(state=DataRequestState.QUEUED, runs_at__lte=at).order_by("runs_at", "pk")
        request = sql.for_update(waiting, skip_locked=True).first()
        if request:
            request.state, request.started_at = DataRequestState.RUNNING, at
            request.save(update_fields=["state", "started_at"])
    return request


def _carry_out(request: DataRequest, at: datetime) -> None:
    customer = Customer.objects.filter(pk=request.customer_id).first() if request.customer_id else None
    if customer is None:
        DataRequest.objects.filter(pk=request.pk).update(
            state=DataRequestState.CANCELLED, done_at=at, error=_("This customer is gone."), fingerprint=""
        )
    elif request.kind == DataRequestKind.ERASURE:
        with transaction.atomic():
            reason = "customer" if request.is_by_customer else "staff"
            DataRequest.objects.filter(pk=request.pk).update(state=DataRequestState.DONE, done_at=at, fingerprint="")
            erase.erase(customer.pk, reason=reason, user_id=request.requested_by_id, at=at)
    else:
        _copy(request, customer, at)


def _copy(request: DataRequest, customer: Customer, at: datetime) -> None:
    token = tokens.random_token()
    with tempfile.TemporaryFile() as file:
        copy.build(customer, file, at=at)
        file.seek(0)
        with transaction.atomic():
            request.file.save(f"copy-{request.pk}-{tokens.random_code(16)}.zip", File(file), save=False)
            request.state, request.done_at, request.error = DataRequestState.DONE, at, ""
            request.expires_at = at + timedelta(hours=DOWNLOAD_HOURS)
            request.fingerprint = tokens.fingerprint(token) if request.is_by_customer else ""
            request.save()
            if request.is_by_customer:
                _mail(request, customer, "customers/privacy_ready", "customers:privacy-download", token, at=at)
            _note(request, "data_request.answered", user_id=request.requested_by_id, at=at)


def try_again(request_id: int, *, user_id: int | None, at: datetime) -> bool:
    """Queue a failed request again; False when it did not fail."""
    failed = DataRequest.objects.filter(pk=request_id, state=DataRequestState.FAILED)
    done = failed.update(state=DataRequestState.QUEUED, runs_at=at, error="")
    if done:
        _note(DataRequest.objects.get(pk=request_id), "data_request.retried", user_id=user_id, at=at)
        enqueue("customers.answer_data_requests")
    return bool(done)


def forget_files(*, at: datetime) -> int:
    """Delete copies whose 24 hours are over; returns how many."""
    count = 0
    for request in DataRequest.objects.filter(expires_at__lte=at).exclude(file=""):
        request.file.delete(save=False)
        DataRequest.objects.filter(pk=request.pk).update(file="", fingerprint="")
        count += 1
    return count


def listed() -> list[DataRequest]:
    """Open requests first, the one that is due first on top; then the latest."""
    rows = DataRequest.objects.select_related("customer", "requested_by").order_by("-pk")
    waiting = Q(state__in=[*OPEN, DataRequestState.FAILED])
    return [*rows.filter(waiting).order_by(F("due_on").asc(nulls_last=True), "pk"), *rows.exclude(waiting)[:200]]


def _mail(
    request: DataRequest, customer: Customer, template: str, url_name: str, token: str, *, at: datetime, days: int = 0
) -> None:
    url = settings.BASE_URL + reverse(url_name, args=[token])
    system_mail.send(
        system_mail.SystemMail(
            template=template, address=customer.email, key=f"data-request:{request.pk}:{tokens.fingerprint(token)[:16]}",
            values={"url": url, "name": customer.first_name, "days": days or CONFIRM_DAYS, "hours": DOWNLOAD_HOURS},
            locale=customer.locale, despite=DESPITE,
        ),
        at=at,
    )  # fmt: skip


def _note(request: DataRequest, verb: str, *, user_id: int | None, at: datetime) -> None:
    detail = {"request": request.pk, "kind": str(request.kind), "customer": request.customer_number}
    audit.note(verb, subject=f"customer {request.customer_number}", user_id=user_id, at=at, detail=detail)
