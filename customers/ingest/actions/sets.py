"""What a set of messages does: who each belongs to, profiles, identities, events, orders. In the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from config.kit import sql
from customers.actions import profiles
from customers.actions.profiles import Profile
from customers.actions.timeline import NewEvent, event_key, record_many
from customers.enums import IdentityKind
from customers.ingest import events
from customers.ingest.actions import aliases, money, strangers
from customers.ingest.actions.aliases import CannotAlias
from customers.ingest.rules import commerce, traits
from customers.models import AnonymousEvent, Customer, Event, IngestProblem, SpentKey

SOURCE = "ingest"
ANONYMOUS = IdentityKind.ANONYMOUS.value
TELLING = frozenset({"identify", "group"})
VIEWS = {"page": events.PAGE_VIEWED, "screen": events.SCREEN_VIEWED}
NOBODY = "Nobody is known under this anonymous id yet. Send userId, or an e-mail with a server key."


@dataclass(slots=True)
class Message:
    """One checked message with the key it came by."""

    data: dict[str, Any]
    key_id: int
    is_server: bool
    received_at: datetime
    key: UUID = field(init=False)
    occurred_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        # Server keys share one space of message ids, so that a key can be replaced between two tries; what a browser
        # sends lies in another one, so that a stranger cannot use up the ids of the company's servers.
        self.key = event_key("ingest", "server" if self.is_server else "browser", self.data["messageId"])
        self.occurred_at = datetime.fromisoformat(self.data["timestamp"])


def take(messages: Sequence[Message], *, at: datetime) -> list[IngestProblem]:
    """Take messages in, in their order; returns what is to be noted or held. Messages that were taken before do nothing."""
    problems: list[IngestProblem] = []
    start = 0
    for position, message in enumerate(messages):
        if message.data["type"] == "alias":
            problems += _Set(messages[start:position], at).take()
            problems += _alias(message, at)
            start = position + 1
    return problems + _Set(messages[start:], at).take()


def held(message: Message, reason: str) -> IngestProblem:
    """A message that is kept to be taken in again."""
    return _problem(message, "", reason, is_held=True, body=orjson.dumps(message.data).decode())


def _problem(message: Message, field: str, reason: str, *, is_held: bool = False, body: str = "") -> IngestProblem:
    return IngestProblem(
        write_key_id=message.key_id, type=message.data["type"], message_id=message.data["messageId"], field=field[:120],
        reason=reason.replace("\x00", "")[:300], body=body, is_held=is_held, received_at=message.received_at,
    )  # fmt: skip


def _alias(message: Message, at: datetime) -> list[IngestProblem]:
    if known_keys(SpentKey, [message.key]):
        return []
    data = message.data
    try:
        aliases.take(data["previousId"], data["userId"], may_merge=message.is_server, source=SOURCE, at=at)
    except CannotAlias as problem:
        if not problem.is_final:
            return [held(message, problem.reason)]
        return [_problem(message, "previousId", problem.reason, body=_text(message))]
    SpentKey.objects.bulk_create([SpentKey(key=message.key)], ignore_conflicts=True)
    return []


class _Set:
    """Messages without an alias among them.

    A walk in order finds whose each message is, while identities change on the way; then everything is written in sets. A
    reference to a customer is its id, or -(n + 1) for the n-th profile of this set, whose customer is not known yet.
    """

    def __init__(self, messages: Sequence[Message], at: datetime) -> None:
        self.messages, self.at = messages, at
        self.problems: list[IngestProblem] = []
        self.profiles: list[Profile] = []
        self.spending: list[UUID] = []
        self.users: dict[str, int] = {}
        self.links: dict[str, int] = {}
        self.claims: dict[str, int] = {}
        self.events: list[tuple[int, Message]] = []
        self.money: list[tuple[int, Message]] = []
        self.strangers: dict[str, list[Message]] = {}

    def take(self) -> list[IngestProblem]:
        if not self.messages:
            return []
        spent = known_keys(SpentKey, [message.key for message in self.messages])
        self._look_up()
        for message in self.messages:
            if message.key not in spent:
                self._walk(message, spent)
        ids = profiles.upsert_many(self.profiles, source=SOURCE, at=self.at) if self.profiles else []
        customers = {-(position + 1): customer_id for position, customer_id in enumerate(ids)}
        if self.claims:
            strangers.move({anonymous_id: customers[who] for anonymous_id, who in self.claims.items()}, at=self.at)
        self._record(customers)
        self._keep_strangers()
        self._take_money(customers)
        SpentKey.objects.bulk_create([SpentKey(key=key) for key in self.spending], ignore_conflicts=True)
        return self.problems

    def _look_up(self) -> None:
        user_ids = {message.data["userId"] for message in self.messages if "userId" in message.data}
        anonymous = {
            message.data["anonymousId"]
            for message in self.messages
            if "anonymousId" in message.data and ("userId" not in message.data or message.data["type"] == "identify")
        }
        if user_ids:
            rows = Customer.objects.filter(external_id__among=sorted(user_ids)).values_list("external_id", "id")
            self.users = {str(external_id): customer_id for external_id, customer_id in rows}
        missing = user_ids - self.users.keys()
        former = IdentityKind.EXTERNAL.value
        pairs = [*((former, value) for value in missing), *((ANONYMOUS, value) for value in anonymous)]
        for (kind, value), customer_id in profiles.identities(pairs).items() if pairs else ():
            (self.users if kind == former else self.links)[value] = customer_id

    def _walk(self, message: Message, spent: set[UUID]) -> None:
        data = message.data
        kind = data["type"]
        if kind in TELLING:
            spent.add(message.key)
            self.spending.append(message.key)
            self._tell(message, kind)
            return
        who = self._who(data)
        if message.is_server and kind == "track" and data["event"] in commerce.NAMES:
            if who:
                self.money.append((who, message))
            else:
                self.problems.append(held(message, "Nobody is known under this anonymous id yet."))
        elif who:
            self.events.append((who, message))
        else:
            self.strangers.setdefault(data["anonymousId"], []).append(message)

    def _who(self, data: dict[str, Any]) -> int:
        user_id = data.get("userId")
        if user_id is None:
            return self.links.get(data["anonymousId"], 0)
        who = self.users.get(user_id)
        if who is None:
            who = self.users[user_id] = self._add(Profile(user_id))
        return who

    def _add(self, profile: Profile) -> int:
        self.profiles.append(profile)
        return -len(self.profiles)

    def _tell(self, message: Message, kind: str) -> None:
        data = message.data
        user_id, anonymous_id = data.get("userId", ""), data.get("anonymousId", "")
        taken = traits.of_person(data["traits"]) if kind == "identify" else traits.of_group(data["groupId"], data["traits"])
        for name, reason in taken.left_out:
            self.problems.append(_problem(message, f"traits.{name}", f"The trait {reason}. It was left out."))
        is_named = bool(user_id or taken.email)
        if not is_named and anonymous_id not in self.links:
            self.problems.append(_problem(message, "anonymousId", NOBODY, body=_text(message)))
            return
        leads = anonymous_id and (kind == "identify" or not is_named)
        identities = ((ANONYMOUS, anonymous_id),) if leads else ()
        if taken.email and not message.is_server:
            # A browser proves its user id, not the address: it fills the field and finds nobody else's profile.
            taken.values["email"], taken.email = taken.email, ""
        is_guarded = bool(user_id) and not message.is_server
        who = self._add(
            Profile(user_id, taken.email, identities, taken.values, taken.attributes, taken.created_at, is_guarded)
        )
        if user_id:
            self.users[user_id] = who
        if leads:
            if anonymous_id not in self.links:
                self.claims[anonymous_id] = who
                self.events += [(who, earlier) for earlier in self.strangers.pop(anonymous_id, ())]
            self.links[anonymous_id] = who

    def _record(self, customers: dict[int, int]) -> None:
        elsewhere = known_keys(AnonymousEvent, [message.key for _, message in self.events])
        new = [
            NewEvent(
                customers.get(who, who), _name(message.data), message.occurred_at, message.key, SOURCE,
                message.data.get("properties") or {},
            )
            for who, message in self.events
            if message.key not in elsewhere
        ]  # fmt: skip
        record_many(new, at=self.at)

    def _take_money(self, customers: dict[int, int]) -> None:
        if not self.money:
            return
        found = [(customers.get(who, who), message) for who, message in self.money]
        waiting = set()
        for message, where, reason, is_held in money.take(found, source=SOURCE, at=self.at):
            if is_held:
                waiting.add(message.key)
                self.problems.append(held(message, reason))
            else:
                self.problems.append(_problem(message, where, reason, body=_text(message)))
        self.spending += [message.key for _, message in self.money if message.key not in waiting]

    def _keep_strangers(self) -> None:
        messages = [message for own in self.strangers.values() for message in own]
        known = known_keys(Event, [message.key for message in messages])
        rows = [
            (
                message.data["anonymousId"], _name(message.data), message.occurred_at, message.received_at,
                message.data.get("properties") or {}, None, "", SOURCE, message.key,
            )
            for message in messages
            if message.key not in known
        ]  # fmt: skip
        sql.insert_returning(AnonymousEvent, strangers.COLUMNS, rows, returning=("id",))


def _text(message: Message) -> str:
    return orjson.dumps(message.data).decode()


def _name(data: dict[str, Any]) -> str:
    return VIEWS.get(data["type"]) or str(data["event"])


def known_keys(model: type[Any], keys: Iterable[UUID]) -> set[UUID]:
    """Those of these keys that the table holds already."""
    wanted = list(keys)
    if not wanted:
        return set()
    listed = wanted if sql.is_postgresql() else [key.hex for key in wanted]
    return set(model.objects.filter(key__among=listed).values_list("key", flat=True))
