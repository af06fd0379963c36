"""Asking to be written to, and proving that the address is one's own (double opt-in).

A request writes a row and a mail, whoever's address it is, and answers every address alike: a stranger learns nothing, and
a stranger's request changes nothing. Only the link in the mail, and there only the button, records consent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from config.kit import sql, tokens
from customers.actions import audit, consent, people
from customers.consents.rules.forms import KEPT_AFTER_LAPSE_DAYS, LAPSES_AFTER_DAYS, PER_ADDRESS_AND_DAY
from customers.enums import Channel, ConsentState, SuppressionReason
from customers.models import Consent, Customer, OptIn, SignupForm, Suppression, Topic
from customers.ports import system_mail
from customers.rules import addresses

TEMPLATE = "customers/opt_in"
# The person's own confirmed request outweighs these; a bounce or a complaint stays until staff have looked.
LIFTED = (SuppressionReason.MANUAL.value, SuppressionReason.ERASED.value)
STAFF_ASKS_AGAIN_AFTER = timedelta(days=30)


class NoSuchRequest(LookupError):
    """The token belongs to no request."""


class Lapsed(Exception):
    """The link is older than seven days."""


class CannotAsk(Exception):
    """Staff may not ask this customer now; the text says why."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where a person answered."""

    client_address: str = ""
    user_agent: str = ""


def request(
    form: SignupForm,
    *,
    email: str,
    topics: Sequence[Topic],
    first_name: str = "",
    last_name: str = "",
    locale: str = "",
    visitor: Visitor,
    at: datetime,
) -> OptIn | None:
    """Take a sign-up: a row, and a mail with the link that confirms it. None when the address was asked enough today.

    A form without confirmation takes it at once, unless the address is blocked or its owner has said no before: then the
    mail is sent all the same, because anybody can type anybody's address.
    """
    with transaction.atomic():
        opt_in, token = _noted(
            email, topics, wording_of(form, topics), locale, at, form=form, first_name=first_name, last_name=last_name,
            client_address=visitor.client_address, user_agent=visitor.user_agent,
        )  # fmt: skip
        if opt_in is None:
            return None
        if not form.is_double and _may_be_taken_at_once(opt_in):
            _complete(opt_in, visitor, at)
        else:
            _write(opt_in, token, despite=LIFTED)
    return opt_in


def ask(customer: Customer, *, topics: Sequence[Topic], user_id: int | None, at: datetime) -> OptIn:
    """Staff ask a customer who never answered whether they want to be written to. Raises `CannotAsk`."""
    if not customer.email:
        raise CannotAsk(_("There is no e-mail address."))
    if not topics:
        raise CannotAsk(_("Choose at least one topic."))
    hashed = addresses.fingerprint(Channel.EMAIL, customer.email)
    if Suppression.objects.filter(channel=Channel.EMAIL, address_hash=hashed).exists():
        raise CannotAsk(_("The address is blocked."))
    if Consent.objects.filter(customer=customer, topic__in=topics, channel=Channel.EMAIL).exists():
        raise CannotAsk(_("They have answered about this topic before; only they can change it."))
    recent = OptIn.objects.filter(address_hash=hashed, requested_at__gt=at - STAFF_ASKS_AGAIN_AFTER)
    if recent.filter(asked_by__isnull=False).exists():
        raise CannotAsk(_("They were asked less than 30 days ago."))
    with transaction.atomic():
        names = ", ".join(topic.name for topic in topics)
        wording = _("I want to get “%(topics)s” by e-mail. I can say no at any time.") % {"topics": names}
        opt_in, token = _noted(customer.email, topics, wording, customer.locale, at, customer=customer, asked_by_id=user_id)
        if opt_in is None:
            raise CannotAsk(_("This address was asked several times today."))
        _write(opt_in, token, despite=())
        audit.note(
            "consent.asked", subject=f"#{customer.pk}", user_id=user_id, at=at,
            detail={"customer": customer.pk, "topics": [topic.slug for topic in topics]},
        )  # fmt: skip
    return opt_in


def again(token: str, *, visitor: Visitor, at: datetime) -> OptIn | None:
    """A new mail for a lapsed request, asked for by whoever holds its link. Raises `NoSuchRequest`."""
    old = find(token)
    with transaction.atomic():
        opt_in, new = _noted(
            old.email, topics_of(old), old.wording, old.locale, at, form=old.form, first_name=old.first_name,
            last_name=old.last_name, customer=old.customer, client_address=visitor.client_address,
            user_agent=visitor.user_agent,
        )  # fmt: skip
        if opt_in is not None:
            _write(opt_in, new, despite=LIFTED if old.form_id else ())
    return opt_in


def find(token: str) -> OptIn:
    """The request of a link. Raises `NoSuchRequest`."""
    found = OptIn.objects.select_related("form", "customer").filter(fingerprint=tokens.fingerprint(token)).first()
    if found is None or not found.email:
        raise NoSuchRequest
    return found


def topics_of(opt_in: OptIn) -> list[Topic]:
    """The topics asked for that are still offered."""
    return list(Topic.objects.filter(pk__in=opt_in.topics, archived_at=None).order_by("position", "name"))


def wording_of(form: SignupForm, topics: Sequence[Topic]) -> str:
    """What a person agrees to on this form, with the topics they chose."""
    names = ", ".join(topic.name for topic in topics)
    return f"{form.wording}\n{names}" if names else form.wording


