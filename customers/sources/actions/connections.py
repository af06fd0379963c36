"""Connections: added, changed, paused, deleted; and what staff do with single webhooks."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from config.kit import vault
from config.kit.queue import enqueue
from customers.enums import DeliveryState
from customers.models import Connection, Delivery
from customers.sources.rules.signatures import SIGNING, TOKEN

TROUBLED = (DeliveryState.FAILED, DeliveryState.HELD)


def add(*, kind: str, name: str, account: str, signing_secret: str, api_token: str, at: datetime) -> Connection:
    """A new connection with an address nobody can guess; secrets are encrypted before they are stored."""
    return Connection.objects.create(
        kind=kind, name=name, account=account, code=secrets.token_urlsafe(16)[:22], created_at=at,
        signing_secret=vault.encrypt(SIGNING, signing_secret), api_token=vault.encrypt(TOKEN, api_token),
    )  # fmt: skip


def change(
    connection: Connection, *, name: str, account: str, signing_secret: str, api_token: str, forget_token: bool
) -> list[str]:
    """Change a connection; an empty secret leaves the stored one. Returns the names of what changed, never a value."""
    changed = [field for field, value in (("name", name), ("account", account)) if getattr(connection, field) != value]
    connection.name, connection.account = name, account
    if signing_secret:
        connection.signing_secret = vault.encrypt(SIGNING, signing_secret)
        changed.append("signing_secret")
    if api_token or forget_token:
        connection.api_token = vault.encrypt(TOKEN, api_token)
        connection.problem = ""
        changed.append("api_token")
    connection.save(update_fields=["name", "account", "signing_secret", "api_token", "problem"])
    return changed


def signing_secret(connection: Connection) -> str:
    """The secret that webhooks are signed with. Raises `vault.Unreadable`."""
    return vault.decrypt(SIGNING, connection.signing_secret)


def api_token(connection: Connection) -> str:
    """The token of the nightly check, empty when there is none. Raises `vault.Unreadable`."""
    return vault.decrypt(TOKEN, connection.api_token)


def set_active(connection: Connection, *, is_active: bool) -> bool:
    """Pause or resume taking in; webhooks are stored meanwhile. False when it was so already."""
    changed = Connection.objects.filter(pk=connection.pk, is_active=not is_active).update(is_active=is_active)
    if changed and is_active:
        enqueue("customers.take_in_deliveries")
    return bool(changed)


def delete(connection: Connection) -> None:
    """Delete a connection and its log. Customers, orders and subscriptions that came through it stay."""
    with transaction.atomic():
        Delivery.objects.filter(connection=connection).delete()
        connection.source_objects.all().delete()
        connection.delete()


def replay(connection: Connection, *, at: datetime, ids: Sequence[int] | None = None) -> int:
    """Take in again: these webhooks, or all that failed or are held. Taking in twice changes nothing twice."""
    rows = Delivery.objects.filter(connection=connection)
    rows = rows.filter(state__in=TROUBLED) if ids is None else rows.filter(pk__in=ids)
    count = rows.update(state=DeliveryState.PENDING, attempts=0, due_at=at)
    if count:
        enqueue("customers.take_in_deliveries")
    return count


def set_aside(connection: Connection, *, delivery_id: int, by: str, at: datetime) -> bool:
    """Staff decide that nothing is to be done about one that failed or is held; False when it is neither."""
    rows = Delivery.objects.filter(connection=connection, pk=delivery_id, state__in=TROUBLED)
    return bool(rows.update(state=DeliveryState.IGNORED, reason=f"Set aside by {by}."[:300], due_at=None, done_at=at))
