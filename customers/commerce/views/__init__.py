"""Staff pages about orders, subscriptions, products, and how they are counted."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

TABS = (
    ("order-list", _("Orders"), "customers.view_order"),
    ("subscription-list", _("Subscriptions"), "customers.view_subscription"),
    ("product-list", _("Products"), "customers.view_product"),
)


def tabs(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """What joins the three lists."""
    return [
        {"label": label, "url": reverse(f"customers:{name}"), "is_current": name == current}
        for name, label, permission in TABS
        if request.user.has_perm(permission)
    ]
