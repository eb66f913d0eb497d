"""The privacy officer: searches the ledger, opens a report, and marks a pattern as looked at."""

import pytest
from factories import wire
from factories.places import PRACTICE
from factories.senders import surgery

pytestmark = pytest.mark.browser
FLAG = wire.clinical("Flag", code=wire.concept("1", "Dog at the door"), status="active")


def test_unusual_look_is_found_explained_and_dealt_with(page, sign_in, place, axe, tmp_path, ingest, find):
    """Given a GP who opens somebody of her own family name, the officer finds it, reads the rule, and marks it."""
    width = page.viewport_size["width"]
    message = tmp_path / "carrow.json"
    told = {"family": "Carrow", "given": f"Ada{'x' * (width % 3)}", "number": "", "local": f"c{width}"}
    message.write_bytes(surgery(FLAG | {"id": f"c{width}"}, code=PRACTICE, **told))
    assert ingest(message) == 0
    sign_in(page, "fiona")
    find(page, f"{told['given']} Carrow")
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")
    sign_in(page, "colm")
    page.goto(f"{place.address}/access-reports/")
    axe(page)
    page.click("text=Look through the last seven days now")
    page.wait_for_selector("[role=status]")
    page.wait_for_selector("text=Own family name")
    axe(page)
    assert "Carrow, Ada" not in page.inner_text("main")
    page.locator("tbody a", has_text="Own family name").first.click()
    page.wait_for_selector("text=What do you make of it?")
    assert "Dr Fiona Carrow" in page.inner_text("main")
    assert "few people here do" in page.inner_text("main")
    axe(page)
    page.click("text=Keep")
    page.wait_for_selector("[role=alert]")
    axe(page)
    page.check("#outcome-fine")
    page.fill("#note", "Her own registered patient, no kin")
    page.click("text=Keep")
    page.wait_for_selector("[role=status]")
    assert "Kept, with your note" in page.inner_text("[role=status]")
    page.goto(f"{place.address}/access-reports/?show=done")
    assert "fine" in page.inner_text("tbody")
    axe(page)


def test_officer_searches_the_ledger_by_person_and_by_staff(page, sign_in, place, axe, find):
    """Given a look at Mary's record, her number leads to it without her name; the reader's name leads to it too."""
    sign_in(page, "fiona")
    find(page, "Mary Tillotson")
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")
    number = page.inner_text(".record-banner dt:has-text('NHS number') + dd").splitlines()[0][:12]
    sign_in(page, "colm")
    page.goto(f"{place.address}/ledger/")
    axe(page)
    page.fill("#find-text", "Fiona")
    page.click("text=Find")
    page.wait_for_selector("text=By Dr Fiona Carrow")
    assert "open record" in page.inner_text("main")
    axe(page)
    page.fill("#find-text", "9990000034")
    page.click("text=Find")
    page.wait_for_selector("h1")
    axe(page)
    page.goto(f"{place.address}/ledger/")
    page.fill("#find-text", number)
    page.click("text=Find")
    page.wait_for_selector("text=also in lists that showed it")
    assert "Tillotson" not in page.inner_text("main")
    axe(page)
    page.goto(f"{place.address}/ledger/?since=2026-02-02&until=2026-02-01")
    assert "last day is before the first" in page.inner_text("main")
    axe(page)
