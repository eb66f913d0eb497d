"""J-22, the way in: invited, a second step, a passkey, locked out, two roles. On a place in service, not the demo."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator

import pytest
from conftest import COMMAND, Place, _wait_for
from factories.places import FOLDER, PRACTICE
from factories.signing_in import PASSWORD, code_of
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The example place without the demo, for a trial without TLS; passkeys need a name, not a number."""
    home = tmp_path_factory.mktemp("service")
    told = {"ONEPLACE_HOME": str(home), "ONEPLACE_DEMO": "0", "ONEPLACE_HTTPS": "0", "ONEPLACE_DATABASE_URL": ""}
    environment = os.environ | told
    subprocess.run([COMMAND, "place", "load", str(FOLDER)], check=True, capture_output=True, env=environment)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([COMMAND, "serve", "--port", str(port), "--workers", "1"], env=environment)
    address = f"http://localhost:{port}"
    try:
        _wait_for(f"http://127.0.0.1:{port}/sign-in/")
        yield Place(address, home)
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def invite(service: Place, page: Page):
    """What the operator does for an organisation's first administrator; returns user name and link."""

    def made(role: str) -> tuple[str, str]:
        name = f"{role}-{page.viewport_size['width']}"
        words = ["user", "create", name, "--name", f"Ada {role}", "--role", role, "--organisation", PRACTICE]
        told = {"ONEPLACE_HOME": str(service.home), "ONEPLACE_DEMO": "0", "ONEPLACE_DATABASE_URL": ""}
        done = subprocess.run([COMMAND, *words], check=True, capture_output=True, text=True, env=os.environ | told)
        return name, service.address + re.search(r"/welcome/\S+", done.stdout)[0]

    return made


def choose_password(page: Page, link: str, axe) -> None:
    page.goto(link)
    assert "/welcome/" in page.url
    assert link not in page.url
    axe(page)
    page.fill("#id_new_password1", PASSWORD)
    page.fill("#id_new_password2", PASSWORD)
    page.click("text=Keep this password")


def set_up_app(page: Page, axe) -> str:
    """From the page that asks for a second step to the home page; returns the app's secret."""
    axe(page)
    page.click("text=Set up an app")
    axe(page)
    secret = page.inner_text("code.op-key").strip()
    page.fill("#code", "000000")
    page.click("text=Set up this app")
    assert "That code is not right" in page.inner_text("main")
    axe(page)
    page.fill("#code", code_of(secret))
    page.click("text=Set up this app")
    page.wait_for_selector(".op-codes li")
    assert page.locator(".op-codes li").count() == 10
    axe(page)
    page.click("text=I have kept them")
    return secret


def type_password(page: Page, service: Place, name: str, word: str = PASSWORD) -> None:
    page.goto(f"{service.address}/sign-in/")
    page.fill("#username", name)
    page.fill("#password", word)
    page.click("button:has-text('Sign in') >> nth=0")


def test_administrator_invites_a_colleague_who_signs_in_with_both_roles(
    service: Place, page: Page, invite, axe
) -> None:
    """Given a first administrator; when she adds Ben; then his link lets him in, with a code, in each of two roles."""
    _, link = invite("administrator")
    choose_password(page, link, axe)
    set_up_app(page, axe)
    assert "Administrator" in page.inner_text("h1")
    page.click("nav >> text=Users")
    axe(page)
    page.click("text=Add a member of staff")
    page.click("text=Add them and show their link")
    assert "Enter a user name" in page.inner_text("main")
    axe(page)
    ben = f"ben-{page.viewport_size['width']}"
    name = f"Dr {ben.title()} Hale"  # the other width's Ben works here too
    page.fill("#display_name", name)
    page.fill("#username", ben)
    page.select_option("#role", "gp")
    page.click("text=Add them and show their link")
    axe(page)
    his_link = page.inner_text("#link")
    page.click("text=Back to users")
    page.click(f"text={name}")
    page.wait_for_selector("text=Give this role")  # the page before has a #role too
    page.select_option("#role", "data-manager")
    page.click("text=Give this role")
    page.wait_for_selector("text=They have the role now")
    axe(page)
    page.goto(f"{service.address}/users/teams/")
    axe(page)
    page.click("text=Sign out")

    choose_password(page, his_link, axe)
    secret = set_up_app(page, axe)
    assert "Which role are you in now?" in page.inner_text("h1")
    axe(page)
    page.click("text=Continue")
    assert "Choose one of your roles" in page.inner_text("main")
    axe(page)
    page.check("input[type=radio] >> nth=0")
    page.click("text=Continue")
    assert "GP" in page.inner_text("h1")
    page.click("text=Change role")
    page.check("input[type=radio] >> nth=1")
    page.click("text=Continue")
    assert "Data manager" in page.inner_text("h1")
    assert "Data manager" in page.inner_text(".op-user")
    page.click(".op-user a >> nth=0")
    assert "Your sign-in" in page.inner_text("h1")
    axe(page)
    page.click("text=Sign out")

    type_password(page, service, ben)
    assert "Second step" in page.inner_text("h1")
    axe(page)
    page.fill("#code", "123")
    page.click("text=Continue")
    assert "That code is not right" in page.inner_text("main")
    page.fill("#code", code_of(secret, 1))
    page.click("text=Continue")
    assert "Which role are you in now?" in page.inner_text("h1")
    page.goto(his_link)
    assert "This link no longer works" in page.inner_text("h1")
    axe(page)


def test_passkey_is_set_up_and_signs_in_by_itself(service: Place, page: Page, invite, axe) -> None:
    """Given a phone with a fingerprint; when it is set up as a passkey; then it is enough to sign in."""
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    fitted = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    verified = {"hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": fitted | verified})
    name, link = invite("gp")
    choose_password(page, link, axe)
    page.click("text=Set up a passkey")
    axe(page)
    page.fill("#name", "My phone")
    page.click("text=Set up this passkey")
    page.wait_for_selector(".op-codes")
    page.click("text=I have kept them")
    assert "GP" in page.inner_text("h1")
    page.goto(f"{service.address}/account/")
    assert "My phone" in page.inner_text("main")
    page.click("text=Sign out")
    page.goto(f"{service.address}/sign-in/")
    axe(page)
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"{service.address}/")
    assert "GP" in page.inner_text("h1")
    page.click("text=Sign out")
    type_password(page, service, name)
    page.click("text=Use a passkey")
    page.wait_for_url(f"{service.address}/")


def test_wrong_passwords_lock_the_name_and_say_what_to_do(service: Place, page: Page, invite, axe) -> None:
    """Given six wrong passwords; then the page says that the name is locked, for how long, and whom to ask."""
    name, link = invite("therapist")
    choose_password(page, link, axe)
    page.click("text=Sign out")
    for _ in range(6):
        type_password(page, service, name, "wrong words")
    assert "This name is locked for 15 minutes" in page.inner_text("h1")
    axe(page)
    type_password(page, service, name)
    assert "This name is locked" in page.inner_text("h1")
