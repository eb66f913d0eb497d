"""Messages out: what could not be sent waits for the data manager, who gives it up with a reason."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.browser
FAILED = """
import sys
from oneplace.site import database
database.start_up(False, print)
from django.db import transaction
from oneplace.post import actions, delivery
from oneplace.post.rules import Address, Kind
from oneplace.post.senders import CannotBeSent, Simulator

class Refusing(Simulator):
    def send(self, message):
        raise CannotBeSent("GOV.UK Notify refused it (400). Check address, template and key.")

for number, senders in ((sys.argv[1], {Kind.SMS: Refusing()}), ("01632960999", {Kind.SMS: Simulator()})):
    with transaction.atomic():
        actions.queue(to=Address(Kind.SMS, number), text="Please ring 01632 960 123 today.", by="test")
    delivery.deliver(may_send=lambda *_: True, senders=senders, by="test")
"""


def test_message_that_failed_is_given_up_with_a_reason(page, sign_in, place, axe):
    """Given a text message that the sender refused, the list names it without its text, and keeps why it was ended."""
    end = str(page.viewport_size["width"])[-3:]
    environment = os.environ | {"ONEPLACE_HOME": str(place.home), "ONEPLACE_DEMO": "1", "ONEPLACE_DATABASE_URL": ""}
    subprocess.run([sys.executable, "-c", FAILED, f"01632960{end}"], check=True, env=environment)
    sign_in(page, "priti")
    page.click("nav >> text=Messages out")
    words = page.inner_text("main")
    assert f"… {end}" in words
    assert "GOV.UK Notify refused it (400)" in words
    assert "Please ring" not in words
    axe(page)
    page.locator("tbody tr", has_text=f"… {end}").first.locator("a").click()
    page.wait_for_selector("text=Try again now")
    axe(page)
    page.click("text=Give up")
    page.wait_for_selector("[role=alert]")
    axe(page)
    page.fill("#reason", "Rang her instead")
    page.click("text=Give up")
    page.wait_for_selector("[role=status]:has-text('Given up')")
    assert f"… {end}" not in page.inner_text("main")
    page.click("text=Sent (")
    assert "simulated" in page.inner_text("tbody")
    axe(page)
