"""Cells of exported tables that no spreadsheet program takes for a formula."""

import re

# Dangerous: behind blanks and quotation marks the first character starts a formula, full-width forms included.
_DANGEROUS = re.compile(r"^[\s'\"’‘“”]*[=+\-@\t\r＝＋－＠]|^[\s'\"]*[\t\r]")


def safe(text: str) -> str:
    """The text, with an apostrophe in front when a spreadsheet program could run it. `plain` takes it away again."""
    return "'" + text if _DANGEROUS.match(text) else text


def plain(text: str) -> str:
    """Undo `safe`: `plain(safe(text)) == text` for every text."""
    return text[1:] if text[:1] == "'" and _DANGEROUS.match(text[1:]) else text
