"""J-22, who sees what: seven roles meet one person, and each sees exactly what they may."""

import json
from datetime import date

import pytest
from factories.places import HOSPITAL, named

pytestmark = pytest.mark.browser
CLINICAL = ("Asthma", "Salbutamol", "Anxiety", "Labour and birth", "Ferrous")


@pytest.fixture
def born(place) -> str:
    """Becky's date of birth: the demo's people are as old as on the day that it was made."""
    today = date.fromisoformat(json.loads((place.home / "demo.json").read_text())["today"])
    return f"11/02/{today.year - 23}"


@pytest.fixture
def address(page, sign_in, find) -> str:
    """The address of Becky's record, as her practice knows it."""
    sign_in(page, "fiona")
    find(page, "Rebecca Marlowe")
    return page.locator(".record-hits a").first.get_attribute("href")


def hits(page) -> int:
    return page.locator(".record-hits a").count()


def hidden(page, *more: str) -> None:
    """Nothing clinical of Becky is on the page, not even folded away."""
    words = page.locator("main").text_content().casefold()
    assert [word for word in (*CLINICAL, *more) if word.casefold() in words] == []


def test_each_role_sees_exactly_what_it_may(page, place, sign_in, find, axe, address, born):
    """One after the other they come to Becky's record, by search and by its address."""
    record = place.address + address

    for who in ("vikram", "yusuf"):  # a commissioner and an analyst find no one
        sign_in(page, who)
        assert "People" not in page.locator(".op-nav a").all_inner_texts()
        assert page.locator("#header-text").count() == 0
        axe(page)
        for way in (f"{place.address}/people/", record, f"{record}why/", f"{place.address}/my-record/"):
            assert page.goto(way).status == 403
            hidden(page, "Marlowe")

    sign_in(page, "rosa")  # the receptionist sees who she is
    find(page, "Rebecca Marlowe")
    assert hits(page) == 1
    page.goto(record)
    assert "MARLOWE, Rebecca" in page.inner_text(".record-banner")
    hidden(page, named(HOSPITAL))
    axe(page)
    page.click("text=Their own access")
    assert "Becky Marlowe" in page.inner_text("main")
    axe(page)

    sign_in(page, "bea")  # the charity worker, to whom she was referred: the same, and her plans
    find(page, "Rebecca Marlowe")
    assert hits(page) == 1
    page.goto(record)
    assert "MARLOWE, Rebecca" in page.inner_text(".record-banner")
    hidden(page, named(HOSPITAL))
    axe(page)

    for who in ("nadia", "ruth"):  # a nurse without relationship and a GP of another practice: locked
        sign_in(page, who)
        find(page, "Rebecca Marlowe")
        assert hits(page) == 0
        find(page, f"Rebecca Marlowe {born}")
        assert hits(page) == 1
        assert page.goto(record).status == 403
        assert "You may not open this record" in page.inner_text("h1 >> nth=-1")
        hidden(page, named(HOSPITAL))
        axe(page)

    page.goto(f"{place.address}/sign-in/")  # somebody else's daughter: Becky isn't there
    page.click("button[value=karen]")
    page.wait_for_url("**/my-record/")
    hidden(page, "Marlowe")
    assert page.goto(record).status == 404
    hidden(page, "Marlowe")


def test_one_sign_in_with_two_hats_acts_in_the_chosen_one(page, place, find, axe, born):
    """Given Sunil, a GP who also works in A&E, then he chooses, and changes in the bar at the top."""
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=sunil]")
    page.goto(f"{place.address}/people/")
    assert "Which role are you in now?" in page.inner_text("h1")
    axe(page)
    page.check("#hat-2")
    page.click("text=Continue")
    assert "A&E clinician" in page.inner_text(".op-user")
    find(page, f"Rebecca Marlowe {born}")
    assert hits(page) == 1
    page.click("text=Change role")
    page.check("#hat-1")
    page.click("text=Continue")
    assert "GP" in page.inner_text(".op-user")
