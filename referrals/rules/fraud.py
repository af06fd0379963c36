"""Signs of misuse, their weights, and the verdict.

One shared network is no proof: offices and student homes have one. It adds a little, and only together with other signs
does it stop a reward. From 70 on a reward is blocked, from 35 on a person decides.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from referrals.enums import SignalKind
from referrals.rules import emails

BLOCK_AT, FLAG_AT = 70, 35
INSTANT = timedelta(seconds=30)
CLAIMS_PER_NETWORK, CLAIMS_PER_CODE = 3, 10


class Verdict(StrEnum):
    APPROVE = "approve"
    FLAG = "flag"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one person. Hashes may be empty: unknown."""

    name: str = ""
    email: str = ""
    visitor_hash: str = ""
    network_hash: str = ""
    agent_hash: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One referral as the rules see it; the counts include itself."""

    advocate: Side
    friend: Side
    claimed_at: datetime
    ordered_at: datetime | None
    claims_from_network: int = 0
    claims_on_code: int = 0


@dataclass(frozen=True, slots=True)
class Signal:
    kind: SignalKind
    score: int
    evidence: str


def _same(one: str, other: str) -> bool:
    return bool(one) and one == other


def signals(case: Case) -> list[Signal]:
    """Every sign of misuse in a case, with its weight and what it rests on."""
    advocate, friend = case.advocate, case.friend
    friend_email, advocate_email = emails.normalise(friend.email), emails.normalise(advocate.email)
    found: list[Signal] = []
    if _same(advocate.visitor_hash, friend.visitor_hash):
        found.append(Signal(SignalKind.SAME_BROWSER, 100, "the claim came from the browser of the member"))
    if _same(advocate.network_hash, friend.network_hash):
        if _same(advocate.agent_hash, friend.agent_hash):
            found.append(Signal(SignalKind.SAME_ADDRESS_AND_BROWSER, 40, "same network and browser type as the member"))
        else:
            found.append(Signal(SignalKind.SAME_ADDRESS, 15, "same network as the member, another browser"))
    if case.claims_from_network > CLAIMS_PER_NETWORK:
        text = f"{case.claims_from_network} claims from one network in a day"
        found.append(Signal(SignalKind.MANY_FROM_ADDRESS, 40, text))
    if case.claims_on_code > CLAIMS_PER_CODE:
        found.append(Signal(SignalKind.BURST, 30, f"{case.claims_on_code} claims on the link in a week"))
    if friend_email and emails.is_disposable(friend_email):
        found.append(Signal(SignalKind.DISPOSABLE_EMAIL, 40, emails.domain_of(friend_email)))
    if _same(_plain(advocate.name), _plain(friend.name)):
        found.append(Signal(SignalKind.SAME_NAME, 60, "member and friend have the same name"))
    domain = emails.company_domain(friend_email) if friend_email else ""
    if domain and advocate_email and domain == emails.company_domain(advocate_email):
        found.append(Signal(SignalKind.SAME_COMPANY_DOMAIN, 30, domain))
    if case.ordered_at and case.ordered_at - case.claimed_at < INSTANT:
        seconds = int((case.ordered_at - case.claimed_at).total_seconds())
        found.append(Signal(SignalKind.INSTANT_ORDER, 30, f"ordered {seconds} seconds after the claim"))
    return found


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def verdict(score: int) -> Verdict:
    """What follows from the sum of the weights."""
    return Verdict.BLOCK if score >= BLOCK_AT else Verdict.FLAG if score >= FLAG_AT else Verdict.APPROVE
