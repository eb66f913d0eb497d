"""Receiving: every message is filed, quarantined with its reason, or known already; nothing is lost between."""

from pathlib import Path

import pytest
from django.db import OperationalError
from factories.senders import JULY, MARY, OTHER, hospital, problem, surgery

from oneplace import formats
from oneplace.access import actions as access
from oneplace.gateway import actions, queries
from oneplace.gateway import replay as replaying
from oneplace.gateway.models import Feed, Receipt
from oneplace.gateway.receive import Item, receive
from oneplace.gateway.replay import replay
from oneplace.gateway.rules import Tally
from oneplace.gateway.watch import watch
from oneplace.kernel.rows import Reject
from oneplace.ledger import queries as ledger
from oneplace.record import ingest
from oneplace.record.models import DataIssue, Document, Entry, LocalPatient

pytestmark = pytest.mark.django_db


def take(*messages: bytes, feed_code: str = "") -> tuple[int, int, int, int]:
    """Received, filed, quarantined, duplicate."""
    return counts(receive([Item(f"m{n}", raw, "file", feed_code) for n, raw in enumerate(messages)], by="test"))


def counts(tally: Tally) -> tuple[int, int, int, int]:
    assert tally.received == tally.filed + tally.quarantined + tally.duplicate
    return tally.received, tally.filed, tally.quarantined, tally.duplicate


def reasons() -> list[str]:
    return [line.code for line in queries.quarantined()]


def test_what_is_received_is_filed_or_quarantined_or_known():
    assert take(surgery(), hospital(), b"{", surgery(), b"") == (5, 2, 2, 1)
    lines = queries.feed_lines()
    assert sum(line.received for line in lines) == 5
    assert all(line.received == line.filed + line.quarantined + line.duplicate for line in lines)
    assert Receipt.objects.count() == Document.objects.count() == 4


def test_message_again_is_a_duplicate_and_changes_nothing():
    take(surgery(problem()), hospital())
    before = list(Entry.objects.values()), list(LocalPatient.objects.values()), list(DataIssue.objects.values())
    assert take(hospital(), surgery(problem())) == (2, 0, 0, 2)
    assert take(hospital()) == (1, 0, 0, 1)
    after = list(Entry.objects.values()), list(LocalPatient.objects.values()), list(DataIssue.objects.values())
    assert after == before
    assert sorted(Receipt.objects.values_list("duplicates", flat=True)) == [1, 2]


def test_refused_message_again_is_a_duplicate_as_well():
    assert [take(b"{"), take(b"{")] == [(1, 0, 1, 0), (1, 0, 0, 1)]


@pytest.mark.parametrize("together", [True, False])
def test_id_used_for_two_messages_files_the_first_alone(together):
    first, second = hospital(), hospital().replace(b"WARD1", b"WARD9")
    assert first != second
    if together:
        assert take(first, second, second) == (3, 1, 1, 1)
    else:
        assert [take(first), take(second), take(second)] == [(1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1)]
    assert reasons() == ["id-used-twice"]
    assert "WARD1" in Entry.objects.get().detail


@pytest.mark.parametrize("together", [True, False])
def test_sender_is_told_each_messages_fate_and_the_same_when_it_comes_again(together):
    first, second = hospital(), hospital().replace(b"WARD1", b"WARD9")
    messages = [first, second, b"{", first, second, b"{"]
    fates = []

    def note(item, fate):
        fates.append((item.name, fate.outcome, fate.refusal and fate.refusal.code))

    items = [Item(str(number), raw) for number, raw in enumerate(messages)]
    for batch in [items] if together else [[item] for item in items]:
        receive(batch, by="test", answer=note)
    broken = formats.read(b"{").code
    assert fates == [
        ("0", "filed", None),
        ("1", "quarantined", "id-used-twice"),
        ("2", "quarantined", broken),
        ("3", "duplicate", None),
        ("4", "duplicate", "id-used-twice"),
        ("5", "duplicate", broken),
    ]


def test_other_feeds_data_is_not_filed():
    assert take(surgery(code="G99002"), feed_code="G99001") == (1, 0, 1, 0)
    assert reasons() == ["source-other"]
    assert Feed.objects.get().organisation_code == "G99001"
    assert LocalPatient.objects.count() == 0


def test_message_refused_from_the_wrong_feed_is_filed_from_the_right_one():
    take(surgery(), feed_code="G99009")
    assert take(surgery(), feed_code="G99009") == (1, 0, 0, 1)
    assert take(surgery(), feed_code="G99001") == (1, 1, 0, 0)
    assert LocalPatient.objects.count() == 1


def test_message_that_names_no_source_is_refused():
    assert take(hospital(code="")) == (1, 0, 1, 0)
    assert reasons() == ["source-missing"]


def test_poison_among_good_messages_stops_none_of_them():
    poison = [b"\x00" * 50, b"MSH|", b"\xff\xfe{", b"[" * 100_000, surgery()[:-9], hospital()[:20], b'{"a": "\\ud800"}']
    good = [surgery(local=f"p{n}") for n in range(len(poison))]
    assert take(*(raw for pair in zip(good, poison, strict=True) for raw in pair)) == (14, 7, 7, 0)
    assert all(line.reason and line.code for line in queries.quarantined())
    assert replay(by="test").quarantined == 7