def confirm(token: str, *, visitor: Visitor, at: datetime) -> Customer:
    """Record the consent that a link proves; returns the customer, found by the address or created.

    Repeating it changes nothing, also at the same moment. Raises `NoSuchRequest` or `Lapsed`.
    """
    opt_in = find(token)
    with transaction.atomic():
        # All requests of one address wait for each other: two links pressed at once make one customer.
        list(sql.for_update(OptIn.objects.filter(address_hash=opt_in.address_hash).order_by("pk")).values_list("pk"))
        opt_in = find(token)
        if opt_in.confirmed_at is None and opt_in.expires_at <= at:
            raise Lapsed
        if opt_in.confirmed_at is None or opt_in.customer is None:
            return _complete(opt_in, visitor, at)
        return opt_in.customer


def _noted(
    email: str, topics: Sequence[Topic], wording: str, locale: str, at: datetime, **more: object
) -> tuple[OptIn | None, str]:
    hashed = addresses.fingerprint(Channel.EMAIL, email)
    if not sql.try_lock(f"opt-in:{hashed}"):
        return None, ""  # another request for this address is being taken at this moment
    if OptIn.objects.filter(address_hash=hashed, requested_at__gt=at - timedelta(days=1)).count() >= PER_ADDRESS_AND_DAY:
        return None, ""
    token = tokens.random_token()
    opt_in = OptIn.objects.create(
        fingerprint=tokens.fingerprint(token), email=addresses.normal(Channel.EMAIL, email), address_hash=hashed,
        topics=[topic.pk for topic in topics], wording=wording, locale=locale[:16], requested_at=at,
        expires_at=at + timedelta(days=LAPSES_AFTER_DAYS), **more,
    )  # fmt: skip
    return opt_in, token


def _write(opt_in: OptIn, token: str, *, despite: Sequence[str]) -> None:
    url = settings.BASE_URL + reverse("customers:opt-in-confirm", args=[token])
    values = {
        "url": url, "topics": [topic.name for topic in topics_of(opt_in)], "days": LAPSES_AFTER_DAYS,
        "name": opt_in.customer.first_name if opt_in.asked_by_id and opt_in.customer else "",
        "is_asked": opt_in.asked_by_id is not None,
    }  # fmt: skip
    system_mail.send(
        system_mail.SystemMail(
            template=TEMPLATE, address=opt_in.email, key=f"opt-in:{opt_in.pk}", values=values, locale=opt_in.locale,
            despite=tuple(despite),
        ),
        at=opt_in.requested_at,
    )  # fmt: skip


def _may_be_taken_at_once(opt_in: OptIn) -> bool:
    if Suppression.objects.filter(channel=Channel.EMAIL, address_hash=opt_in.address_hash).exists():
        return False
    said_no = Consent.objects.filter(customer__email=opt_in.email, channel=Channel.EMAIL, state=ConsentState.DENIED)
    return not said_no.exists()


def _complete(opt_in: OptIn, visitor: Visitor, at: datetime) -> Customer:
    is_double = opt_in.form is None or opt_in.form.is_double or opt_in.requested_at != at
    lifted = consent.lift(channel=Channel.EMAIL, address=opt_in.email, reasons=LIFTED) if is_double else []
    if lifted:
        audit.note(
            "suppression.lifted", subject=_("E-mail address of a confirmed sign-up"), user_id=None, at=at,
            detail={"opt_in": opt_in.pk, "reasons": lifted},
        )  # fmt: skip
    customer = _still(opt_in) or _customer(opt_in, at)
    proof = consent.Proof(
        client_address=visitor.client_address, user_agent=visitor.user_agent,
        requested_at=opt_in.requested_at if is_double else None,
        requested_from=opt_in.client_address if is_double else "",
    )  # fmt: skip
    for topic in topics_of(opt_in):
        consent.set_consent(
            [customer.pk], topic=topic, channel=Channel.EMAIL, state=ConsentState.GRANTED,
            source=_source(opt_in, is_double), wording=opt_in.wording, at=at, proof=proof, confirms=True,
        )  # fmt: skip
    OptIn.objects.filter(pk=opt_in.pk).update(confirmed_at=at, customer=customer)
    return customer


def _source(opt_in: OptIn, is_double: bool) -> str:
    kind = "double opt-in" if is_double else "sign-up"
    return f"{kind}: {opt_in.form.name}" if opt_in.form else f"{kind}: asked by staff"


def _still(opt_in: OptIn) -> Customer | None:
    """The customer who was asked, while the address is theirs: a yes from one mailbox says nothing about another."""
    customer = opt_in.customer
    return customer if customer and addresses.normal(Channel.EMAIL, customer.email) == opt_in.email else None


def _customer(opt_in: OptIn, at: datetime) -> Customer:
    """The customer of the address. A name typed into the form fills an empty one, it overrules none."""
    known = Customer.objects.filter(email=opt_in.email).order_by("pk").first()
    names = {"first_name": opt_in.first_name, "last_name": opt_in.last_name}
    if known is None:
        values = names | {"email": opt_in.email, "locale": opt_in.locale, "acquisition_channel": "sign-up"}
        return people.create(values, source="sign-up", at=at)
    if not known.name and any(names.values()):
        people.change(known.pk, names, source="sign-up", at=at)
    return known


def forget_old(*, at: datetime) -> int:
    """Delete requests that were never confirmed, 30 days after their link lapsed; returns how many."""
    end = at - timedelta(days=KEPT_AFTER_LAPSE_DAYS)
    return OptIn.objects.filter(confirmed_at=None, expires_at__lt=end).delete()[0]
