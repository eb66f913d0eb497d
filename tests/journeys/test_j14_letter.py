"""J-14: a hospital's discharge letter arrives, is matched to the person, opened in place, and filed by the practice."""

import secrets

import pytest

from oneplace import example
from oneplace.place import folder

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


def test_letter_that_fits_nobody_for_certain_waits_with_a_human(page, sign_in, find, place, axe, tmp_path, ingest):
    """Given Jo's number on a letter about another name and birthday, then it is held apart for the data manager."""
    about_jo = [one.raw for one in example.generate(folder.read(), example.story_size()) if b"Garraway" in one.raw]
    letter = next(raw for raw in about_jo if b"<Composition>" in raw and TITLE.encode() in raw)
    born = letter.partition(b'<birthDate value="')[2][:10]
    family = f"Kestrel{secrets.token_hex(3)}"
    told = letter.replace(b"Garraway", family.encode()).replace(b"Joanne", b"Philippa").replace(born, b"1988-03-04")
    patient = letter.partition(b"<Patient><id value=")[2][1:37]
    path = tmp_path / "letter.xml"
    path.write_bytes(told.replace(patient, patient[:-6] + secrets.token_hex(3).encode()))
    assert ingest(path) == 0
    sign_in(page, "priti")
    page.goto(f"{place.address}/linkage/?show=held")
    cases = [one.get_attribute("href") for one in page.locator(".record-hit a").all()]
    found = False
    for address in cases:
        page.goto(f"{place.address}{address}")
        found = found or family.lower() in page.inner_text("main").lower()
    assert found
    axe(page)
    sign_in(page, "fiona")
    find(page, "Joanne Garraway")
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")
    assert family.lower() not in page.inner_text("main").lower()
    page.goto(f"{place.address}/letters/")
    assert family.lower() not in page.inner_text("main").lower()
