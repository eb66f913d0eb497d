"""The privacy officer's ledger: search, find, file, proof; what it tells and what it keeps to itself."""

import csv
import io
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from factories.places import FOLDER, PRACTICE
from factories.senders import MARY, file, surgery

from oneplace.access import actions as access
from oneplace.access.rules import Actor
from oneplace.ledger import actions, queries
from oneplace.record import door
from oneplace.record.models import LocalPatient
from oneplace.site import loading

pytestmark = pytest.mark.django_db
GP = Actor("gp1", "Dr A", "gp", "G99001")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example place with a home folder of its own."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    loading.load_place(FOLDER, by="test")


@pytest.fixture
def officer() -> Client:
    """A browser of a privacy officer."""
    return staff("privacy-officer", "Olive Officer")


def staff(role: str, name: str) -> Client:
    told = {"display_name": name, "role": role, "organisation_code": PRACTICE}
    user = access.create_user(username=name.split()[0].lower(), password=None, by="test", **told)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def rows_of(page: str) -> list[int]:
    return [int(seq) for seq in re.findall(r'<th scope="row" class="op-right">(\d+)</th>', page)]


def mary() -> str:
    return LocalPatient.objects.get(local_id="p1").person.key


def test_number_leads_to_the_rows_about_the_person_and_no_name_is_told(officer):
    file(surgery())
    door.open(GP, mary())
    answer = officer.post("/ledger/find/", {"text": MARY}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"/ledger/?about={mary()}", 302)]
    assert "open record" in page
    assert "trace person" in page
    assert "1 person in a list" in page
    assert "Burrows" not in page
    assert MARY not in page


def test_number_of_nobody_says_what_to_look_at(officer):
    assert "all ten digits" in officer.post("/ledger/find/", {"text": "999 000 0034"}).content.decode()


def test_number_of_two_kept_apart_offers_both(officer):
    file(surgery(), surgery(local="p9", given="Peter", family="Alder", born="1999-01-01", at="2021-07-02T12:00:00Z"))
    page = officer.post("/ledger/find/", {"text": MARY}).content.decode()
    assert {one for one in re.findall(r"about=([\w-]{22})", page)} == {
        patient.person.key for patient in LocalPatient.objects.all()
    }


def test_name_leads_to_the_rows_of_that_member_of_staff(officer):
    staff("gp", "Fiona Fair").get("/feeds/")
    answer = officer.post("/ledger/find/", {"text": "fair"}, follow=True)
    page = answer.content.decode()
    assert "By <strong>Fiona Fair</strong>" in page
    assert "refuse page" in page
    staff("gp", "Flora Fair")
    assert "Flora Fair" in officer.post("/ledger/find/", {"text": "fair"}).content.decode()
    assert "No member of staff" in officer.post("/ledger/find/", {"text": "nobody"}).content.decode()
    assert "Type a part" in officer.post("/ledger/find/", {"text": ""}).content.decode()


def test_rows_are_narrowed_and_read_in_pages(officer):
    for number in range(120):
        actions.write(actor="u1", action="open record" if number % 2 else "search people", organisation=PRACTICE)
    first = words(officer, "/ledger/?action=open")
    assert len(rows_of(first)) == 60
    whole = words(officer, f"/ledger/?organisation={PRACTICE}&who=u1")
    older = re.search(r'href="(/ledger/\?[^"]*before=\d+)"', whole)[1].replace("&amp;", "&")
    rest = words(officer, older)
    assert sorted(rows_of(whole) + rows_of(rest)) == [line.seq for line in queries.every(queries.Asked(actor="u1"))]
    assert "No row is like that" in words(officer, "/ledger/?since=2001-01-01&until=2001-01-02")
    assert "last day is before the first" in words(officer, "/ledger/?since=2001-01-02&until=2001-01-01", 400)
    assert words(officer, "/ledger/?since=nonsense", 400)


def test_search_is_itself_in_the_ledger_and_says_what_was_asked(officer):
    words(officer, "/ledger/")
    before = queries.head().seq
    words(officer, "/ledger/?about=somebody&action=open")
    row = queries.latest(1)[0]
    assert (row.seq, row.action, row.subject) == (before + 1, "search ledger", "somebody")
    assert row.detail == '{"action":"open"}'


def test_file_holds_every_row_of_the_search_and_runs_nothing(officer):
    actions.write(actor="=cmd()", action="open record", basis="+1", detail={"n": 1})
    actions.write(actor="u2", action="open record")
    answer = officer.get("/ledger/ledger.csv?action=open")
    table = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["user_key"] for row in table] == ["'=cmd()", "u2"]
    assert table[0]["basis"] == "'+1"
    assert table[1]["hash"] == queries.found(queries.Asked(actor="u2"))[0].hash
    assert queries.latest(1)[0].action == "export ledger"
    assert officer.get("/ledger/ledger.csv?since=x").status_code == 400


@pytest.mark.parametrize("address", ["/ledger/?action=open", "/ledger/ledger.csv"])
def test_ledger_that_cannot_record_its_reader_is_not_read(officer, address, monkeypatch):
    from oneplace.site.views import ledger as pages

    def full(**_: object) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(pages.actions, "write", full)
    with pytest.raises(OSError, match="disk full"):
        officer.get(address)


def test_proof_gives_the_head_to_note(officer):
    page = officer.post("/ledger/verify/").content.decode()
    assert queries.head().hash in page


@pytest.mark.parametrize("address", ["/ledger/", "/ledger/ledger.csv", "/ledger/find/"])
def test_ledger_is_for_privacy_officers(address):
    client = staff("gp", "Gil Gap")
    assert (client.post if "find" in address else client.get)(address).status_code == 403
