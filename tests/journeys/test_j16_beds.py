"""J-16: a doctor asks for a step-up bed, the night team sees the beds as they are and accepts; the figures move."""

import pytest
from factories.places import PRACTICE, named

pytestmark = pytest.mark.browser
NEED = "Step-up, woman, nursing care"


@pytest.fixture
def night(page, sign_in):
    """The browser of the night team, beside the doctor's."""
    context = page.context.browser.new_context(viewport=page.viewport_size)
    tab = context.new_page()
    sign_in(tab, "grace")
    yield tab
    context.close()


def ask(page, find, axe) -> None:
    """What the doctor fills in, beginning at the person's record."""
    find(page, "Sally Brightwater")
    page.click(".record-hits a")
    page.click("text=Ask for a bed")
    page.click("text=Ask for this bed")
    assert "There is a problem" in page.inner_text("main")
    axe(page)
    page.check("input[name=direction][value=step-up]")
    page.check("input[name=short_hours][value='48']")
    page.check("input[name=level][value=nursing]")
    page.check("input[name=sex][value=female]")
    page.fill("#reason", "Dehydrated, can't be watched at home")
    axe(page)
    page.click("text=Ask for this bed")
    page.wait_for_url("**/beds/requests/*/")


def test_step_up_bed_is_asked_for_held_taken_and_left(page, place, sign_in, find, axe, night):
    """Given a doctor and the night team, when a bed is asked for, then it is held, taken and the share is seen."""
    sign_in(page, "fiona")
    ask(page, find, axe)
    assert NEED in page.inner_text("main")
    axe(page)

    night.goto(f"{place.address}/beds/")
    words = night.inner_text("main")
    assert NEED in words
    assert named(PRACTICE) in words
    assert "Brightwater" not in words, "the board hangs on walls"
    axe(night)
    night.click(f"text={NEED}")
    night.click("text=Every rule >> nth=0")
    assert "Passed" in night.inner_text(".door-checks >> nth=0")
    axe(night)
    night.click("text=Offer this bed >> nth=0")
    assert "Held until" in night.inner_text("main")
    axe(night)

    page.reload()
    page.click("text=Accept: reserve the bed")
    assert "Reserved" in page.inner_text("h2 >> nth=0")

    night.reload()
    night.click("text=They are in the bed")
    assert "48-hour review is due" in night.inner_text("main")
    night.goto(f"{place.address}/beds/?view=list")
    assert "Step-up share: 100 % (1 of 1 in a bed)" in night.inner_text("main")
    axe(night)
    night.click("tr:has-text('Occupied') a")
    night.click("text=They are ready to leave")
    night.select_option("#primary", "transport")
    axe(night)
    night.click("text=Keep the reason of today")
    assert "Waits for transport" in night.inner_text("main")
    night.click("text=They have left")
    assert "They left the bed" in night.inner_text("main")
    night.goto(f"{place.address}/beds/")
    assert "nobody is in a bed" in night.inner_text("main")

    night.click(".door-tile a >> nth=0")
    axe(night)
    night.click("text=Close this bed")
    assert "Say why the bed is closed" in night.inner_text("main")
