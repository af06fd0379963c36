"""The member's own page, opened by a signed link. Opening it changes nothing.

The page sends no referrer, so browsers send `Origin: null` with its forms and a CSRF cookie could not be checked; the
address itself says who may act, and each form carries a signed stamp for one member and one reward, good for a day.
"""

import secrets

from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.kit import tokens
from config.kit.access import public
from config.kit.clock import now
from customers.models import Customer
from loyalty.actions import rewards
from loyalty.enums import RedemptionState
from loyalty.models import Account, Programme, Reward, Tier
from loyalty.queries import programme as programmes
from loyalty.queries import statement
from loyalty.queries.ports import PURPOSE

SALT = "loyalty.claim"
STAMP_SECONDS = 24 * 3600
PER_PAGE = 25


@public
@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Balance, tier, rewards, ways to earn, history, and why the balance is what it is."""
    customer, programme = _member(token)
    account = Account.objects.select_related("tier", "customer").filter(customer=customer).first() or Account()
    is_member = account.pk is not None
    page = Paginator(statement.history(account) if is_member else [], PER_PAGE).get_page(request.GET.get("page"))
    balance = statement.balance(account, at=now()) if is_member else None
    context = {
        "customer": customer,
        "programme": programme,
        "rule": programmes.rule(),
        "account": account,
        "is_member": is_member,
        "balance": balance,
        "progress": statement.progress(account, programme),
        "explanation": statement.explain(account) if is_member else [],
        "rewards": _offers(token, account, balance.active if balance else 0),
        "codes": account.redemptions.select_related("reward").order_by("-issued_at")[:20] if is_member else [],
        "issued": RedemptionState.ISSUED,
        "tiers": [(tier, statement.metric_words(tier.threshold, programme)) for tier in Tier.objects.order_by("threshold")],
        "page": page,
        "rows": [(entry, statement.words(entry, programme)) for entry in page],
        "home": reverse("loyalty:portal", args=[token]),
        "at": now(),
    }
    return render(request, "loyalty/portal.html", context)


def _member(token: str) -> tuple[Customer, Programme]:
    try:
        customer_id = tokens.read(PURPOSE, token)
    except tokens.BadToken as error:
        raise Http404 from error
    programme = Programme.objects.filter(pk=1, is_active=True).first()
    if programme is None:
        raise Http404
    return get_object_or_404(Customer, id=customer_id), programme


def _offers(token: str, account: Account, active: int) -> list[dict[str, object]]:
    threshold = account.tier.threshold if account.tier else -1
    offers: list[dict[str, object]] = [
        {
            "reward": reward,
            "url": reverse("loyalty:claim", args=[token, reward.pk]),
            "missing": max(reward.cost - active, 0),
            "is_locked": reward.min_tier is not None and reward.min_tier.threshold > threshold,
            "is_gone": reward.stock == 0,
        }
        for reward in Reward.objects.filter(is_active=True).select_related("min_tier")[:50]
    ]
    return sorted(offers, key=lambda offer: bool(offer["missing"] or offer["is_locked"] or offer["is_gone"]))


@csrf_exempt
@public
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, token: str, reward_id: int) -> HttpResponse:
    """Ask before points are spent; the button spends them and shows the code."""
    customer, programme = _member(token)
    reward = get_object_or_404(Reward.objects.select_related("min_tier"), id=reward_id, is_active=True)
    account = Account.objects.select_related("tier").filter(customer=customer).first()
    context = {
        "programme": programme, "reward": reward, "home": reverse("loyalty:portal", args=[token]), "refusal": "",
        "active": statement.balance(account, at=now()).active if account else 0,
    }  # fmt: skip
    if request.method == "POST":
        nonce = _read_stamp(request.POST.get("stamp", ""), customer.pk, reward.pk)
        if nonce:
            try:
                redemption = rewards.claim(customer.pk, reward_id=reward.pk, key=nonce, at=now())
            except rewards.RewardRefused as refusal:
                context["refusal"] = refusal.reason
            else:
                return render(request, "loyalty/portal_code.html", context | {"redemption": redemption})
    context["left"] = context["active"] - reward.cost  # type: ignore[operator]
    stamp = signing.dumps([customer.pk, reward.pk, secrets.token_urlsafe(12)], salt=SALT)
    return render(request, "loyalty/portal_claim.html", context | {"stamp": stamp})


def _read_stamp(stamp: str, customer_id: int, reward_id: int) -> str:
    try:
        whose, what, nonce = signing.loads(stamp, salt=SALT, max_age=STAMP_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(nonce) if (whose, what) == (customer_id, reward_id) else ""
