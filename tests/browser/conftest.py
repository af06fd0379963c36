"""A real Chromium against a live server: pages as people meet them, by width and by light or dark.

Skips itself where Chromium or the front-end packages are missing. With PICTURES=1 in the environment pictures of the pages go
to `build/screenshots/`; in CI nobody looks at them.
"""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.signals import request_finished, request_started

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
# The page is loaded, no htmx request is under way, nothing is being swapped or moves, and every chart is drawn; and so it has
# been for a quarter of a second, so that what the load set going has begun.
SETTLED = """() => {
  const still = document.readyState === "complete"
    && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")
    && document.getAnimations().every((item) => item.playState !== "running" || item.effect.getTiming().iterations === Infinity)
    && (!document.querySelector("script[data-echarts]") || [...document.querySelectorAll("figure[data-chart]")].every((figure) =>
      !document.getElementById(figure.dataset.chart) || !figure.querySelector("[data-chart-canvas]:not(:has(canvas))")));
  window.__stillSince = still ? window.__stillSince ?? performance.now() : null;
  return still && performance.now() - window.__stillSince > 250;
}"""
CUT_OFF = ("htmx:afterRequest, ", "htmx:sendError, ", "htmx:sendAbort, ")
PATIENCE = 60_000  # milliseconds; on a busy machine a page may take many seconds
playwright.expect.set_options(timeout=PATIENCE)


def settled(page):
    """Wait until the page stands still; use it before a look that does not wait by itself. Needs scripts."""
    page.wait_for_function(SETTLED)


def is_trouble(message) -> bool:
    """An error on the console; not what htmx says when somebody leaves a page that is still loading a part.

    Refused answers and refused addresses are said by other messages.
    """
    return message.type == "error" and not message.text.startswith(CUT_OFF)


class InFlight:
    """Requests that the live server is answering."""

    def __init__(self):
        self.count, self.changed = 0, threading.Condition()

    def step(self, by):
        with self.changed:
            self.count += by
            self.changed.notify_all()

    def started(self, **_signal):
        self.step(1)

    def finished(self, **_signal):
        self.step(-1)

    def wait(self):
        with self.changed:
            self.changed.wait_for(lambda: self.count <= 0, timeout=PATIENCE / 1000)


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
def open_page(chromium, live_server, transactional_db):
    """`open_page("/customers/", width=390, scheme="dark", javascript=True, cookies=…)`: a page that stands still.

    `page.troubles` gathers what scripts threw and what the content policy refused. Afterwards nothing is under way any more:
    a late request would write into the next test's database.
    """
    contexts, in_flight = [], InFlight()
    request_started.connect(in_flight.started)
    request_finished.connect(in_flight.finished)

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
        page.set_default_timeout(PATIENCE)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda message: is_trouble(message) and page.troubles.append(message.text))
        page.goto(path)
        if javascript:
            settled(page)
        return page

    yield open_one
    for context in contexts:
        context.close()
    in_flight.wait()
    request_started.disconnect(in_flight.started)
    request_finished.disconnect(in_flight.finished)


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
        settled(page)
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
    """`picture(page, "login-390-dark")` stores the page as build/screenshots/login-390-dark.png, if pictures are wanted."""

    def take(page, name: str) -> None:
        if os.environ.get("PICTURES"):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return take
