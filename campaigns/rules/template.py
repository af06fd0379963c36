"""The template language of messages: a small, closed part of Jinja that minijinja runs (docs/adr/0004).

`check` reads a template against the allowed grammar before anything runs it: variables by dotted path, literals,
comparisons, `and or not`, a list of filters, `if` and `for`. There are no calls, no assignments, no imports and no names
that begin with an underscore, so a template can neither reach Python nor grow its output beyond its data. `Template` renders
plain data only, with a fuel limit and an output limit; HTML is escaped, and a value is never read as a template.
"""  # noqa: E501

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minijinja import Environment, TemplateError

FUEL = 20_000
OUTPUT_LIMIT = 1_000_000
SOURCE_LIMIT = 500_000
TEXT_LIMIT = 2_000
LIST_LIMIT = 100
VALUE_LIMIT = 20_000  # characters of one value, lists included
ITEM_SIZE = 8  # what an item of a list or mapping takes of them beside its text

TAG = re.compile(r"\{\{(?P<expression>.*?)\}\}|\{%(?P<statement>.*?)%\}|\{#.*?#\}", re.DOTALL)
TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"\\]{0,300}"|'[^'\\]{0,300}')|(?P<number>\d{1,12}(?:\.\d{1,6})?)"""
    r"""|(?P<path>[A-Za-z_]\w*(?:\.(?:[A-Za-z_]\w*|\d{1,4}))*)|(?P<sign>==|!=|<=|>=|[<>|(),+-]))"""
)
FILTERS = frozenset(
    {"default", "d", "upper", "lower", "title", "capitalize", "trim", "round", "int", "float", "abs", "length", "first", "last",  # noqa: E501
     "join", "urlencode", "sort", "unique", "reverse"}
)  # fmt: skip
WORDS = frozenset({"and", "or", "not", "in", "true", "false", "none", "True", "False", "None"})
OUTER = frozenset(dir(dict))  # a missing key of these names would show a Python method
LINE = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


class BadTemplate(ValueError):
    """The template uses something that messages do not allow; the text says what and where."""


class CannotRender(Exception):
    """One person's message could not be filled in."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable a template reads: `{{ source.name }}`, and whether a fall-back stands beside it."""

    source: str
    name: str
    has_fallback: bool

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"


def check(source: str) -> list[Variable]:
    """The variables of an allowed template. Raises `BadTemplate` with a sentence for the author."""
    if len(source) > SOURCE_LIMIT:
        raise BadTemplate("The text is too long.")
    found: list[Variable] = []
    loops: list[str] = []
    opened: list[str] = []
    for match in TAG.finditer(source):
        if match["expression"] is not None:
            found += _expression(match["expression"], loops, match[0])
        elif match["statement"] is not None:
            found += _statement(match["statement"], loops, opened, match[0])
    rest = TAG.sub("", source)
    if any(mark in rest for mark in ("{{", "{%", "{#")):
        raise BadTemplate("A variable is not closed: write {{ customer.first_name }} with two braces on both sides.")
    if opened:
        raise BadTemplate(f"A {{% {opened[-1]} %}} is never closed with {{% end{opened[-1]} %}}.")
    _compile_once(source)
    return list(dict.fromkeys(found))


def _compile_once(source: str) -> None:
    try:
        _environment({"check.txt": source}).render_template("check.txt")
    except TemplateError as error:
        if error.kind in ("SyntaxError", "UnknownFilter", "InvalidDelimiter"):
            raise BadTemplate(f"The text cannot be read: {error.message[:200]}") from error


def _statement(body: str, loops: list[str], opened: list[str], tag: str) -> list[Variable]:
    words = body.strip().strip("-+").split(None, 1)
    verb, rest = (words[0] if words else ""), (words[1] if len(words) > 1 else "")
    if verb in ("if", "elif"):
        if verb == "if":
            opened.append("if")
        return [Variable(v.source, v.name, True) for v in _expression(rest, loops, tag)]
    if verb == "else" and not rest:
        return []
    if verb == "for":
        head = re.fullmatch(r"([A-Za-z]\w*)\s+in\s+([A-Za-z][\w.]*)", rest.strip())
        if not head or opened.count("for") >= 2:
            raise BadTemplate(f"{tag[:80]}: write {{% for item in order.items %}}, at most two deep.")
        opened.append("for")
        loops.append(head[1])
        return _expression(head[2], loops[:-1], tag)
    if verb in ("endif", "endfor") and not rest:
        if not opened or opened.pop() != verb[3:]:
            raise BadTemplate(f"{tag[:80]} closes nothing.")
        if verb == "endfor":
            loops.pop()
        return []
    raise BadTemplate(f"{tag[:80]}: only if, elif, else, for and their ends can be used here.")


