"""What must not fail works without JavaScript, and by keyboard alone."""

import pytest

from oneplace.example.personas import story_numbers

pytestmark = pytest.mark.browser


def tab_to(page, selector):
    """Press Tab until the element has the focus; what can't be reached in sixty presses can't be reached."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached with the Tab key")


def test_search_and_record_work_without_javascript(browser, place):
    """Given scripts are off, then sign-in, search and record still serve."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=fiona]")
    page.fill("#header-text", "Tilotson")
    page.press("#header-text", "Enter")
    page.click(".record-hits a")
    assert "TILLOTSON, Mary" in page.inner_text(".record-banner")
    assert "Apixaban" in page.inner_text("main")
    page.click("text=All timeline")
    assert "TILLOTSON, Mary" in page.inner_text(".record-banner")
    context.close()


def test_emergency_is_declared_and_ended_without_javascript(browser, place):
    """Given scripts are off, then the form, the proof of identity, the minutes left and the end still serve."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=isla]")
    page.fill("#header-text", story_numbers()["harry"])
    page.press("#header-text", "Enter")
    page.click(".record-hits a")
    page.click("main a:has-text('Emergency access')")
    page.check("text=cannot be asked")
    page.fill("#text", "Found confused in the street.")
    page.click("text=Declare and open the record")
    if page.locator("text=Confirm with one click").count():
        page.click("text=Confirm with one click")
    assert "60 minutes left" in page.inner_text(".record-emergency")
    page.click(".record-emergency a")
    page.click("text=End the emergency access now")
    assert page.inner_text("h1.nhsuk-heading-l") == "You may not open this record"
    context.close()


def test_sign_in_and_search_by_keyboard_alone(browser, place):
    """Given no mouse, then the skip link comes first and a person can be found and opened."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{place.address}/sign-in/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "nhsuk-skip-link"
    tab_to(page, "button[value=fiona]")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{place.address}/")
    tab_to(page, "#header-text")
    page.keyboard.type("Tillotson Mary")
    page.keyboard.press("Enter")
    page.wait_for_selector(".record-hits a")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".record-banner h1")
    context.close()


def test_wrong_password_is_told_with_its_cure(page, place, axe):
    """A mistake at sign-in says what to do and names the field."""
    page.goto(f"{place.address}/sign-in/")
    axe(page)
    page.fill("#username", "nobody")
    page.fill("#password", "wrong")
    page.press("#password", "Enter")
    page.wait_for_selector(".nhsuk-error-summary")
    assert "name or the password is wrong" in page.inner_text(".nhsuk-error-summary")
    axe(page)


def test_page_does_not_scroll_sideways_at_400_percent_zoom(browser, place):
    """At 320 CSS pixels (1280 at 400 %) the record reflows."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{place.address}/sign-in/")
    page.click("button[value=fiona]")
    for address in ("/", "/people/"):
        page.goto(f"{place.address}{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
    page.fill("#person-text", "Tillotson Mary")
    page.press("#person-text", "Enter")
    page.click(".record-hits a")
    page.wait_for_selector(".record-banner h1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
