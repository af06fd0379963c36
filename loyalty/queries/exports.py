"""Points as lists that can be taken out."""

from collections.abc import Iterator

from customers.exports.queries.keyset import plain, within
from customers.ports.exports import Criteria, Export, Row, register
from loyalty.models import Account, Entry

WHO = ("customer__external_id", "customer__email")
VIEW = ("customers.view_customer", "loyalty.view_account")


def balances(criteria: Criteria) -> Iterator[Row]:
    """One row per member. Not offered for import here: the balance would be given a second time."""
    fields = (*WHO, "active", "pending", "deficit", "earned", "spent", "expired", "tier__name", "joined_at")
    header = ("customer_id", "email", "points", "pending", "owed", "earned", "spent", "expired", "tier", "joined_at")
    return plain(Account.objects.filter(customer__isnull=False), fields, header)


def ledger(criteria: Criteria) -> Iterator[Row]:
    """Every booking of members who are still here."""
    rows = within(Entry.objects.filter(account__customer__isnull=False), "occurred_at", criteria)
    fields = ("account__customer__external_id", "account__customer__email", "occurred_at", "kind", "points", "expires_at",
              "note")  # fmt: skip
    return plain(rows, fields, ("customer_id", "email", "occurred_at", "kind", "points", "expires_at", "reason"))


def register_all() -> None:
    register(Export("loyalty_balances", "Points balances", "What each member has, and their tier.", "award", balances, VIEW,
                    70))  # fmt: skip
    register(Export("loyalty_ledger", "Points ledger", "Every booking of points.", "receipt", ledger, VIEW, 71,
                    dated="By the day of the booking."))  # fmt: skip
