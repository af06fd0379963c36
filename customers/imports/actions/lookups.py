"""Ids by the names that files use."""

from collections.abc import Iterable

from customers.actions.profiles import identities
from customers.enums import IdentityKind
from customers.imports.rules.records import Who
from customers.imports.rules.taking import BadCell
from customers.models import Customer

UNKNOWN_ID = "is not the external id of a customer here. Import the customers first."
UNKNOWN_EMAIL = "is not the e-mail of a customer here. Import the customers first."
SEVERAL = "is the e-mail of several customers here. Name the customer by the external id."


class People:
    """The customers that rows name, by external id (a former one too) or e-mail."""

    def __init__(self, named: Iterable[Who]) -> None:
        wanted = list(named)
        self.by_id = _by_external_id({who.customer_id for who in wanted if who.customer_id})
        self.by_email = _by_email({who.email for who in wanted if who.email})

    def get(self, who: Who) -> int:
        """The id of a customer. Raises `BadCell` when nobody, or more than one, is meant."""
        if who.customer_id:
            found = self.by_id.get(who.customer_id)
            if found is None:
                raise BadCell("customer_id", UNKNOWN_ID)
            return found
        owners = self.by_email.get(who.email, [])
        if len(owners) != 1:
            raise BadCell("email", SEVERAL if owners else UNKNOWN_EMAIL)
        return owners[0]


def _by_external_id(names: set[str]) -> dict[str, int]:
    rows = Customer.objects.filter(external_id__among=sorted(names)) if names else Customer.objects.none()
    found = {str(name): key for name, key in rows.values_list("external_id", "id")}
    missing = [(IdentityKind.EXTERNAL.value, name) for name in names if name not in found]
    return found | {name: key for (_, name), key in identities(missing).items()}


def _by_email(addresses: set[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    if addresses:
        rows = Customer.objects.filter(email__among=sorted(addresses)).order_by("id")
        for email, key in rows.values_list("email", "id"):
            found.setdefault(email, []).append(key)
    return found
