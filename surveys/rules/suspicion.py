"""Is this answer a person's, or that of a program which follows every link of a mail?

Mail firewalls open each link within seconds of the delivery, some run the page's script. An answer that looks like
theirs is kept but counted nowhere, until a person shows up at the same link.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from surveys.enums import Suspicion

SCORES_WITHIN = timedelta(seconds=10)
AFTER_DELIVERY = timedelta(seconds=60)
SCANNERS = re.compile(
    r"bot\b|crawl|spider|preview|scan|safelinks|proofpoint|mimecast|barracuda|ironport|fireeye|forcepoint|messagelabs|"
    r"trendmicro|urldefense|headless|python|curl|wget|java/|go-http|okhttp|libwww|httpclient|axios|node-fetch|"
    r"facebookexternalhit|whatsapp|slack|telegram|skype|googleimageproxy|yahoomailproxy",
    re.IGNORECASE,
)


def is_scanner(user_agent: str) -> bool:
    """Whether the browser's name is that of a known link scanner, chat preview or script; no name counts as one."""
    return not user_agent.strip() or bool(SCANNERS.search(user_agent))


@dataclass(frozen=True, slots=True)
class Vote:
    """One score sent from one page load."""

    score: int
    page: str
    at: datetime


def suspicion_of(
    votes: Sequence[Vote], *, delivered_at: datetime, at: datetime, user_agent: str, is_human: bool
) -> Suspicion:
    """The verdict on an answer whose versions are `votes`, the newest last.

    `is_human`: the person wrote a comment, or pressed the button after using pointer or keyboard. Changing one's mind on
    one page is human; different scores from several page loads within ten seconds are not.
    """
    if is_scanner(user_agent):
        return Suspicion.SCANNER
    if is_human:
        return Suspicion.NONE
    if _has_rival(votes):
        return Suspicion.MANY_SCORES
    if at - delivered_at < AFTER_DELIVERY:
        return Suspicion.TOO_SOON
    return Suspicion.NONE


def _has_rival(votes: Sequence[Vote]) -> bool:
    if not votes:
        return False
    newest = votes[-1]
    return any(
        vote.page != newest.page and vote.score != newest.score and abs(newest.at - vote.at) <= SCORES_WITHIN
        for vote in votes[:-1]
    )
