"""The site where things don't go as they should: old pages, ended sessions, a proxy in front."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from factories.places import PRACTICE

from oneplace.access import actions as access

pytestmark = pytest.mark.django_db


def staff(role: str, **how: object) -> Client:
    """A browser signed in as a new member of staff."""
    told = {"display_name": f"Some {role}", "role": role, "organisation_code": PRACTICE}
    user = access.create_user(username=role, password=None, by="test", **told)
    client = Client(**how)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_old_page_is_refused_in_plain_words_and_changes_nothing():
    """Someone changed hats in another tab: the button of the old page does nothing, and says so."""
    client = staff("privacy-officer", enforce_csrf_checks=True)
    answer = client.post("/ledger/verify/", {"csrfmiddlewaretoken": "old"})
    words = answer.content.decode()
    assert answer.status_code == 403
    assert "Nothing was saved or changed" in words
    assert "<style" not in words
    assert "Some privacy-officer" in words
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("role", "address", "back"),
    [
        ("privacy-officer", "/ledger/verify/", "/ledger/"),
        ("data-manager", "/quarantine/replay/", "/quarantine/"),
        ("data-manager", "/quarantine/some-key/replay/", "/quarantine/"),
        ("gp", "/sign-in/demo/", "/sign-in/"),
    ],
)
def test_button_pressed_after_the_session_leads_back_to_its_page(role, address, back):
    """Sign-in returns by GET to the address of the button, which must be no empty page and must not act."""
    answer = staff(role).get(address)
    assert (answer.status_code, answer["Location"]) == (302, back)


def test_part_of_a_page_reloads_the_page_when_the_session_has_ended():
    """The bar must not fill itself with the sign-in form."""
    answer = Client().get("/progress/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    assert Client().get("/progress/").status_code == 302


_ASK = """
import django, json
import oneplace.site
django.setup()
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory
def ask(**told):
    request = RequestFactory().get("/sign-in/", SERVER_NAME="localhost", **told)
    return SecurityMiddleware(lambda request: HttpResponse())(request).status_code
print(json.dumps([ask(), ask(HTTP_X_FORWARDED_PROTO="https")]))
"""


@pytest.mark.parametrize(("https", "statuses"), [("1", [301, 200]), ("0", [200, 200])])
def test_page_behind_a_proxy_that_ends_tls_is_served_and_not_sent_round(tmp_path: Path, https, statuses):
    """With ONEPLACE_HTTPS what came by plain HTTP goes to https once; what the proxy took by TLS is answered."""
    told = {"ONEPLACE_HTTPS": https, "ONEPLACE_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE}
    done = subprocess.run([sys.executable, "-c", _ASK], env=os.environ | told, capture_output=True, check=True)
    assert json.loads(done.stdout) == statuses
