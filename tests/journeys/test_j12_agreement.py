"""J-12: a practice signs its sharing agreement. Its patients' records open at the next read, and close the same day."""

import re

import pytest
from factories.places import SILENT_PRACTICE, named, practices

pytestmark = pytest.mark.browser
OF_THE_PRACTICE = "Tiotropium"  # what only Norman's practice knows


@pytest.fixture
def second(browser, page):
    """A colleague's own browser, as wide as the first."""
    context = browser.new_context(viewport=page.viewport_size)
    yield context.new_page()
    context.close()


def sharing(page, place) -> tuple[int, int]:
    """How many practices share, and how many there are, as the board says."""
    page.goto(f"{place.address}/agreements/")
    found = re.search(r"(\d+) of (\d+) practices share", page.inner_text("main"))
    assert found
    return int(found[1]), int(found[2])


def prove(page) -> None:
    """A fresh proof of who it is, where one is asked for: one click in the demo."""
    if "/confirm/" in page.url:
        page.click("text=Confirm with one click")
        page.wait_for_url("**/agreements/**")


def sign(page, place, axe) -> None:
    """The privacy officer keeps that the practice signed today."""
    page.goto(f"{place.address}/agreements/{SILENT_PRACTICE}/")
    axe(page)
    page.click("main a.nhsuk-button")
    prove(page)
    axe(page)
    page.click("button >> text=Go on")
    page.wait_for_selector("[role=alert]")
    assert "Enter who signed" in page.inner_text("[role=alert]")
    page.fill("#signatory", "Dr Owen Pascall")
    page.fill("#signatory_role", "Caldicott Guardian")
    page.click("button >> text=Go on")
    assert "Check before it counts" in page.inner_text("main")
    axe(page)
    page.click("text=Keep it")
    page.wait_for_selector("[role=status]")


def end(page, place, axe) -> None:
    """The privacy officer ends it again."""
    page.goto(f"{place.address}/agreements/{SILENT_PRACTICE}/")
    page.locator("main a", has_text="End this agreement").last.click()
    prove(page)
    axe(page)
    page.fill("#reason", "The practice has left the place")
    page.locator("main button").click()
    page.wait_for_selector("[role=status]")


def test_signing_opens_the_practices_records_at_the_next_read_and_ending_hides_them(
    page, second, place, sign_in, find, axe
):
    """Given a nurse who knows Norman and a practice that has signed nothing, when it signs, her open tab shows what it
    holds at the next read; when that is ended, it is gone at the next, and the board counts both."""
    sign_in(second, "grace")
    find(second, "Norman Tasker")
    second.locator("main a[href^='/people/']").first.click()
    assert OF_THE_PRACTICE not in second.inner_text("main")
    assert "does not share here" in second.inner_text("main")

    sign_in(page, "colm")
    before, all_of_them = sharing(page, place)
    axe(page)
    assert all_of_them == len(practices())
    sign(page, place, axe)
    assert sharing(page, place) == (before + 1, all_of_them)

    second.reload()
    assert OF_THE_PRACTICE in second.inner_text("main")
    assert named(SILENT_PRACTICE) in second.inner_text("main")

    end(page, place, axe)
    assert sharing(page, place) == (before, all_of_them)
    second.reload()
    assert OF_THE_PRACTICE not in second.inner_text("main")


def test_only_who_keeps_agreements_meets_them(page, place, sign_in):
    """A GP finds no way to the board, nor to signing."""
    sign_in(page, "fiona")
    assert "Agreements" not in page.inner_text("nav")
    for path in ("", f"{SILENT_PRACTICE}/", f"{SILENT_PRACTICE}/sign/", "templates/new/"):
        assert page.goto(f"{place.address}/agreements/{path}").status == 403
