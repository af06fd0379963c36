"""Staff sign-in by allauth: nobody signs up from outside."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAdapter(DefaultAccountAdapter):
    """Accounts are made by an admin; the sign-up page stays closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
