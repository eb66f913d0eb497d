"""A real server with the story people in it, and a real browser before it. Each page that is met passes axe."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories.places import FOLDER
from playwright.sync_api import Browser, Page, sync_playwright

_PLACES = (os.environ.get("CHROMIUM", ""), "/usr/bin/chromium", "/usr/bin/chromium-browser")
BROWSER = next((path for path in _PLACES if path and Path(path).exists()), "")
COMMAND = Path(sys.executable).with_name("oneplace")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = {"phone": 390, "desktop": 1280}


@dataclass
class Place:
    """The running example place."""

    address: str
    home: Path


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The example place with sixty people, served by the real server."""
    if not BROWSER:
        pytest.skip("no Chromium: on Debian or Ubuntu, apt install chromium")
    home = tmp_path_factory.mktemp("demo") / "home"
    words = ["demo", "--once", "--people", "60", "--home", str(home), "--place", str(FOLDER)]
    subprocess.run([COMMAND, *words], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"ONEPLACE_HOME": str(home), "ONEPLACE_DEMO": "1", "ONEPLACE_DATABASE_URL": ""}
    server = subprocess.Popen([COMMAND, "serve", "--port", str(port), "--workers", "1"], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/sign-in/")
        yield Place(address, home)
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(address: str) -> None:
    for _ in range(150):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not answer within half a minute")


@pytest.fixture(scope="session")
def browser(place: Place) -> Iterator[Browser]:
    """Chromium; each test has a context of its own. Playwright's loop runs on beside tests of the database, which
    Django would refuse as unsafe: they never run at once.
    """
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page at phone and at desktop width; anything that the console calls an error fails the test."""
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 900})
    errors: list[str] = []
    made = context.new_page()
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda told: errors.append(told.text) if "Content Security Policy" in told.text else None)
    yield made
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """Fails with what axe finds against WCAG 2.2 AA on the page as it stands."""
    import axe_playwright_python

    script = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()

    def check(page: Page) -> None:
        page.evaluate(script)  # the page's own policy refuses script tags
        found = page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found["violations"]] == []

    return check


@pytest.fixture
def sign_in(place: Place) -> Callable[[Page, str], None]:
    """One click as one of the demo's staff."""

    def click(page: Page, who: str) -> None:
        page.goto(f"{place.address}/sign-in/")
        page.click(f"button[value={who}]")
        page.wait_for_url(f"{place.address}/")

    return click


@pytest.fixture
def ingest(place: Place) -> Callable[[Path], int]:
    """Take in a file as the operator does; returns the exit code."""

    def run(path: Path) -> int:
        environment = os.environ | {"ONEPLACE_HOME": str(place.home), "ONEPLACE_DATABASE_URL": ""}
        return subprocess.run([COMMAND, "ingest", str(path), "--json"], env=environment, capture_output=True).returncode

    return run


@pytest.fixture
def find(place: Place) -> Callable[[Page, str], None]:
    """Type into the search of the People page and press Enter."""

    def search(page: Page, text: str) -> None:
        page.goto(f"{place.address}/people/")
        page.fill("#person-text", text)
        page.press("#person-text", "Enter")
        page.wait_for_url("**/people/?search=*")

    return search
