"""From body to frozen message: the brand's frame, inlined styles, tracked links, text part. Runs once per version."""

import re
from dataclasses import dataclass
from html import escape, unescape

import css_inline
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

from campaigns.rules.template import TAG

STYLES = """
body{margin:0;padding:0;background:#f3f5f2;font-family:Helvetica,Arial,sans-serif;color:#26312c}
.outer{background:#f3f5f2;padding:24px 12px}
.frame{max-width:600px;margin:0 auto;background:#ffffff;border-radius:10px}
.brand{padding:24px 32px 8px;font-size:20px;font-weight:bold;color:COLOUR}
.cell{padding:10px 32px}
.title{margin:8px 0;font-size:26px;line-height:1.25;color:#17211c}
.button{display:inline-block;padding:13px 26px;border-radius:8px;background:COLOUR;color:#ffffff;font-weight:bold;text-decoration:none}
.link{color:COLOUR}
.picture{display:block;max-width:100%;height:auto;border:0;border-radius:8px}
.rule{border:0;border-top:1px solid #dfe5e0;margin:8px 0}
.box{background:#f3f5f2;border-radius:8px;padding:14px 18px}
.strong{margin:0 0 4px;font-weight:bold;font-size:16px}
.small{margin:4px 0;font-size:14px;line-height:1.5;color:#56625b}
.figure{margin:0;font-size:34px;font-weight:bold;color:COLOUR}
.scores{width:100%;max-width:480px;table-layout:fixed}
.score a{display:block;padding:9px 0;border-radius:6px;background:#eef2ee;color:#17211c;text-align:center;text-decoration:none;font-weight:bold}
.foot{padding:20px 32px 28px;font-size:13px;line-height:1.6;color:#56625b}
.foot a{color:#56625b}
.preheader{display:none;max-height:0;overflow:hidden;opacity:0;color:transparent}
"""  # noqa: E501
PHONE = (
    "<style>@media (max-width:480px){.cell,.brand,.foot{padding-left:18px!important;padding-right:18px!important}}</style>"
)
ANCHOR = re.compile(r'<a\b([^>]*?)\bhref="([^"]*)"([^>]*)>(.*?)</a>', re.IGNORECASE | re.DOTALL)
ANY_TAG = re.compile(r"<[^<>]*>")
OWN = re.compile(r"\{\{\s*(?:m|brand)\.")
FOOTER_MARK = "<!--perennial-footer-->"


@dataclass(frozen=True, slots=True)
class Look:
    """What the frame shows of the brand."""

    name: str
    colour: str
    website: str
    postal_address: str
    locale: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """Templates for one version, and the addresses of its tracked links by position (from 1) with their labels."""

    html: str
    text: str
    links: list[tuple[str, str]]


class Hidden:
    """Template tags taken out of HTML while tools that know nothing of them work on it, and put back after."""

    def __init__(self) -> None:
        self.tags: list[str] = []

    def _name(self, tag: str) -> str:
        self.tags.append(tag)
        return f"x7tag{len(self.tags) - 1}x7"

    def hide(self, html: str, *, statements_as_comments: bool) -> str:
        html = TAG.sub(lambda m: self._name(m[0]) if m["statement"] is None else m[0], html)
        # A statement between rows of a table must be a comment, or HTML parsers move it out; inside a tag it must not be.
        html = ANY_TAG.sub(lambda m: TAG.sub(lambda t: self._name(t[0]), m[0]), html)
        form = "<!--{}-->" if statements_as_comments else "{}"
        return TAG.sub(lambda m: form.format(self._name(m[0])), html)

    def show(self, text: str) -> str:
        return re.sub(r"(?:<!--)?x7tag(\d+)x7(?:-->)?", lambda m: self.tags[int(m[1])], text)


def framed(body: str, look: Look, preheader: str, base_url: str) -> str:
    """Rows of blocks inside the brand's frame, with the footer that every marketing message must have."""
    website = _named(look)
    style = STYLES.replace("COLOUR", look.colour)
    return (
        f'<!doctype html>\n<html lang="{escape(look.locale[:5])}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_literal(look.name)}</title><style>{style}</style></head>\n<body>"
        f'<div class="preheader">{preheader}</div>\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td class="outer">\n'
        '<table role="presentation" class="frame" width="100%" cellpadding="0" cellspacing="0" align="center">\n'
        f'<tr><td class="brand">{_literal(look.name)}</td></tr>\n{body}'
        f'<tr><td class="foot">{_footer(look, website, base_url)}</td></tr>\n</table></td></tr></table></body></html>'
    )


