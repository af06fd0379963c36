"""Telling people from programs by the name of their browser."""

import re

MACHINES = re.compile(
    r"bot\b|crawl|spider|preview|scan|safelinks|proofpoint|mimecast|barracuda|headless|python|curl|wget|java/|go-http|okhttp|"
    r"libwww|httpclient|axios|node-fetch|facebookexternalhit|whatsapp|slack|telegram|skype|googleimageproxy",
    re.IGNORECASE,
)


def is_machine(user_agent: str) -> bool:
    """Whether this is a crawler, chat preview or script; no name counts as one."""
    return not user_agent.strip() or bool(MACHINES.search(user_agent))
