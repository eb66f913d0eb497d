"""J-22, the person's part: their own record, who looked, and what others see; a daughter as far as was agreed."""

import pytest
from factories.places import COMMUNITY, HOSPITAL, PRACTICE, named
from factories.signing_in import PASSWORD

pytestmark = pytest.mark.browser
BIRTH = "Labour and birth"
"""What the hospital wrote of Becky and her practice did not."""


@pytest.fixture
def surgery(page, sign_in):
    """Dr Carrow's browser, with Becky's record open."""
    context = page.context.browser.new_context(viewport=page.viewport_size)
    tab = context.new_page()
    sign_in(tab, "fiona")
    yield tab
    context.close()


def choose(page, place, share: str, axe) -> None:
    """What Becky does to have everything shared, or not."""
    page.goto(f"{place.address}/sharing/")
    page.click("a[href='/sharing/everything/']")
    axe(page)
    page.check(f"#share-{share}")
    page.click("text=Go on")
    assert "Is this right?" in page.inner_text("h1")
    axe(page)
    page.click("main form button")
    page.wait_for_url("**/sharing/")


def test_person_sees_her_record_who_looked_and_closes_it_to_an_open_tab(page, place, sign_in, find, axe, surgery):
    """Given Becky and her doctor with her record open, when she says no, then the next page shows it no more."""
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=becky]")
    page.wait_for_url("**/my-record/")
    words = page.inner_text("main")
    assert BIRTH in words
    assert named(HOSPITAL) in words
    assert "Rather by telephone?" in words
    axe(page)
    page.locator("#encounters a[href*='/items/']", has_text="Obstetrics").first.click()
    assert "Who told this" in page.inner_text("main")
    axe(page)
    choose(page, place, "yes", axe)

    find(surgery, "Rebecca Marlowe")
    surgery.click(".record-hits a")
    surgery.wait_for_selector(".record-banner")
    assert BIRTH in surgery.inner_text("main")

    choose(page, place, "no", axe)
    assert "Not shared" in page.inner_text("main")
    axe(page)
    surgery.reload()
    after = surgery.inner_text("main")
    assert "Asthma" in after, "what the practice wrote itself stays open to it"
    assert BIRTH not in after
    assert "Thackeray" not in after

    page.click("text=Who has looked")
    looked = page.inner_text("main")
    assert named(PRACTICE) in looked
    assert "you are registered with" in looked
    assert "Carrow" not in looked
    axe(page)

    page.goto(f"{place.address}/sharing/")
    page.click("text=Undo this change")
    assert "Taken back" in page.inner_text("main")
    surgery.reload()
    assert BIRTH in surgery.inner_text("main")


def test_daughter_sees_what_was_agreed_and_nothing_else(page, place, axe):
    """Given Karen, whose mother agreed to plans and community notes, then she sees these, and nobody else."""
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=karen]")
    page.wait_for_url("**/my-record/")
    words = page.inner_text("main")
    assert "The record of Sally Brightwater" in words
    assert named(COMMUNITY) in words
    assert "Grace Adeyemi" in words
    for hidden in ("Dementia", "COPD", "Chronic obstructive", named(HOSPITAL), "None recorded"):
        assert hidden not in words
    axe(page)
    assert page.locator(".op-nav a").all_inner_texts() == ["My record", "Sharing"]
    for address, status in (("/who-has-looked/", 403), ("/people/", 403), ("/sharing/everything/", 404)):
        assert page.goto(place.address + address).status == status
    page.goto(f"{place.address}/sharing/")
    assert "decided by Sally Brightwater" in page.inner_text("main")
    axe(page)


def test_practice_lets_a_nephew_see_visits_and_ends_it(page, place, sign_in, find, axe):
    """Given Ethel Walker and her nephew at the desk, then a link shows him her visits, until Rosa ends it."""
    name = f"nephew-{page.viewport_size['width']}"
    sign_in(page, "rosa")
    find(page, "Ethel Walker")
    page.click(".record-hits a")
    page.click("text=Their own access")
    own_people = page.url
    page.click("a:has-text('Give somebody who acts')")
    page.click("text=Confirm with one click")
    page.click("button:has-text('Give them access')")
    assert "There is a problem" in page.inner_text("main")
    axe(page)
    page.fill("#name", f"Jack {name}")
    page.fill("#username", name)
    page.check("#check_made")
    page.fill("#how", "passport, seen today")
    page.check("#authority")
    page.check("text=Hospital record")
    page.check("#visits_only")
    page.click("button:has-text('Give them access')")
    link = page.inner_text("#link")
    axe(page)

    context = page.context.browser.new_context(viewport=page.viewport_size)
    guest = context.new_page()
    guest.goto(link)
    guest.fill("#id_new_password1", PASSWORD)
    guest.fill("#id_new_password2", PASSWORD)
    guest.click("text=Keep this password")
    guest.wait_for_url("**/my-record/")
    words = guest.inner_text("main")
    assert "The record of Ethel Walker" in words
    assert "Visits and booked contacts only" in words
    assert "COPD" not in words
    axe(guest)

    page.goto(own_people)
    page.click(f"text=End the access of Jack {name}")
    page.fill("#reason", "she asked for it")
    axe(page)
    page.click("text=End it now")
    assert "she asked for it" in page.inner_text("main")
    guest.reload()
    assert "no record here that you may see" in guest.inner_text("main")
    context.close()


def test_sharing_is_chosen_without_javascript(browser, place):
    """Given a phone without JavaScript, then a choice is kept and taken back all the same."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=becky]")
    page.goto(f"{place.address}/sharing/hiv/")
    page.check("#share-no")
    page.click("text=Go on")
    page.click("main form button")
    assert "Kept: HIV" in page.inner_text("main")
    page.click("text=Undo this change")
    assert "Taken back" in page.inner_text("main")
    context.close()
