"""Linkage review, part of J-11's record that can be trusted: a case judged and taken back, a merge undone."""

import pytest
from factories import wire
from factories.places import COMMUNITY
from factories.senders import surgery

pytestmark = pytest.mark.browser
FLAG = wire.clinical("Flag", code=wire.concept("1", "Dog at the door"), status="active")


def message(tmp_path, key: str, **told) -> object:
    path = tmp_path / f"{key}.json"
    path.write_bytes(surgery(FLAG | {"id": key}, code=COMMUNITY, local=key, **told))
    return path


def test_case_is_judged_and_taken_back(page, sign_in, place, axe, tmp_path, ingest):
    """Given a message with another surname, the data manager sees both sides, decides with a reason, and undoes it."""
    key = f"case{page.viewport_size['width']}"
    told = {"number": "9990000042", "family": f"Smythe{'x' * (page.viewport_size['width'] % 3)}", "born": "1943-01-11"}
    assert ingest(message(tmp_path, key, given="Mary", **told)) == 0
    sign_in(page, "priti")
    page.goto(f"{place.address}/linkage/?show=provisional")
    axe(page)
    page.click("text=Same NHS number and date of birth, another surname")
    page.wait_for_selector("text=One person or two?")
    words = page.inner_text("main").lower()
    assert "smythe" in words
    assert "tillotson" in words
    axe(page)
    page.click("text=Two people: keep apart")
    page.wait_for_selector("text=There is a problem")
    assert "Say why" in page.inner_text("main")
    axe(page)
    page.fill("#reason", "rang the practice")
    page.click("text=Two people: keep apart")
    page.wait_for_selector("[role=status]")
    assert "rang the practice" in page.inner_text("main")
    before = page.inner_text("h2.record-count")
    page.locator("text=Take back").first.click()
    page.wait_for_selector("text=Taken back: the records stand")
    assert page.inner_text("h2.record-count") != before
    axe(page)


def test_merge_by_hand_is_undone(page, sign_in, place, axe, tmp_path, ingest):
    """Given two records of one person, they are linked by hand, and stand as before once that is taken back."""
    width = page.viewport_size["width"]
    one, other = (f"m{width}{letter}" for letter in "ab")
    for key, family in ((one, "Alder"), (other, "Birch")):
        assert ingest(message(tmp_path, key, number="", family=family, born=None)) == 0
    sign_in(page, "priti")
    page.goto(f"{place.address}/linkage/merge/")
    axe(page)
    page.fill("#id_source", COMMUNITY)
    page.fill("#id_local_id", one)
    page.fill("#id_other_source", COMMUNITY)
    page.fill("#id_other_local_id", "nobody")
    page.fill("#id_reason", "one woman, two forms")
    page.click("button:has-text('Link them')")
    page.wait_for_selector("text=There is a problem")
    axe(page)
    page.fill("#id_other_local_id", other)
    page.click("button:has-text('Link them')")
    page.wait_for_selector("text=Linked. Take it back")
    page.locator("text=Take back").first.click()
    page.wait_for_selector("text=Taken back: the records stand")
    page.goto(f"{place.address}/linkage/quality/")
    assert "By ethnic category" in page.inner_text("main")
    axe(page)


def test_others_do_not_judge_links(page, sign_in, place):
    """Identity work is the data manager's."""
    sign_in(page, "fiona")
    assert page.goto(f"{place.address}/linkage/").status == 403
