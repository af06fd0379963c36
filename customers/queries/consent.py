"""Who may be written to, and what they said."""

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet

from customers.enums import ConsentState
from customers.models import Consent, ConsentChange, Customer, Suppression, Topic
from customers.rules import addresses


def contactable(channel: str, topic: Topic | int) -> QuerySet[Customer]:
    """Customers with an address for the channel, granted consent for the topic, and no suppression of that address.

    Suppression is seen through the customers it is tied to (also another customer with the same address); the check by hash
    before each send, `suppressed_ids`, has the last word.
    """
    said_yes = Consent.objects.filter(customer=OuterRef("pk"), topic=topic, channel=channel, state=ConsentState.GRANTED)
    people = Customer.objects.filter(Exists(said_yes))
    column = addresses.FIELDS.get(channel)
    if column is None:
        blocked = Suppression.objects.filter(channel=channel, customer=OuterRef("pk"))
        return people.filter(~Exists(blocked))
    blocked = Suppression.objects.filter(**{"channel": channel, f"customer__{column}": OuterRef(column)})
    return people.filter(~Q(**{column: ""}), ~Exists(blocked))


def suppressed_ids(channel: str, address_by_id: Mapping[int, str]) -> set[int]:
    """Which of these customers (address by id) stand on the suppression list, by hash; one query."""
    hashes = {customer_id: addresses.fingerprint(channel, address) for customer_id, address in address_by_id.items()}
    listed = set(
        Suppression.objects.filter(channel=channel, address_hash__in=set(hashes.values())).values_list(
            "address_hash", flat=True
        )
    )
    return {customer_id for customer_id, fingerprint in hashes.items() if fingerprint in listed}


def of_customer(customer: Customer) -> list[Suppression]:
    """Entries of the suppression list that stop messages to this customer, found by the hash of each address."""
    wanted = Q()
    for channel, column in addresses.FIELDS.items():
        if address := getattr(customer, column):
            wanted |= Q(channel=channel, address_hash=addresses.fingerprint(channel, address))
    return list(Suppression.objects.filter(wanted).order_by("channel")) if wanted else []


def log(customer_id: int, limit: int = 100) -> list[ConsentChange]:
    """The proof, newest first."""
    return list(
        ConsentChange.objects.filter(customer_id=customer_id).select_related("topic").order_by("-changed_at", "-id")[:limit]
    )