def test_quarantined_message_is_filed_after_the_cure(monkeypatch):
    reading = formats.read
    monkeypatch.setattr(
        formats, "read", lambda raw, name="", layouts=(): Reject("not yet read", "reader-missing", "PID")
    )
    assert take(surgery(problem()), hospital()) == (2, 0, 2, 0)
    assert counts(replay(by="test")) == (2, 0, 2, 0)
    monkeypatch.setattr(formats, "read", reading)
    chosen = Receipt.objects.order_by("pk").first()
    assert counts(replay([chosen.key], by="test")) == (1, 1, 0, 0)
    assert counts(replay(by="test", code="no-such-code")) == (0, 0, 0, 0)
    assert counts(replay(by="test", code="reader-missing")) == (1, 1, 0, 0)
    assert counts(replay(by="test")) == (0, 0, 0, 0)
    assert (reasons(), LocalPatient.objects.count()) == ([], 2)
    assert set(Receipt.objects.values_list("replays", "reason", "path")) == {(2, "", "")}
    assert len(ledger.latest(50, action="replay message")) == 4


def test_many_are_replayed_some_at_a_time_and_it_is_told_how_far(monkeypatch):
    monkeypatch.setattr(replaying, "_AT_ONCE", 3)
    with monkeypatch.context() as patched:
        patched.setattr(formats, "read", lambda raw, name="", layouts=(): Reject("not yet read", "reader-missing"))
        take(*(surgery(local=f"p{n}") for n in range(7)))
    steps = []
    tally = replay(by="test", progress=lambda step, of: steps.append((step, of)))
    assert (counts(tally), steps) == ((7, 7, 0, 0), [(3, 7), (3, 7), (1, 7)])
    assert (LocalPatient.objects.count(), reasons()) == (7, [])


def test_replay_takes_few_large_messages_at_a_time():
    assert list(replaying._chunks([(1, 1_500_000), (2, 600_000), (3, 5_000_000), (4, 10)])) == [[1], [2], [3], [4]]
    assert list(replaying._chunks([])) == []


