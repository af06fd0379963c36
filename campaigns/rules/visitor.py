"""Who opened or clicked: a person, a mail proxy that loads pictures for everybody, or a scanner that follows every link."""

import re
from datetime import datetime, timedelta

from campaigns.enums import Visitor

TOO_FAST = timedelta(seconds=10)
BURST = timedelta(seconds=2)
BURST_LINKS = 3

SCANNERS = re.compile(
    r"bot\b|bot/|spider|crawl|scan|barracuda|mimecast|proofpoint|symantec|messagelabs|trendmicro|sophos|fireeye|forcepoint|"
    r"safelinks|ms-?office|microsoft office|bingpreview|facebookexternalhit|slackbot|telegrambot|whatsapp|skypeuripreview|"
    r"python-requests|aiohttp|curl/|wget/|go-http-client|java/|okhttp|headlesschrome|phantomjs|urldefense|cloudmark|zscaler|"
    r"checkpoint|google-safety|googlesecurity|link ?preview|httpclient|libwww|virustotal|urlscan",
    re.IGNORECASE,
)
PROXIES = re.compile(r"googleimageproxy|ggpht|yahoomailproxy|ymailproxy|duckduckgo|imageproxy|mail proxy", re.IGNORECASE)
PREFETCH = "Mozilla/5.0"  # Apple's privacy proxy sends exactly this and nothing more


def classify(
    *,
    method: str,
    user_agent: str,
    at: datetime,
    sent_at: datetime | None,
    purpose: str = "",
    other_links_within_burst: int = 0,
    is_open: bool = False,
) -> tuple[Visitor, str]:
    """Visitor and the reason in words. `other_links_within_burst` counts other links of this message clicked within 2 s."""
    agent = user_agent.strip()
    if method == "HEAD":
        return Visitor.SCANNER, "asked for headers only"
    if not agent:
        return Visitor.SCANNER, "gave no user agent"
    if "prefetch" in purpose.lower() or "preview" in purpose.lower():
        return Visitor.SCANNER, "prefetched the link"
    if is_open and (PROXIES.search(agent) or agent == PREFETCH):
        return Visitor.PROXY, "picture proxy of a mail provider"
    if SCANNERS.search(agent):
        return Visitor.SCANNER, "user agent of a scanner or a program"
    if sent_at is not None and at - sent_at < TOO_FAST:
        return Visitor.SCANNER, "within 10 seconds of sending"
    if other_links_within_burst >= BURST_LINKS - 1:
        return Visitor.SCANNER, "several links within 2 seconds"
    return Visitor.HUMAN, ""
