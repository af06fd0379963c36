"""The last decision before a message leaves: send, not now, or never because."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.enums import Reason, SourceKind

CAP_COUNT = 3
CAP_WINDOW = timedelta(days=7)
PATIENCE = timedelta(days=3)
# One @, no spaces, no control characters, nothing that could end an SMTP command; ASCII: few servers know SMTPUTF8.
ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)


class Answer(StrEnum):
    SEND = "send"
    DEFER = "defer"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the gate knows of one message at this moment; `recent` counts marketing messages of the last seven days.

    `paused_until` and `weekly_limit` are the person's own wishes, from the preference page.
    """

    address: str
    source_kind: str
    has_consent: bool
    is_suppressed: bool
    is_running: bool
    has_twin: bool
    recent: int
    planned_at: datetime
    paused_until: datetime | None = None
    weekly_limit: int | None = None

    @property
    def cap(self) -> int:
        """How many marketing messages this person may get in seven days: our own cap, or less if they wish so."""
        return CAP_COUNT if self.weekly_limit is None else min(CAP_COUNT, self.weekly_limit)


@dataclass(frozen=True, slots=True)
class Verdict:
    answer: Answer
    reason: Reason = Reason.NONE
    until: datetime | None = None


def is_address(address: str) -> bool:
    """Whether a mail server could take this address; short enough and of the plain form."""
    return len(address) <= 254 and ADDRESS.fullmatch(address) is not None and ".." not in address


def decide(facts: Facts, *, at: datetime) -> Verdict:
    """The verdict; the first rule that objects wins, in the order in which staff would ask.

    Transactional messages need no consent and know neither pause nor cap; a blocked address stops them too. A journey's
    message waits until a pause is over, and a day when the person already got enough, up to three days; a campaign's
    message would be stale and is skipped.
    """
    marketing = facts.source_kind != SourceKind.TRANSACTIONAL
    checks = [
        (not facts.is_running, Reason.STOPPED),
        (not facts.address, Reason.NO_ADDRESS),
        (bool(facts.address) and not is_address(facts.address), Reason.BAD_ADDRESS),
        (facts.is_suppressed, Reason.SUPPRESSED),
        (marketing and not facts.has_consent, Reason.NO_CONSENT),
        (facts.has_twin, Reason.DUPLICATE_ADDRESS),
    ]
    for objects, reason in checks:
        if objects:
            return Verdict(Answer.SKIP, reason)
    if marketing and facts.paused_until and facts.paused_until > at:
        if facts.source_kind == SourceKind.JOURNEY:
            return Verdict(Answer.DEFER, Reason.PAUSED, facts.paused_until)
        return Verdict(Answer.SKIP, Reason.PAUSED)
    if marketing and facts.recent >= facts.cap:
        if facts.source_kind == SourceKind.JOURNEY and at - facts.planned_at < PATIENCE:
            return Verdict(Answer.DEFER, Reason.FREQUENCY_CAP, at + timedelta(days=1))
        return Verdict(Answer.SKIP, Reason.FREQUENCY_CAP)
    return Verdict(Answer.SEND)
