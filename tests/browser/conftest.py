"""A real Chromium against a live server: pages as people meet them, by width and by light or dark.

Skips itself where Chromium or the front-end packages are missing. Pictures go to `build/screenshots/`.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(settings.BASE_DIR)
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "build" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


_running = []  # the stories use this fixture too, and one thread holds one driver


@pytest.fixture(scope="session")
def chromium():
    """One browser for the whole run."""
    if _running:
        yield _running[0]
        return
    if not CHROMIUM or not AXE.exists():
        pytest.skip("needs Chromium and the front-end packages")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's own event loop runs in this thread
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        _running.append(browser)
        yield browser
        _running.clear()
        browser.close()
    if before is None:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def open_page(chromium, live_server):
    """`open_page("/customers/", width=390, scheme="dark", javascript=True, cookies=…)`: a loaded page.

    `page.troubles` gathers what scripts threw and what the content policy refused.
    """
    contexts = []

    def open_one(path: str, *, width=1440, scheme="light", javascript=True, cookies=(), user_agent=None):
        phone = width < 600
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 844 if phone else 900},
            color_scheme=scheme,
            has_touch=phone,
            is_mobile=phone,
            java_script_enabled=javascript,
            reduced_motion="reduce",
            user_agent=user_agent,
        )
        contexts.append(context)
        context.add_cookies([{"url": live_server.url, **cookie} for cookie in cookies])
        if javascript:
            context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.troubles.append(message.text))
        page.goto(path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def staff_cookies(transactional_db, client) -> list[dict[str, str]]:
    """Cookies of Ada, who may do everything: pass them to `open_page`."""
    ada = get_user_model().objects.create_superuser("ada", "ada@example.com", "meadow-and-frost")
    client.force_login(ada)
    return [{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}]


@pytest.fixture
def faults_of() -> Callable[[object], list[str]]:
    """What is wrong with a page: refused scripts and styles, errors, sideways scrolling, and axe findings if `is_deep`."""

    axe = AXE.read_text()

    def find(page, *, is_deep=True) -> list[str]:
        faults = []
        if is_deep:
            page.evaluate(axe)
            found = page.evaluate(
                "(tags) => axe.run({runOnly: tags, resultTypes: ['violations'], preload: false})", STANDARDS
            )
            faults += [
                f"{violation['id']}: {' '.join(map(str, node['target']))}"
                for violation in found["violations"]
                for node in violation["nodes"]
            ]
        widths = SimpleNamespace(**page.evaluate("({page: document.documentElement.scrollWidth, screen: innerWidth})"))
        if widths.page > widths.screen:
            faults.append(f"scrolls sideways: {widths.page} px on {widths.screen} px")
        return faults + page.evaluate("window.__violations") + page.troubles

    return find


@pytest.fixture
def picture():
    """`picture(page, "login-390-dark")` stores the page as build/screenshots/login-390-dark.png."""

    def take(page, name: str) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return take
