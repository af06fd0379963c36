"""Blocks of the message editor, and the HTML they become: tables and styles that old mail clients know.

Text of a block is plain: it is escaped, `**bold**` and `[label](https://…)` are understood, `{{ variables }}` stay.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from campaigns.rules.template import TAG


@dataclass(frozen=True, slots=True)
class BlockField:
    """One input of a block in the editor."""

    name: str
    label: str
    kind: str = "text"  # text, long, url
    sample: str = ""


@dataclass(frozen=True, slots=True)
class BlockKind:
    """A kind of block: how the editor names it, its inputs, and its HTML."""

    key: str
    label: str
    icon: str
    fields: tuple[BlockField, ...]
    html: Callable[[dict[str, str]], str]


BOLD = re.compile(r"\*\*([^*]+)\*\*")
NAMED_LINK = re.compile(r"\[([^\]\n]+)\]\(((?:https?://|mailto:|\{\{)[^)\n]+)\)")
PARAGRAPH = "margin:0 0 14px;font-size:16px;line-height:1.55;color:#26312c"


def escaped(text: str) -> str:
    """Text with HTML escaped outside of template tags; tags keep their quotes and signs."""
    parts, position = [], 0
    for match in TAG.finditer(text):
        parts += [escape(text[position : match.start()]), match[0]]
        position = match.end()
    return "".join([*parts, escape(text[position:])])


def _rich(text: str) -> str:
    text = NAMED_LINK.sub(lambda m: f'<a href="{m[2]}" class="link">{m[1]}</a>', escaped(text))
    return BOLD.sub(r"<strong>\1</strong>", text)


def _paragraphs(text: str) -> str:
    parts = [part for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()) if part.strip()]
    return "".join(f'<p style="{PARAGRAPH}">{_rich(part).replace(chr(10), "<br>")}</p>' for part in parts)


def _row(inner: str, align: str = "left") -> str:
    return f'<tr><td class="cell" align="{align}">{inner}</td></tr>\n'


def _heading(values: dict[str, str]) -> str:
    return _row(f'<h1 class="title">{_rich(values["text"])}</h1>')


def _text(values: dict[str, str]) -> str:
    return _row(_paragraphs(values["text"]))


def _button(values: dict[str, str]) -> str:
    if not (values["label"].strip() or values["url"].strip()):
        return ""  # left empty by the author: no lozenge without words
    return _row(f'<a class="button" href="{escaped(values["url"])}">{escaped(values["label"])}</a>')


def _image(values: dict[str, str]) -> str:
    image = f'<img class="picture" src="{escaped(values["src"])}" alt="{escaped(values["alt"])}" width="536">'
    return _row(f'<a href="{escaped(values["url"])}">{image}</a>' if values["url"] else image)


def _divider(values: dict[str, str]) -> str:
    return _row('<hr class="rule">')


def _product(values: dict[str, str]) -> str:
    name, price, link = escaped(values["name"]), escaped(values["price"]), escaped(values["url"])
    picture = ""
    if values["src"]:
        picture = f'<td width="120"><a href="{link}"><img src="{escaped(values["src"])}" alt="{name}" width="104"></a></td>'
    return _row(
        f'<table role="presentation" class="box" width="100%" cellpadding="0" cellspacing="0"><tr>{picture}<td>'
        f'<p class="strong">{name}</p><p class="small">{price}</p><a class="link" href="{link}">Look at it</a></td></tr></table>'  # noqa: E501
    )


def _points(values: dict[str, str]) -> str:
    return (
        "{% if loyalty.points or loyalty.tier %}"
        + _row(
            f'<table role="presentation" class="box" width="100%" cellpadding="0" cellspacing="0"><tr><td>'
            f'<p class="small">{escaped(values["text"])}</p><p class="figure">{{{{ loyalty.points_words or 0 }}}}</p>'
            '<p class="small">{% if loyalty.tier %}{{ loyalty.tier }}{% endif %}'
            "{% if loyalty.tier_next and loyalty.points_to_next %} · {{ loyalty.to_next or loyalty.points_to_next }} to {{ loyalty.tier_next }}"  # noqa: E501
            "{% endif %}</p>"
            '{% if loyalty.link %}<a class="link" href="{{ loyalty.link }}">See my points</a>{% endif %}</td></tr></table>'
        )
        + "{% endif %}"
    )


def _referral(values: dict[str, str]) -> str:
    return (
        "{% if referral.link %}"
        + _row(
            f'<p style="{PARAGRAPH}">{_rich(values["text"])}</p>'
            f'<a class="button" href="{{{{ referral.share_link or referral.link }}}}">{escaped(values["label"])}</a>'
            '{% if referral.code %}<p class="small">Your code: {{ referral.code }}</p>{% endif %}'
        )
        + "{% endif %}"
    )


def _nps(values: dict[str, str]) -> str:
    cells = "".join(
        f'<td class="score"><a href="{{{{ survey.nps_link }}}}?score={score}">{score}</a></td>' for score in range(11)
    )
    return (
        "{% if survey.nps_link %}"
        + _row(
            f'<p style="{PARAGRAPH}">{_rich(values["text"])}</p>'
            f'<table role="presentation" class="scores" cellpadding="0" cellspacing="2"><tr>{cells}</tr></table>'
            '<p class="small">0: not at all likely · 10: extremely likely</p>'
        )
        + "{% endif %}"
    )


NPS_TEXT = "How likely are you to recommend us to a friend or colleague?"
KINDS = {
    kind.key: kind
    for kind in [
        BlockKind("heading", "Heading", "heading", (BlockField("text", "Heading", sample="We miss you, {{ customer.first_name or \"there\" }}"),), _heading),  # noqa: E501
        BlockKind("text", "Text", "text-align-start", (BlockField("text", "Text", "long"),), _text),
        BlockKind("button", "Button", "mouse-pointer-click",
                  (BlockField("label", "Words on the button", sample="See what is new"), BlockField("url", "Opens", "url")), _button),  # noqa: E501
        BlockKind("image", "Image", "image",
                  (BlockField("src", "Address of the image", "url"), BlockField("alt", "Describe it for people who cannot see it"),  # noqa: E501
                   BlockField("url", "Opens (optional)", "url")), _image),
        BlockKind("divider", "Divider", "minus", (), _divider),
        BlockKind("product", "Product", "gift",
                  (BlockField("name", "Name"), BlockField("price", "Price"), BlockField("url", "Opens", "url"),
                   BlockField("src", "Address of the picture (optional)", "url")), _product),
        BlockKind("points", "Points", "coins", (BlockField("text", "Words above the points", sample="Your points"),), _points),  # noqa: E501
        BlockKind("referral", "Invite a friend", "users",
                  (BlockField("text", "Text", "long", "Give a friend a welcome gift, and get points yourself."),
                   BlockField("label", "Words on the button", sample="Invite a friend")), _referral),
        BlockKind("nps", "Recommendation question", "gauge", (BlockField("text", "Question", sample=NPS_TEXT),), _nps),
    ]
}  # fmt: skip


def clean(blocks: Any) -> list[dict[str, str]]:
    """The list of known blocks with exactly their fields as text; anything else is left out."""
    if not isinstance(blocks, list):
        return []
    kept = []
    for block in blocks[:60]:
        kind = KINDS.get(str(block.get("kind", ""))) if isinstance(block, dict) else None
        if kind and isinstance(block, dict):
            values = {field.name: str(block.get(field.name, "") or "")[:5000] for field in kind.fields}
            kept.append({"kind": kind.key, **values})
    return kept


def as_html(blocks: Any) -> str:
    """The rows of a message body."""
    return "".join(KINDS[block["kind"]].html(block) for block in clean(blocks))
