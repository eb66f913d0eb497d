"""J-12: a silent feed is loud: on top of the page, since when, whom to ring; and a note says who saw to it."""

import re

import pytest
from factories.places import HOSPITAL

pytestmark = pytest.mark.browser


def test_silent_feed_stands_on_top_and_is_seen_to(page, sign_in, place, axe):
    """Given feeds that are declared live and never came, then they lead the page, and a note stands beside one."""
    sign_in(page, "priti")
    assert "silent" in page.inner_text("main")
    page.goto(f"{place.address}/feeds/")
    first = page.locator(".op-alarms li").first
    words = first.inner_text()
    assert re.search(r"(Silent|Never heard)", words)
    assert re.search(r"since \d+ \w+ \d{4}", words)
    assert re.search(r"Ring [\d ]{8,}", words)
    top = page.locator("section[aria-labelledby=group-practice] tbody tr").first
    assert re.search(r"Silent|Never heard", top.inner_text())
    axe(page)
    page.click("text=/^Silent \\(/")
    page.wait_for_url("**show=silent*")
    rows = page.locator("tbody tr")
    assert rows.count() > 0
    assert all(re.search(r"Silent|Never heard", text) for text in rows.all_inner_texts())
    axe(page)
    page.locator(".op-alarms a").first.click()
    page.wait_for_selector("text=New messages, day by day")
    axe(page)
    page.fill("input[name=note]", "Rang them: their sender is being mended")
    page.click("main button[type=submit]")
    page.wait_for_selector("[role=status]")
    assert "Rang them: their sender is being mended" in page.inner_text("main")
    assert "ends by itself" in page.inner_text("[role=status]")


def test_feed_page_tells_its_week_and_how_fast_messages_show(page, sign_in, place, axe):
    """Given a feed that was heard, then its page has the chart with its table, and the time to the screen."""
    sign_in(page, "priti")
    page.goto(f"{place.address}/feeds/{HOSPITAL}/hl7-v2/")
    words = page.inner_text("main")
    assert re.search(r"19 in 20 within [\d.]+ (s|min|h)", words)
    assert "balances" in words
    assert page.locator("svg.op-bars").get_attribute("aria-label").startswith("New messages a day")
    assert page.locator(".op-table--narrow tbody tr").count() == 8
    axe(page)


def test_feeds_page_works_without_javascript(browser, place):
    """A note can be left with JavaScript off."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=priti]")
    page.goto(f"{place.address}/feeds/?show=silent")
    page.locator(".op-alarms a").last.click()
    page.fill("input[name=note]", "Seen without scripts")
    page.click("main button[type=submit]")
    assert "Seen without scripts" in page.inner_text("main")
    context.close()
