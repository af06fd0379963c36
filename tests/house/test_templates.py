"""Templates keep the house rules: nothing inline, nothing dead, nothing that needs JavaScript."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader import get_template

pytestmark = pytest.mark.engine_free

ROOT = Path(settings.BASE_DIR)
TEMPLATES = ROOT / "templates"
PACKAGE = re.compile(r"^(account|mfa|allauth|admin|django)/")
ERROR_PAGES = {"400.html", "403.html", "404.html", "500.html"}

# E-mail has no style sheet: mail programs read only what stands in the message.
IS_EMAIL = re.compile(r"^(emails/|.*/emails?/)")

INLINE_STYLE = re.compile(r"<[a-z][^>]*\sstyle\s*=|<style[\s>]", re.I)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I)
DATA_SCRIPT = re.compile(r'type="application/(ld\+)?json"')
HANDLER = re.compile(r"<[a-z][^>]*\son[a-z]+\s*=|hx-on[:-]|javascript:", re.I)
HTMX_OPENING = re.compile(r"<([a-z]+)\b([^>]*\bhx-(?:get|post)=[^>]*)>", re.I | re.S)
NAMES = re.compile(r"""["']([\w\-./{}]+\.html)["']""")


def names() -> list[str]:
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))


def text(name: str) -> str:
    return (TEMPLATES / name).read_text()


def tags_removed(source: str) -> str:
    """The HTML around template tags; `>` inside a tag must not end an element."""
    return re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", source, flags=re.S)


PAGES = [name for name in names() if not IS_EMAIL.match(name)]


@pytest.mark.parametrize("name", names())
def test_template_compiles(name):
    get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_template_holds_no_inline_style(name):
    assert INLINE_STYLE.findall(tags_removed(text(name))) == []


@pytest.mark.parametrize("name", PAGES)
def test_template_holds_no_inline_script(name):
    found = [tag for tag in INLINE_SCRIPT.findall(text(name)) if not DATA_SCRIPT.search(tag)]

    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_template_holds_no_event_handler(name):
    assert HANDLER.findall(tags_removed(text(name))) == []


@pytest.mark.parametrize("name", PAGES)
def test_htmx_link_and_form_work_without_javascript(name):
    without_door = [
        (tag, attributes.split())
        for tag, attributes in HTMX_OPENING.findall(re.sub(r"{%.*?%}", "", text(name), flags=re.S))
        if (tag == "a" and "href=" not in attributes)
        or (tag == "form" and "action=" not in attributes)
        or (tag == "button" and 'type="button"' in attributes)
    ]

    assert without_door == []


def test_every_template_is_rendered_included_or_extended():
    sources = [path.read_text() for path in TEMPLATES.rglob("*.html")]
    apps = ("config", "customers", "campaigns", "loyalty", "referrals", "surveys", "metrics")
    sources += [path.read_text() for app in apps for path in (ROOT / app).rglob("*.py")]
    used = {name for source in sources for name in NAMES.findall(source)}

    composed = [re.compile(re.sub(r"\{\w+\}", r"[\\w-]+", name)) for name in used if "{" in name]

    dead = [
        name
        for name in names()
        if name not in used | ERROR_PAGES
        and not PACKAGE.match(name)
        and not any(pattern.fullmatch(name) for pattern in composed)
    ]

    assert dead == []


def test_overriding_template_has_something_to_override():
    from importlib.util import find_spec

    roots = [Path(find_spec(package).origin).parent for package in ("allauth", "django.contrib.admin")]
    roots = [root / "templates" for root in roots] + [Path(find_spec("django.forms").origin).parent / "templates"]
    own = {"admin/overview.html"}

    orphans = [
        name
        for name in names()
        if PACKAGE.match(name) and name not in own and not any((root / name).exists() for root in roots)
    ]

    assert orphans == []


@pytest.mark.parametrize("name", sorted(ERROR_PAGES))
def test_error_page_needs_no_context_and_no_database(name):
    page = engines["django"].get_template(name).render()

    assert "<h1>" in page
    assert "sidebar" not in page


def test_every_script_is_loaded_by_a_template():
    sources = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    python = "".join(
        path.read_text() for app in ("customers", "metrics", "campaigns") for path in (ROOT / app).rglob("*.py")
    )

    unused = [path.name for path in (ROOT / "static/js").glob("*.js") if f"js/{path.name}" not in sources + python]

    assert unused == []


def test_every_icon_exists():
    import lucide

    apps = ("config", "customers", "campaigns", "loyalty", "referrals", "surveys", "metrics")
    sources = {path: path.read_text() for path in TEMPLATES.rglob("*.html")}
    sources |= {path: path.read_text() for app in apps for path in (ROOT / app).rglob("*.py")}
    named = {
        (name, path.name)
        for path, source in sources.items()
        for name in re.findall(r'(?:lucide |icon=|"icon": )"([a-z0-9-]+)"', source)
    }

    from customers.ports import event_types, nav, panels

    named |= {(item.icon, port.__name__) for port in (event_types, nav, panels) for item in port.registry.all()}

    def is_missing(name: str) -> bool:
        try:
            lucide._render_icon(name, 24)
        except lucide.IconDoesNotExist:
            return True
        return False

    assert sorted(entry for entry in named if is_missing(entry[0])) == []
