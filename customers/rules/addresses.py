"""One form of an address per channel, and the keyed hash by which a suppressed one is recognised again."""

from config.kit.tokens import keyed_hash
from customers.enums import Channel

FIELDS: dict[str, str] = {Channel.EMAIL: "email", Channel.SMS: "phone"}


def normal(channel: str, address: str) -> str:
    """The form in which addresses are compared: no outer blanks, lower case, phone numbers without spaces."""
    plain = address.strip().lower()
    return plain.replace(" ", "") if channel == Channel.SMS else plain


def fingerprint(channel: str, address: str) -> str:
    """The hash under which an address stands on the suppression list (64 hex characters)."""
    return keyed_hash("suppression", normal(channel, address))
