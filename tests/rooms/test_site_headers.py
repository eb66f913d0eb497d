"""Every address that there is answers with the headers that keep a page to itself, whoever asks and whatever comes."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver
from factories.signing_in import signed_in, staff

from oneplace.site.config import Config

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "oneplace"
sys.path.insert(0, str(ROOT / "tools"))
walk = import_module("promises.nothing_forgotten")
KEPT = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
CSP = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "style-src 'self'")


def addresses() -> list[str]:
    """Each address, with something in the place of its parameters."""
    told = [path for path, _ in walk.addresses(get_resolver())]
    return sorted({"/" + re.sub(r"<int:\w+>", "1", re.sub(r"<(?!int:)[^>]+>", "x", path)) for path in told})


def faults(answer) -> list[str]:
    """What an answer lacks."""
    policy = answer.headers.get("Content-Security-Policy", "")
    wrong = [name for name, value in KEPT.items() if answer.headers.get(name) != value]
    wrong += [part for part in CSP if part not in policy] + [word for word in ("unsafe", "http:") if word in policy]
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        wrong.append("no-store")
    body = b"" if answer.streaming else answer.content
    inline = re.findall(rb"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*nonce=)(?![^>]*application/json)", body)
    return wrong + [found.decode() for found in inline]


@pytest.fixture(scope="module")
def walked() -> list[str]:
    """All addresses, which are many."""
    found = addresses()
    assert len(found) > 40
    return found


@pytest.mark.parametrize("role", ["", "gp", "privacy-officer", "administrator"])
def test_every_address_answers_with_the_headers(walked, role):
    client = signed_in(staff("someone", role)) if role else Client()
    seen = {}
    for address in walked:
        if address in ("/sign-out/",):
            continue  # it would end the walk's own session; the last test asks it
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code < 500, address
            if found := faults(answer):
                seen[address] = found
    assert seen == {}


def test_sign_out_unknown_addresses_and_refused_forms_too():
    strict = Client(enforce_csrf_checks=True)
    for answer in (strict.post("/sign-in/"), strict.get("/nowhere/"), Client().post("/sign-out/")):
        assert faults(answer) == []


def test_outside_the_demo_only_this_machine_itself_is_answered_by_plain_http():
    assert Client().get("/sign-in/").status_code == 200
    for away in ({"REMOTE_ADDR": "10.0.0.9"}, {"HTTP_X_FORWARDED_FOR": "10.0.0.9"}, {"HTTP_X_FORWARDED_PROTO": "http"}):
        sent = Client(**away).get("/sign-in/")
        assert (sent.status_code, sent.url) == (301, "https://testserver/sign-in/")
    by_tls = Client(HTTP_X_FORWARDED_PROTO="https").get("/sign-in/")
    assert by_tls.status_code == 200
    assert by_tls["Strict-Transport-Security"] == "max-age=31536000"


def test_cookies_of_a_session_go_by_tls_alone_and_no_script_reads_them():
    client = signed_in(staff())
    session = client.cookies["sessionid"]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    assert client.get("/account/").cookies["csrftoken"]["secure"]


def test_demo_and_trial_speak_plain_http():
    told = {"home": "x", "demo": True}
    assert not Config(**told).is_secure()
    assert Config(**told | {"demo": False}).is_secure()
    assert not Config(**told | {"demo": False, "https": False}).is_secure()
    assert Config(**told | {"https": True}).is_secure()


def test_walk_notices_a_missing_header():
    answer = Client().get("/sign-in/")
    del answer.headers["X-Frame-Options"]
    answer.headers["Content-Security-Policy"] += "; script-src 'unsafe-inline'"
    answer.headers["Cache-Control"] = "public"
    answer.content += b'<p style="color:red">'
    assert faults(answer) == ["X-Frame-Options", "unsafe", "no-store", " style="]


def test_files_for_people_are_written_in_one_place_alone():
    """What writes CSV elsewhere is for machines: a place's folder, the example's extracts."""
    machines = {
        "place/build.py",
        "kernel/sheets.py",
        *(f"example/{name}.py" for name in ("consents", "tables", "truth")),
    }
    writing = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"csv\.(Dict)?[Ww]riter", path.read_text(encoding="utf-8"))
    }
    assert writing <= machines