def _literal(text: str) -> str:
    """Text of the brand for a template: escaped for HTML, each brace as a literal, so that it opens no variable."""
    return escape(text).replace("{", "{{ '{' }}")


def _named(look: Look) -> str:
    return f'<a href="{_literal(look.website)}">{_literal(look.name)}</a>' if look.website else _literal(look.name)


def _footer(look: Look, website: str, base_url: str) -> str:
    address = "<br>".join(_literal(line) for line in look.postal_address.splitlines() if line.strip())
    return (
        f"{FOOTER_MARK}You get this because you are a customer of {website}.<br>\n"
        f'<a href="{base_url}/u/{{{{ m.u }}}}">Unsubscribe</a> · <a href="{base_url}/p/{{{{ m.u }}}}">Choose what you get</a> · '  # noqa: E501
        f'<a href="{base_url}/v/{{{{ m.t }}}}">View in browser</a><br>\n{address}'
    )


def completed(html: str, look: Look, preheader: str, base_url: str) -> str:
    """A marketer's own HTML document with preview line and footer added."""
    hidden = f'<div style="display:none;max-height:0;overflow:hidden">{preheader}</div>' if preheader else ""
    foot = ""
    if "m.u " not in html or not look.postal_address:
        website = _named(look)
        style = "padding:20px;font-size:13px;line-height:1.6;color:#56625b;font-family:Helvetica,Arial,sans-serif"
        foot = f'<div style="{style}">{_footer(look, website, base_url)}</div>'
    if not re.search(r"<body\b", html, re.IGNORECASE):
        html = f'<!doctype html>\n<html><head><meta charset="utf-8"></head><body>{html}</body></html>'
    html = re.sub(r"(<body\b[^>]*>)", lambda m: m[1] + hidden, html, count=1, flags=re.IGNORECASE)
    end = html.lower().rfind("</body>")
    return html[:end] + foot + html[end:] if end >= 0 else html + foot


def compile_html(html: str, *, base_url: str, text: str = "", tracked: bool = True) -> Compiled:
    """Inline the styles, number the links, add the open pixel, and make the text part."""
    hidden = Hidden()
    safe = hidden.hide(html, statements_as_comments=True)
    # Scripts and anything active have no place in mail; clients drop them and scanners punish them.
    safe = re.sub(r"<(script|iframe|object|embed|form)\b.*?(?:</\1\s*>|$)", "", safe, flags=re.IGNORECASE | re.DOTALL)
    inlined = css_inline.inline(safe, keep_at_rules=True, load_remote_stylesheets=False)
    if FOOTER_MARK in inlined and "</head>" in inlined:
        inlined = inlined.replace("</head>", PHONE + "</head>", 1)
    inlined = inlined.replace(FOOTER_MARK, "")
    links: list[tuple[str, str]] = []

    def track(match: re.Match[str]) -> str:
        url = unescape(hidden.show(match[2])).strip()
        if not tracked or OWN.search(url) or not re.match(r"https?://|\{\{", url, re.IGNORECASE):
            return match[0]
        label = re.sub(r"\s+", " ", unescape(hidden.show(ANY_TAG.sub("", match[4])))).strip()
        links.append((url, label[:200]))
        return f'<a{match[1]}href="{base_url}/c/{{{{ m.t }}}}/{len(links)}"{match[3]}>{match[4]}</a>'

    body = ANCHOR.sub(track, inlined)
    plain = text or text_of(body, hidden)
    body = hidden.show(body)
    if tracked:
        pixel = f'<img src="{base_url}/o/{{{{ m.t }}}}.gif" width="1" height="1" alt="">'
        end = body.lower().rfind("</body>")
        body = body[:end] + pixel + body[end:] if end >= 0 else body + pixel
    if text and f"{base_url}/u/" not in text:
        plain = f"{text}\n\nUnsubscribe: {base_url}/u/{{{{ m.u }}}}\n"
    return Compiled(html=body, text=plain, links=links)


def text_of(html: str, hidden: Hidden) -> str:
    """The plain-text part: the words in order, links as [label](address)."""
    html = re.sub(r"<!--(x7tag\d+x7)-->", r"\1", html)
    # Mail clients show the first line of the text part as the preview; the hidden preview line would stand there twice.
    html = re.sub(r"<div[^>]*display:\s*none[^>]*>.*?</div>", "", html, flags=re.DOTALL)
    tagless = TAG.sub(lambda m: hidden._name(m[0]), html)
    text = get_text(tagless, ParserConfig(display_links=True))
    lines = [line.rstrip() for line in hidden.show(text).splitlines()]
    return (
        re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() if line.startswith("  ") else line for line in lines)).strip()
        + "\n"
    )
