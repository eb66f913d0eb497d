"""J-10: in a GP's day nobody is lost to a slip of the finger, and nobody is found who isn't the reader's to find."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("typed", ["Tilotson", "tillotson mary", "TILLOTSEN, Mary", "11/01/1943", "999 000 0042"])
def test_search_finds_mary_however_she_is_typed(page, sign_in, find, axe, typed):
    """Given a mistyped name, a birth date or a number, then Mary is found, and the page says why."""
    sign_in(page, "fiona")
    find(page, typed)
    assert "TILLOTSON, Mary" in page.inner_text(".record-hits")
    axe(page)


def test_gp_of_another_practice_finds_no_one_by_name_and_a_locked_record(page, sign_in, find, place, axe):
    """Given Ruth elsewhere, then a name alone doesn't find Mary, and at her address nothing of her record is shown."""
    sign_in(page, "fiona")
    find(page, "Mary Tillotson")
    address = page.get_attribute(".record-hits a", "href")
    sign_in(page, "ruth")
    find(page, "Mary Tillotson")
    assert "Nobody found" in page.inner_text("main")
    axe(page)
    answer = page.goto(f"{place.address}{address}")
    assert answer.status == 403
    told = page.inner_text("main")
    assert "You may not open this record" in told
    assert "The ways that work" in told
    assert page.locator(".record-panel, table, .record-fresh").count() == 0
    axe(page)
    find(page, "999 000 0042")
    assert "TILLOTSON, Mary" in page.inner_text(".record-hits")


def test_what_is_typed_never_stands_in_an_address(page, sign_in, find):
    """No person data in URLs."""
    sign_in(page, "fiona")
    find(page, "Tillotson 11/01/1943")
    assert "illotson" not in page.url
    assert "1943" not in page.url


def test_nothing_found_says_why_and_what_to_do(page, sign_in, find, axe):
    """An empty answer is not a dead end."""
    sign_in(page, "fiona")
    find(page, "Zzyzx Qwertz")
    words = page.inner_text("main")
    assert "Nobody found" in words
    assert "What you can do" in words
    axe(page)