def _expression(text: str, loops: Sequence[str], tag: str) -> list[Variable]:
    text = text.strip().removeprefix("-").removesuffix("-").strip()
    position, before, found, has_fallback = 0, "", [], False
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise BadTemplate(f"{tag[:80]}: {text[position : position + 20]!r} cannot be used in a variable.")
        position = match.end()
        path, sign = match["path"], match["sign"]
        if before == "|" and path not in FILTERS:
            raise BadTemplate(f"{tag[:80]}: there is no filter {path or sign!r}. Filters: {', '.join(sorted(FILTERS))}.")
        if before == "|":
            has_fallback |= path in ("default", "d")
            before = "filter"
        elif path in WORDS:
            has_fallback |= path == "or"
            before = "word"
        elif path:
            found.append(_path(path, loops, tag))
            before = "value"
        else:
            if sign == "(" and before == "value":
                raise BadTemplate(f"{tag[:80]}: nothing can be called here.")
            before = sign or "value"
    if not text or position == 0:
        raise BadTemplate(f"{tag[:80]}: write the name of a variable between the braces.")
    return [Variable(source, name, has_fallback) for source, name in found if source]


def _path(path: str, loops: Sequence[str], tag: str) -> tuple[str, str]:
    parts = path.split(".")
    wrong = next((part for part in parts if part.startswith("_") or part in OUTER), "")
    if wrong:
        raise BadTemplate(f"{tag[:80]}: {wrong!r} cannot be used as a name.")
    if parts[0] in loops or parts[0] == "loop":
        return "", ""
    if len(parts) < 2:
        raise BadTemplate(f"{tag[:80]}: write the variable with its source, such as customer.{parts[0]}.")
    return parts[0], parts[1]


def plain(value: Any) -> Any:
    """Plain data that a template may see: text and lists clipped, anything unknown as text, None left out by the caller.

    All texts of one value together stay within `VALUE_LIMIT`: a list of long texts could else be printed a thousand times.
    """
    return _plain(value, 0, [VALUE_LIMIT])


def _plain(value: Any, depth: int, room: list[int]) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > 4:
        return None
    if isinstance(value, Mapping):
        pairs = list(value.items())[:LIST_LIMIT]
        return {str(key)[:100]: _plain(item, depth + 1, room) for key, item in pairs if _has_room(item, room)}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1, room) for item in value[:LIST_LIMIT] if _has_room(item, room)]
    text = str(value[:TEXT_LIMIT] if isinstance(value, str) else value)[: min(TEXT_LIMIT, room[0])]
    room[0] -= len(text)
    return text


def _has_room(item: Any, room: list[int]) -> bool:
    room[0] -= ITEM_SIZE
    return item is not None and room[0] > 0


def one_line(text: str) -> str:
    """Text without line breaks and control characters, for headers."""
    return LINE.sub(" ", text).strip()


def _environment(templates: dict[str, str]) -> Environment:
    return Environment(
        templates=templates,
        fuel=FUEL,
        pycompat=False,
        debug=False,
        undefined_behavior="chainable",
        auto_escape_callback=lambda name: name.endswith(".html"),
    )


class Template:
    """A set of checked templates, parsed once: names that end in `.html` escape their values."""

    def __init__(self, sources: dict[str, str]) -> None:
        self.variables = list(dict.fromkeys(v for source in sources.values() for v in check(source)))
        self._environment = _environment(sources)

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """Fill one template with plain data. Raises `CannotRender`, whatever went wrong."""
        try:
            text: str = self._environment.render_template(name, **values)
        except (TemplateError, UnicodeError, ValueError, TypeError, OverflowError) as error:
            raise CannotRender(str(error).splitlines()[0][:200]) from error
        if len(text) > OUTPUT_LIMIT:
            raise CannotRender("The filled-in text is longer than a megabyte.")
        return text
