"""Recognising one mailbox behind its spellings."""

import re

SHAPE = re.compile(r"^[^\s@<>\"(),:;\\\[\]]{1,64}@[^\s@<>\"(),:;\\\[\]/]{1,189}$")
GMAIL = ("gmail.com", "googlemail.com")
# Mailboxes of the public: two people sharing such a domain share nothing.
FREE_MAIL = frozenset(
    {
        "gmail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.com", "live.co.uk", "msn.com", "yahoo.com",
        "yahoo.co.uk", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com", "gmx.com", "gmx.de", "gmx.net", "web.de",
        "t-online.de", "mail.com", "proton.me", "protonmail.com", "pm.me", "fastmail.com", "zoho.com", "orange.fr",
        "free.fr", "wanadoo.fr", "laposte.net", "libero.it", "virgilio.it", "btinternet.com", "sky.com", "talktalk.net",
        "virginmedia.com", "ntlworld.com", "blueyonder.co.uk", "comcast.net", "verizon.net", "att.net", "yandex.ru",
        "mail.ru", "qq.com", "163.com", "privaterelay.appleid.com", "example.com", "example.org", "example.net",
    }
)  # fmt: skip
DISPOSABLE = frozenset(
    {
        "mailinator.com", "guerrillamail.com", "guerrillamail.info", "sharklasers.com", "10minutemail.com",
        "10minutemail.net", "temp-mail.org", "tempmail.com", "tempmail.net", "tempmailo.com", "yopmail.com", "yopmail.fr",
        "throwawaymail.com", "trashmail.com", "trashmail.de", "maildrop.cc", "getnada.com", "dispostable.com",
        "fakeinbox.com", "mailnesia.com", "mintemail.com", "mohmal.com", "emailondeck.com", "spamgourmet.com",
        "mytemp.email", "burnermail.io", "moakt.com", "tempr.email", "discard.email", "wegwerfmail.de", "einrot.com",
        "spam4.me", "grr.la", "mailcatch.com", "inboxkitten.com", "33mail.com", "mailsac.com", "tmail.io",
        "harakirimail.com", "byom.de",
    }
)  # fmt: skip


def normalise(address: str) -> str:
    """The mailbox that an address names, "" when it is none.

    Trimmed, in lower case, without "+tag", the domain in punycode; for Gmail also without dots and under one domain.
    """
    address = address.strip().lower()
    if not SHAPE.match(address):
        return ""
    local, _, domain = address.rpartition("@")
    domain = _punycode(domain.rstrip("."))
    local = local.split("+", 1)[0]
    if domain in GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if local and "." in domain else ""


def _punycode(domain: str) -> str:
    """The domain in ASCII, "" when it cannot be one. Most are ASCII already, which is ten times faster to see."""
    if domain.isascii():
        return domain if all(0 < len(label) < 64 for label in domain.split(".")) else ""
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def domain_of(address: str) -> str:
    """The domain of a normalised address."""
    return address.rpartition("@")[2]


def is_disposable(address: str) -> bool:
    """Whether a normalised address belongs to a service of throw-away mailboxes."""
    return domain_of(address) in DISPOSABLE


def company_domain(address: str) -> str:
    """The domain of a normalised address unless everybody can have one there; "" otherwise."""
    domain = domain_of(address)
    return "" if domain in FREE_MAIL or domain in DISPOSABLE else domain


def masked(address: str) -> str:
    """A friend's address as the member sees it: "an***@e***"."""
    local, _, domain = address.partition("@")
    return f"{local[:2]}***@{domain[:1]}***" if domain else "***"
