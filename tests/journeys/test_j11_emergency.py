"""J-11: an A&E doctor breaks the glass. Nothing clinical before, a banner during, closed after; all are told."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from factories.places import OTHER_PRACTICE, PRACTICE, SILENT_PRACTICE, named
from factories.senders import problem, surgery
from playwright.sync_api import Browser, Page

from oneplace import example
from oneplace.kernel.nhs_number import numbers_for_tests

pytestmark = pytest.mark.browser
CLINICAL = ("llerg", "Penicillin", "asthma", "sertraline", "Problems", "Medicine", "Timeline")
MOVE = (
    "import sys; from datetime import timedelta; from oneplace.site import database;"
    "database.start_up(False, print); from oneplace.place.actions import move_clock;"
    "move_clock(offset=timedelta(minutes=int(sys.argv[1])), by='test')"
)


@pytest.fixture
def move_clock(place) -> Iterator[Callable[[int], None]]:
    """Move the business clock of the demo by minutes; it is put back at the end."""

    def move(minutes: int) -> None:
        told = {"ONEPLACE_HOME": str(place.home), "ONEPLACE_DEMO": "1", "ONEPLACE_DATABASE_URL": ""}
        subprocess.run([sys.executable, "-c", MOVE, str(minutes)], check=True, env=os.environ | told)

    yield move
    move(0)


@pytest.fixture
def officer(browser: Browser, page: Page, sign_in) -> Iterator[Page]:
    """The privacy officer, at another screen of the same width."""
    context = browser.new_context(viewport=page.viewport_size)
    made = context.new_page()
    sign_in(made, "colm")
    yield made
    context.close()


def found(page: Page, find, who: str) -> None:
    """Search for somebody of the stories by NHS number and open what was found."""
    find(page, example.story_numbers()[who])
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")


def declare(page: Page, text: str) -> None:
    page.click("main a:has-text('Emergency access')")
    page.check("text=A life is in danger")
    page.fill("#text", text)
    if page.locator("#refusal_reason").count():
        page.fill("#refusal_reason", "She is unconscious and would die without this.")
    page.click("text=Declare and open the record")
    page.wait_for_load_state()
    if page.url.endswith("/emergency/") or "/confirm/" in page.url:
        page.click("text=Confirm with one click")
    page.wait_for_selector(".record-emergency")


def end(page: Page) -> None:
    page.click(".record-emergency a")
    page.click("text=End the emergency access now")
    page.wait_for_selector("[role=status]:has-text('has ended')")


def test_doctor_declares_and_the_record_opens_under_a_banner_until_it_ends(
    page, sign_in, find, axe, officer, move_clock, place
):
    """Given a person who has no tie to A&E, when the doctor declares, it opens for an hour; the officer hears of it."""
    officer.goto(f"{place.address}/emergency-access/")
    unread = officer.get_attribute("[data-unread]", "data-unread")
    sign_in(page, "isla")
    found(page, find, "becky")
    assert page.inner_text("h1.nhsuk-heading-l") == "You may not open this record"
    for word in CLINICAL:
        assert word not in page.inner_text("main")
    axe(page)
    address = page.url
    page.click("main a:has-text('Emergency access')")
    for word in CLINICAL:
        assert word not in page.inner_text("main")
    axe(page)
    page.click("text=Declare and open the record")
    confirm(page)
    page.wait_for_selector("[role=alert]")
    axe(page)
    page.goto(address)
    declare(page, "Collapsed in the waiting room, no history known.")
    assert "60 minutes" in page.inner_text(".record-emergency")
    assert "enicillin" in page.inner_text("main")
    axe(page)
    officer.wait_for_selector(f'[data-unread]:not([data-unread="{unread}"])')
    page.goto(f"{address}why/")
    assert "You declared an emergency" in page.inner_text("main")
    assert page.locator(".record-emergency").count() == 1
    axe(page)
    page.clock.install()
    page.goto(address)
    move_clock(61)
    page.clock.fast_forward("01:01:00")  # the open page closes itself, and the server agrees
    page.wait_for_selector("text=You may not open this record")
    assert "enicillin" not in page.inner_text("body")
    assert page.locator(".record-emergency").count() == 0
    declare(page, "Still unconscious, the first hour is over.")
    end(page)
    assert page.inner_text("h1.nhsuk-heading-l") == "You may not open this record"
    move_clock(0)
    page.goto(address)
    end(page)  # the clock was put back: the first hour runs again
    reviewed(officer, axe, place, address.rstrip("/").rpartition("/")[2])
    told(page, axe, place)


def reviewed(officer: Page, axe, place, person: str) -> None:
    """The officer reads of both, finds what was opened, keeps the outcome, and reports to the practice."""
    officer.goto(f"{place.address}/messages/")
    assert "Dr Isla Marchbank" in officer.inner_text("main")
    axe(officer)
    officer.goto(f"{place.address}/emergency-access/")
    axe(officer)
    assert "Marlowe" not in officer.inner_text("main").title()
    officer.locator("tbody tr", has_text=person).last.locator("th a").click()
    officer.wait_for_selector("text=What did you find?")
    words = officer.inner_text("main")
    assert "open record" in words
    assert "explain access" in words
    assert named(PRACTICE) in words
    axe(officer)
    officer.check("#outcome-justified")
    officer.fill("#note", "Rang the department")
    officer.click("text=Keep")
    officer.wait_for_selector("[role=status]:has-text('Kept')")
    officer.goto(f"{place.address}/emergency-access/controllers/?controller={PRACTICE}")
    assert "Dr Isla Marchbank" in officer.inner_text("tbody")
    assert officer.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    axe(officer)


def told(page: Page, axe, place) -> None:
    """The person reads of it among those who have looked."""
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=becky]")
    page.wait_for_selector("text=Sign out")
    page.goto(f"{place.address}/who-has-looked/")
    words = page.inner_text("main")
    assert "Emergency access" in words
    assert "A&E clinician" in words
    assert "Isla" not in words
    axe(page)


def confirm(page: Page) -> None:
    """A fresh proof of identity, where it is asked for."""
    page.wait_for_load_state()
    if page.locator("text=Confirm with one click").count():
        page.click("text=Confirm with one click")


def test_practice_without_an_agreement_stays_unseen_even_then(page, sign_in, find, axe):
    """Given a person of a practice that shares nothing, an emergency opens what the hospital holds, and no more."""
    sign_in(page, "isla")
    found(page, find, "norman")
    declare(page, "Cannot speak, one side weak.")
    words = page.inner_text("main")
    assert "Cerebral infarction" in words
    for unseen in ("Tiotropium", "tiotropium", "Penicillin", "clopidogrel", "Stroke review"):
        assert unseen not in words
    assert f"{named(SILENT_PRACTICE)} does not share here" in words
    axe(page)
    end(page)


def test_role_that_is_not_clinical_never_meets_the_button(page, sign_in, find, axe, tmp_path, ingest):
    """Given an administrator who may trace a person, the locked page offers the ways that work, and no emergency."""
    width = page.viewport_size["width"]
    number = next(numbers_for_tests(700_000 + width))
    message = tmp_path / "quill.json"
    told = {"family": "Quill", "given": "Ada", "number": number, "local": f"q{width}"}
    message.write_bytes(surgery(problem(f"q{width}"), code=OTHER_PRACTICE, **told))
    assert ingest(message) == 0
    sign_in(page, "miles")
    find(page, number)
    page.click(".record-hits a")
    page.wait_for_selector("text=You may not open this record")
    assert page.locator("text=Emergency access").count() == 0
    axe(page)
