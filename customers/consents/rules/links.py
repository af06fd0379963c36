"""The address of a customer's own preference page, which the floor above serves."""

from django.conf import settings
from django.urls import reverse

from config.kit import tokens

PREFERENCES = "preferences"


def preferences_token(customer_id: int) -> str:
    """The token that opens the preference page of one customer, and nothing else; it never lapses."""
    return tokens.sign(PREFERENCES, customer_id)


def preferences_url(customer_id: int) -> str:
    """The whole address of the page, to be copied into a letter or a chat."""
    return settings.BASE_URL + reverse("campaigns:my-preferences", args=[preferences_token(customer_id)])
