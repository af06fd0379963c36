"""Text as the customer search compares it: without accents, in small letters; and what somebody typed as search words."""

import unicodedata
from dataclasses import dataclass

LIMIT = 100  # characters of what was typed
TOKENS = 6
MARKS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u031b\u0323\u0327\u0328'’ʼ`"
DOUBLE = {"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}
SINGLE = ("łŁøØđĐðÐħĦı", "llooddddhhi")
BREAKS = '.,;:/_+()"&|-'
_REMOVED = str.maketrans("", "", MARKS)
_REPLACED = str.maketrans({**DOUBLE, **dict(zip(*SINGLE, strict=True))})
_BROKEN = str.maketrans(dict.fromkeys(BREAKS, " "))


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: `whole` as it stands, `tokens` folded, each with the words it falls into; `digits` of a phone."""

    whole: str
    tokens: tuple[tuple[str, tuple[str, ...]], ...]
    digits: str


def fold(text: str) -> str:
    """ "Łukasz O'Brien-Müller" gives "lukasz obrien-muller". The database folds what is stored by the same tables."""
    return unicodedata.normalize("NFD", text).translate(_REMOVED).translate(_REPLACED).lower()


def read(text: str) -> Typed:
    """At most `LIMIT` characters and `TOKENS` words; characters that no name holds are gone."""
    clean = "".join(char if char.isprintable() else " " for char in text[: LIMIT * 4])
    whole = " ".join(clean.split())[:LIMIT]
    tokens = []
    for part in fold(whole).split()[:TOKENS]:
        token = part.strip('@"(),;~')
        words = tuple(token.translate(_BROKEN).replace("@", " ").split())
        if words and (token, words) not in tokens:
            tokens.append((token, words))
    return Typed(whole, tuple(tokens), _digits(whole))


def _digits(text: str) -> str:
    """The digits of something that looks like a phone number, without the zeros or the plus in front; else nothing."""
    if not text or any(char not in "0123456789 +()./-" for char in text):
        return ""
    digits = "".join(char for char in text if char.isdigit()).lstrip("0")
    return digits if len(digits) >= 5 else ""
