"""Files of every size and fate: huge, too large, unreadable, vanishing; and a disk that is full while they come."""

from pathlib import Path

import pytest
from django.db import connection
from factories.senders import surgery

from oneplace.gateway import files
from oneplace.gateway.models import Receipt
from oneplace.gateway.receive import Item, receive
from oneplace.gateway.watch import watch
from oneplace.record.models import Entry, LocalPatient
from oneplace.site import loading
from oneplace.site.mishaps import words_of

HEAD = b"organisation_code,local_patient_id,contact_id,contact_at,contact_type,outcome\n"


def row(number: int) -> bytes:
    return b"RDR,c1,k%d,2026-03-01,Home visit,%s\n" % (number, b"x" * 900)


@pytest.mark.django_db
def test_large_file_is_mapped_and_taken_in_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "MAPPED", 4000)
    path = tmp_path / "extract.csv"
    path.write_bytes(HEAD + b"".join(row(number) for number in range(20)) + b"RDR,c1")
    with files.opened(path) as raw:
        assert not isinstance(raw, bytes)
    said: list[str] = []
    tally, unread = loading.load([path], "", said.append)
    assert (tally.filed, tally.quarantined, unread) == (20, 1, 0)
    assert Receipt.objects.get(outcome="quarantined").path == "line 22"
    assert Entry.objects.count() == 20


@pytest.mark.django_db
def test_one_message_that_is_too_large_is_kept_in_part_and_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("oneplace.formats.limits.MAX_MESSAGE", 100_000)
    tally = receive([Item("large.json", b'{"resourceType": "Bundle", "x": "' + b"y" * 200_000)], by="test")
    assert tally.quarantined == 1
    receipt = Receipt.objects.select_related("document").get()
    assert receipt.reason_code == "too-large"
    assert receipt.document.size > 200_000
    assert "stays where it is" in receipt.reason


@pytest.mark.django_db
def test_one_line_that_is_too_large_costs_no_other_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("oneplace.formats.limits.MAX_MESSAGE", 100_000)
    monkeypatch.setattr(files, "MAPPED", 4000)
    path = tmp_path / "extract.csv"
    path.write_bytes(HEAD + row(1) + b"RDR,c1,k2," + b"y" * 200_000 + b"\n" + row(3))
    said: list[str] = []
    tally, _ = loading.load([path], "", said.append)
    assert (tally.filed, tally.quarantined) == (2, 1)
    receipt = Receipt.objects.select_related("document").get(outcome="quarantined")
    assert (receipt.reason_code, receipt.path) == ("too-large", "line 3")
    assert receipt.document.size == 200_011
    assert said[0].startswith("Refused: extract.csv, line 3: This is one message of 0 MB")


@pytest.mark.django_db
def test_first_refusals_are_named_with_reason_and_the_rest_counted(tmp_path: Path):
    paths = [tmp_path / f"broken{number}.json" for number in range(7)]
    for number, path in enumerate(paths):
        path.write_text('{"resourceType": ' + " " * number)
    said: list[str] = []
    loading.load(paths, "", said.append)
    assert len(said) == 6
    assert said[0].startswith("Refused: broken0.json, line 1, column")
    assert "send it again whole" in said[0]
    assert said[-1].startswith("and 2 more. 7 could not be read; their bytes are kept.")
    said.clear()
    loading.load(paths, "", said.append)
    assert said == [], "what was refused before is a duplicate"


@pytest.mark.django_db
def test_file_that_vanishes_is_named_and_the_rest_goes_on(tmp_path: Path):
    good = tmp_path / "good.json"
    good.write_bytes(surgery())
    said: list[str] = []
    tally, unread = loading.load([tmp_path / "gone.json", good], "", said.append)
    assert (tally.filed, unread) == (1, 1)
    assert "gone.json could not be read" in said[0]


@pytest.fixture
def full(transactional_db):
    """A database that has no room for more."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # other tests leave pages free
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 2}")
        yield
        cursor.execute("PRAGMA max_page_count = 1073741823")


def much(count: int = 60) -> bytes:
    """More than two pages hold."""
    return HEAD + b"".join(
        b"RDR,c%d,k%d,2026-03-01,Home visit,%s\n" % (n, n, bytes(str(n) * 300, "ascii")) for n in range(count)
    )


@pytest.mark.sqlite
def test_full_disk_keeps_nothing_half_and_says_so(full):
    before = Receipt.objects.count(), LocalPatient.objects.count()
    with pytest.raises(Exception, match="is full") as failure:
        receive([Item("much.csv", much())], by="test")
    assert "Make room" in words_of(failure.value)
    kept = Receipt.objects.filter(outcome="filed").count()
    assert kept == Entry.objects.count(), "each message is kept whole or not at all"
    assert before[0] <= Receipt.objects.count() < 60


@pytest.mark.sqlite
def test_full_disk_is_told_to_the_sender_who_sends_again(full, client, monkeypatch):
    token = "key.secret"
    monkeypatch.setattr("oneplace.access.queries.key_for", lambda told: type("Key", (), {"feed_code": "RDR"})())
    monkeypatch.setattr("oneplace.access.actions.note_use_of_key", lambda key: None)
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post("/inbox/", data=much(), content_type="text/csv", headers=headers)
    assert (answer.status_code, answer["Retry-After"]) == (507, "60")
    assert "send this message again" in answer.json()["error"]


@pytest.mark.sqlite
def test_full_disk_leaves_the_watched_file_where_it_is(full, tmp_path: Path):
    path = tmp_path / "much.csv"
    path.write_bytes(much())
    said: list[str] = []
    assert list(watch(tmp_path, by="test", once=True, trouble=said.append)) == []
    assert path.exists()
    assert said == ["Files can't be taken in now (the disk is full). They stay where they are and are tried again."]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")
    tallies = list(watch(tmp_path, by="test", once=True))
    assert tallies[0].received == 60
    assert tallies[0].quarantined == 0
    assert not path.exists()