def test_two_of_one_id_replayed_together_are_one_filed_and_one_refused(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(formats, "read", lambda raw, name="", layouts=(): Reject("not yet read", "reader-missing"))
        take(hospital(), hospital(given="Helen"))
    assert counts(replay(by="test")) == (2, 1, 1, 0)
    assert set(Receipt.objects.values_list("reason_code", flat=True)) == {"", "id-used-twice"}


def test_message_sent_again_after_its_replay_is_a_duplicate(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(formats, "read", lambda raw, name="", layouts=(): Reject("not yet read", "reader-missing"))
        take(hospital(number="1234567890"))
    replay(by="test")
    issues = DataIssue.objects.count()
    assert take(hospital(number="1234567890")) == (1, 0, 0, 1)
    assert DataIssue.objects.count() == issues > 0


def test_message_sent_again_before_its_replay_is_filed_once(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(formats, "read", lambda raw, name="", layouts=(): Reject("not yet read", "reader-missing"))
        take(hospital(number="1234567890"))
    assert take(hospital(number="1234567890")) == (1, 1, 0, 0)
    issues = DataIssue.objects.count()
    replay(by="test")
    assert reasons() == []
    assert DataIssue.objects.count() == issues > 0


@pytest.mark.parametrize("second", [hospital().replace(b"WARD1", b"WARD9"), hospital()])
def test_replay_judges_a_message_as_its_arrival_would(monkeypatch, second):
    with monkeypatch.context() as patched:
        patched.setattr(formats, "read", lambda raw, name="", layouts=(): Reject("not yet read", "reader-missing"))
        take(second)
        take(surgery(code="G99002"), feed_code="G99001")
    take(hospital())
    replay(by="test")
    left = ["source-other"] if second == hospital() else ["source-other", "id-used-twice"]
    assert reasons() == left
    assert LocalPatient.objects.count() == 1
    assert "WARD1" in Entry.objects.get().detail


@pytest.mark.parametrize("refused", [surgery(code="G99002"), hospital().replace(b"WARD1", b"WARD9")])
def test_what_lies_with_the_sender_is_not_filed_by_replay(refused):
    take(hospital())
    take(refused, feed_code="RCB")
    assert counts(replay(by="test")) == (1, 0, 1, 0)
    assert "WARD1" in Entry.objects.get().detail


def test_chunk_that_fails_is_not_kept_and_is_taken_when_sent_again(monkeypatch):
    def full(*_: object, **__: object) -> int:
        raise OperationalError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "file", full)
        with pytest.raises(OperationalError):
            take(surgery())
    assert (Receipt.objects.count(), Document.objects.count(), Feed.objects.count()) == (0, 0, 0)
    assert take(surgery()) == (1, 1, 0, 0)


def test_progress_is_told_after_each_chunk():
    told = []
    messages = [Item("", surgery(*(problem(f"x{n}-{i}") for i in range(100)), local=f"p{n}"), "file") for n in range(9)]
    receive(messages, by="test", progress=lambda tally: told.append(tally.received))
    assert told[-1] == 9
    assert len(told) > 1
    assert told == sorted(told)


def test_declared_feed_is_known_before_its_first_message():
    row = {"organisation_code": "RCB", "format": "hl7-v2", "supplier": "PAS", "expected_minutes": 60}
    assert [actions.declare_feeds([row], by="test") for _ in range(2)] == [1, 0]
    take(hospital())
    line = queries.feed_lines()[0]
    assert (line.declared, line.supplier, line.expected_minutes, line.filed) == (True, "PAS", 60, 1)
    assert line.last_received_at is not None


def test_look_at_raw_bytes_is_recorded():
    take(b"not a message")
    line = queries.quarantined()[0]
    detail = actions.open_quarantined(key=line.key, by="u1")
    assert (detail.head, detail.line) == (b"not a message", line)
    assert ledger.latest(1)[0].subject == line.key
    assert actions.open_quarantined(key="none", by="u1") is None
    assert queries.quarantine_reasons() == [(line.code, 1)]
    assert queries.quarantine_count(line.code) == queries.quarantine_count() == 1


def test_watched_folder_is_emptied_into_done_and_quarantined(tmp_path: Path):
    (tmp_path / "a.json").write_bytes(surgery())
    (tmp_path / "b.hl7").write_bytes(b"{")
    (tmp_path / "c.part").write_bytes(hospital())
    (tmp_path / ".hidden").write_bytes(hospital())
    assert [counts(tally) for tally in watch(tmp_path, by="test", once=True)] == [(2, 1, 1, 0)]
    assert (tmp_path / "done" / "a.json").read_bytes() == surgery()
    assert (tmp_path / "quarantined" / "b.hl7").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"c.part", ".hidden", "done", "quarantined"}
    assert list(watch(tmp_path, by="test", once=True)) == []


def test_watched_file_of_a_name_that_was_there_replaces_none(tmp_path: Path):
    for at in ("2021-06-02T12:00:00+00:00", JULY):
        (tmp_path / "a.json").write_bytes(surgery(at=at))
        list(watch(tmp_path, by="test", once=True))
    assert {path.name for path in (tmp_path / "done").iterdir()} == {"a.json", "a-1.json"}
    assert (tmp_path / "done" / "a.json").read_bytes() == surgery()


def test_watched_file_that_still_grows_is_left_alone(tmp_path: Path, monkeypatch):
    growing = tmp_path / "a.json"
    growing.write_bytes(surgery()[:100])
    looks = iter([surgery(), None, None])

    def sleep(_: float) -> None:
        more = next(looks)
        if more:
            growing.write_bytes(more)

    monkeypatch.setattr("oneplace.gateway.watch.time.sleep", sleep)
    assert counts(next(watch(tmp_path, by="test"))) == (1, 1, 0, 0)


def send(client, raw: bytes, token: str = ""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post("/inbox/", data=raw, content_type="application/json", headers=headers)


def test_inbox_takes_the_messages_of_its_own_feed_alone(client):
    token = access.create_key(feed_code="G99001", by="test")
    answer = send(client, surgery(), token)
    assert (answer.status_code, answer.json()["filed"]) == (200, 1)
    assert send(client, surgery(), token).json()["duplicate"] == 1
    other = send(client, surgery(code="G99002", number=OTHER), token)
    assert (other.status_code, other.json()["quarantined"]) == (422, 1)
    assert set(LocalPatient.objects.values_list("source__code", "nhs_number")) == {("G99001", MARY)}


@pytest.mark.parametrize("token", ["", "wrong", "wrong.wrong"])
def test_inbox_without_its_key_takes_nothing(client, token):
    assert send(client, surgery(), token).status_code == 401
    assert Receipt.objects.count() == 0


def test_inbox_is_no_page_and_has_a_largest_message(client):
    token = access.create_key(feed_code="G99001", by="test")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/inbox/", headers=headers).status_code == 405
    large = client.post("/inbox/", data=b"{}", content_type="x/y", headers=headers, CONTENT_LENGTH="99999999")
    assert large.status_code == 413
    assert Receipt.objects.count() == 0


def test_real_messages_are_all_accounted_for_and_known_the_second_time(shared_data: Path):
    folders = [shared_data / "clinical" / name for name in ("gp_structured_stu3", "hl7v2")]
    files = sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
    items = [Item(path.name, path.read_bytes(), "file") for path in files]
    first = receive(items, by="test")
    assert counts(first) == (26, 21, 5, 0)  # the two reports have one message id: the second is kept, not filed
    held = Entry.objects.count(), DataIssue.objects.count(), LocalPatient.objects.count()
    assert counts(receive(items, by="test")) == (26, 0, 0, 26)
    assert (Entry.objects.count(), DataIssue.objects.count(), LocalPatient.objects.count()) == held
    assert ledger.verify().ok
