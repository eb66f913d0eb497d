"""J-14: a hospital's discharge letter arrives, is matched to the person, opened in place, and filed by the practice."""

import pytest

pytestmark = pytest.mark.browser

TITLE = "Discharge summary, Acute Medical Unit"


def test_discharge_letter_stands_among_the_persons_documents_and_opens_in_place(page, sign_in, find, axe):
    """Given the hospital's letter about Jo Garraway, then her record shows it, and it opens with its sections."""
    sign_in(page, "fiona")
    find(page, "Joanne Garraway")
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")
    documents = page.locator("section", has=page.locator("h2", has_text="Documents"))
    assert TITLE in documents.first.inner_text()
    axe(page)
    documents.first.locator("a", has_text=TITLE).first.click()
    page.wait_for_selector("text=Where this comes from")
    words = page.inner_text("main")
    for section in ("Clinical summary", "Diagnoses", "Discharge details", "Plan and requested actions"):
        assert section in words, section
    assert "GARRAWAY, Joanne" in page.inner_text(".record-banner")
    axe(page)


def test_practice_files_the_letter_and_takes_it_back(page, sign_in, place, axe):
    """Given the letter waits for her practice, when Fiona files it, then it stands under Filed, and comes back."""
    sign_in(page, "fiona")
    page.goto(f"{place.address}/letters/")
    waiting = page.locator(".record-hit", has_text="GARRAWAY").filter(has_text=TITLE)
    assert waiting.count() == 1
    assert waiting.locator("select").input_value() == "Discharge summary"
    axe(page)
    waiting.locator("button").click()
    page.wait_for_selector("text=Filed as discharge summary")
    page.goto(f"{place.address}/letters/?show=filed")
    filed = page.locator(".record-hit", has_text="GARRAWAY").filter(has_text=TITLE)
    assert "Dr Fiona Carrow" in filed.inner_text()
    axe(page)
    filed.locator("button").click()
    page.wait_for_selector("text=Taken back")


def test_gp_of_another_practice_is_not_shown_the_letter(page, sign_in, place, axe):
    """Given Ruth's practice doesn't have Jo on its list, then the letter isn't among its letters."""
    sign_in(page, "ruth")
    page.goto(f"{place.address}/letters/")
    assert "GARRAWAY" not in page.inner_text("main").upper()
    axe(page)
