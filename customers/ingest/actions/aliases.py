"""`alias`: two ids are one person."""

from datetime import datetime

from customers.actions import profiles
from customers.actions.profiles import Profile
from customers.enums import IdentityKind
from customers.ingest.actions import strangers
from customers.models import Customer, Identity
from customers.privacy.actions import merge

ANONYMOUS, EXTERNAL = IdentityKind.ANONYMOUS.value, IdentityKind.EXTERNAL.value
NO_MERGE = "With a browser key, alias links an anonymous id only: previousId is the id of a customer."


class CannotAlias(Exception):
    """These ids cannot be joined; `is_final`: trying again does not help."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.is_final = reason, is_final


def take(previous_id: str, user_id: str, *, may_merge: bool, source: str, at: datetime) -> None:
    """Make `previous_id` lead to the customer of `user_id`. Raises `CannotAlias`.

    Two known customers are merged: the one of `previous_id` goes into the one of `user_id`. Where only the first is known,
    the new id leads to it too. Where `previous_id` is no customer's id, it is linked as an anonymous id. Without
    `may_merge` (a browser, which proves one id only) nothing but the last is done.
    """
    if previous_id == user_id:
        return
    before, after = _customer(previous_id), _customer(user_id)
    if before is None:
        linking = Profile(user_id, "", ((ANONYMOUS, previous_id),), is_guarded=not may_merge)
        ids = profiles.upsert_many([linking], source=source, at=at)
        strangers.move({previous_id: ids[0]}, at=at)
    elif not may_merge:
        raise CannotAlias(NO_MERGE, is_final=True)
    elif after is None:
        Identity.objects.update_or_create(kind=EXTERNAL, value=user_id, defaults={"customer_id": before, "linked_at": at})
    elif before != after:
        try:
            merge.merge(before, after, source="alias", user_id=None, at=at)
        except merge.CannotMerge as problem:
            raise CannotAlias(f"The two customers cannot be merged: {problem.reason}") from problem


def _customer(external_id: str) -> int | None:
    found = Customer.objects.filter(external_id=external_id).values_list("id", flat=True).first()
    return found or profiles.identities([(EXTERNAL, external_id)]).get((EXTERNAL, external_id))
