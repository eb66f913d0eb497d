"""J-03, its first step: whoever cares for Mary sees one record, told by three organisations."""

import pytest
from factories.places import COMMUNITY, HOSPITAL, PRACTICE, named

pytestmark = pytest.mark.browser


def test_gp_opens_mary_and_sees_every_source_with_its_age(page, sign_in, find, axe):
    """Given Fiona, when she finds Mary, then one page tells what practice, hospital and community know."""
    sign_in(page, "fiona")
    axe(page)
    find(page, "Mary Tillotson")
    axe(page)
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")
    banner = page.inner_text(".record-banner")
    assert "TILLOTSON, Mary" in banner
    assert "999 000" in banner  # spaced 3-3-4
    for heading in ("Allergies", "Problems", "Medicines", "Results", "Timeline", "Encounters", "Documents", "Sources"):
        assert page.locator("h2", has_text=heading).count() >= 1, heading
    words = page.inner_text("main")
    for source in map(named, (PRACTICE, COMMUNITY, HOSPITAL)):
        assert source in words
    assert "years ago" in words
    assert "months ago" in words
    assert page.locator("svg").count() >= 3  # the small trend pictures
    axe(page)


def test_triage_view_is_another_arrangement_of_the_same_record(page, sign_in, find, axe):
    """Given Asha at the point of referral, then her view opens first, without a change of code."""
    sign_in(page, "asha")
    find(page, "Sally Brightwater")
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")
    assert "Current medicines" in page.inner_text("main")
    axe(page)


def test_result_opens_with_its_points_and_its_source(page, sign_in, find, axe):
    """One entry tells where it stands in the message that brought it."""
    sign_in(page, "fiona")
    find(page, "Mary Tillotson")
    page.click(".record-hits a")
    page.locator("a[href*='/items/']").first.click()
    page.wait_for_selector("text=Where this comes from")
    words = page.inner_text("main")
    assert "SHA-256" in words
    axe(page)
