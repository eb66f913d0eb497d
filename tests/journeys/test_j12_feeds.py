"""J-12, its board: which practices share, which are pending, and that nothing received is lost."""

import secrets

import pytest
from factories import wire
from factories.places import HOSPITAL, PENDING, SHARING, practices

pytestmark = pytest.mark.browser


def test_data_manager_sees_one_line_a_practice(page, sign_in, place, axe):
    """Given that most practices have signed, the page says how many, a line each, and why the others are pending."""
    sign_in(page, "priti")
    axe(page)
    page.goto(f"{place.address}/feeds/")
    words = page.inner_text("main")
    assert f"{SHARING} practices share; {PENDING} pending." in words
    assert "balances" in words
    assert page.locator("section[aria-labelledby=group-practice] tbody tr").count() == len(practices())
    axe(page)
    page.click(f"text=Pending agreement ({PENDING})")
    page.wait_for_url("**show=pending*")
    assert page.locator("section[aria-labelledby=group-practice] tbody tr").count() == PENDING
    axe(page)


def test_gp_is_told_that_the_page_is_not_for_the_role(page, sign_in, place, axe):
    """A refusal says why and where to go."""
    sign_in(page, "fiona")
    assert page.goto(f"{place.address}/feeds/").status == 403
    assert "not for your role" in page.inner_text("main")
    axe(page)


def test_quarantined_message_is_read_again(page, sign_in, place, axe, tmp_path, ingest):
    """Given a message that can't be read, then it waits with its reason, and may be read again."""
    bad = tmp_path / "cut-short.json"
    bad.write_bytes(b'{"resourceType": "Bundle", "entry": [' + secrets.token_hex(8).encode())
    assert ingest(bad) == 3
    sign_in(page, "priti")
    page.goto(f"{place.address}/quarantine/")
    assert "send it again whole" in page.inner_text("main")
    axe(page)
    page.locator("tbody a").first.click()
    page.wait_for_selector("text=The first bytes as they came")
    axe(page)
    page.click("text=Read it again")
    page.wait_for_selector("[role=status]")
    assert "still can't be read" in page.inner_text("[role=status]")


def test_message_without_its_organisation_is_given_one(page, sign_in, place, axe, tmp_path, ingest):
    """Given a message that doesn't say whose it is, then the data manager says so, checks, and it is filed."""
    nameless = tmp_path / "nameless.hl7"
    number = secrets.token_hex(4)
    nameless.write_bytes(wire.adt(facility="", number=number, pid=wire.PID.replace("RCB123", number)))
    assert ingest(nameless) == 3
    sign_in(page, "priti")
    page.goto(f"{place.address}/quarantine/?reason=source-missing")
    page.locator("tbody a").first.click()
    page.click("text=Say whose this is")
    page.wait_for_selector("h1:has-text('Say whose this is')")
    axe(page)
    page.click("text=Continue")
    page.wait_for_selector("[role=alert]")
    axe(page)
    page.select_option("#organisation", HOSPITAL)
    page.click("text=Continue")
    page.wait_for_selector("text=This can't be undone.")
    axe(page)
    page.click("button[value=adopt]")
    page.wait_for_selector("[role=status]")
    assert "1 read again: 1 filed." in page.inner_text("[role=status]")


def test_privacy_officer_sees_who_looked_and_checks_the_ledger(page, sign_in, find, place, axe):
    """Every look leaves a row, and the chain can be checked by the one who answers for it."""
    sign_in(page, "fiona")
    find(page, "Mary Tillotson")
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner")
    sign_in(page, "colm")
    page.goto(f"{place.address}/ledger/")
    newest = [page.inner_text(f"tbody tr:nth-child({at})") for at in (1, 2)]
    assert "sign in" in newest[0]  # the officer's own
    assert "Dr Fiona Carrow" in newest[1]
    assert "open record" in newest[1]
    page.click("text=Check the whole ledger")
    page.wait_for_selector("[role=status]")
    assert "Nothing was changed" in page.inner_text("[role=status]")
    axe(page)
