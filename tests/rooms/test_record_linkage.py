"""Linkage beyond the number: demographics, merges by a source, decisions by staff; each undone without a trace."""

import hashlib
from datetime import UTC, datetime
from itertools import permutations

import pytest
from django.db import connection, transaction
from factories import wire
from factories.senders import MARY, NOW, OTHER, file, hospital, problem, surgery
from test_record_door import GP, opened, share

from oneplace.access.rules import Actor
from oneplace.kernel.rows import EventRow, Message, Move, PersonRow
from oneplace.ledger import queries as ledger
from oneplace.record import door, identity, ingest, reviews
from oneplace.record.filing import Filing, Stored
from oneplace.record.models import LinkDecision, LocalPatient, ReviewTask
from oneplace.record.reviews import CannotDecide
from oneplace.record.shapes import Refused

pytestmark = pytest.mark.django_db
PRITI = Actor("dm1", "Priti", "data-manager", "RCB")
HOME = {"address": [{"line": ["1 Mill Lane"], "postalCode": "ZZ1 1AA"}]}
MOVED = {"address": [{"postalCode": "ZZ2 2BB"}, {"postalCode": "ZZ1 1AA", "use": "old"}]}


def link_of(local: str) -> tuple[str, str]:
    patient = LocalPatient.objects.get(local_id=local)
    return patient.link, patient.person.nhs_number or ""


def community(number: str = "", local: str = "c1", **more: object) -> bytes:
    """A service that often lacks the NHS number."""
    return surgery(number=number, code="RDR", local=local, **more)


def merge(kept: str, folded: str, day: str = "20210301") -> bytes:
    """A hospital's A40 about two of its patients."""
    pid = f"PID|1||{kept}^^^RCB^PI~{MARY}^^^NHS||Burrows^Mary^^^^^L||19511212|2"
    names = {"number": f"A40{kept}{folded}{day}", "time": f"{day}100100", "facility": "RCB"}
    return wire.adt("A40", f"MRG|{folded}^^^RCB^PI", pid=pid, pv1="", recorded=f"{day}1000", **names)


def unmerge(kept: str, folded: str, day: datetime) -> None:
    """The hospital takes that back."""
    event = EventRow(f"RCB:{kept}", Move.UNMERGED, day, other_local_id=f"RCB:{folded}")
    people = tuple(PersonRow(f"RCB:{key}", key_only=True) for key in (kept, folded))
    raw = repr(event).encode()
    stored = Stored(hashlib.sha256(raw).digest(), raw, len(raw), "hl7-v2")
    with transaction.atomic():
        documents = ingest.keep_documents([stored], NOW)
        message = Message("hl7-v2", "RCB", "", people, (), (event,), sent_at=day)
        ingest.file([Filing(stored, message)], documents, by="test", now=NOW)


def test_patient_without_a_number_joins_the_one_person_who_agrees():
    file(surgery(**HOME), community(**HOME))
    assert link_of("c1") == ("linked", MARY)
    assert LocalPatient.objects.get(local_id="c1").link_reason == "date of birth, name, sex and postcode agree"


def test_former_name_and_former_postcode_count():
    file(surgery(family="Meakin", former="Burrows", **MOVED), community(**HOME))
    assert link_of("c1") == ("linked", MARY)


@pytest.mark.parametrize(
    "told",
    [
        {"given": "Helen"},
        {"born": "1951-12-13"},
        {"family": "Pike"},
        {"address": [{"postalCode": "ZZ9 9ZZ"}]},
        {"gender": "male"},
        {"born": None},
    ],
    ids=["twin", "junior", "namesake", "elsewhere", "brother", "ageless"],
)
def test_one_thing_that_differs_keeps_a_patient_without_a_number_apart(told: dict[str, object]):
    file(surgery(**HOME), community(**{**HOME, **told}))
    assert link_of("c1") == ("unlinked", "")


def test_two_people_who_both_agree_hold_a_patient_for_review():
    file(surgery(**HOME), surgery(number=OTHER, local="p2", code="G99002", **HOME), community(**HOME))
    assert link_of("c1") == ("held", "")
    assert ReviewTask.objects.get(closed_at=None).reason.startswith("two people agree")


def test_patients_without_numbers_are_one_person_of_their_own():
    file(
        community(**HOME), surgery(number="", code="H99", local="h1", **HOME), community(local="x", given="Ann", **HOME)
    )
    one, other, stranger = (LocalPatient.objects.get(local_id=key) for key in ("c1", "h1", "x"))
    assert one.person == other.person != stranger.person


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_order_of_arrival_changes_no_link(order: tuple[int, ...]):
    told = [surgery(**HOME), community(**HOME), hospital(), merge("H1", "H2")]
    for index in order:
        file(told[index])
    found = {patient.local_id: (patient.link, patient.person.nhs_number) for patient in LocalPatient.objects.all()}
    assert found == dict.fromkeys(("p1", "c1", "RCB:H1", "RCB:H2"), ("linked", MARY))


def rows() -> list[tuple[str, list[tuple[object, ...]]]]:
    """Every row of record and access that tells who is who, but for what was noted of merges and decisions."""
    told = []
    with connection.cursor() as cursor:
        for table, columns in (
            ("record_localpatient", "local_id, person_id, alone_id, link, link_reason"),
            ("record_entry", "told_id, patient_id, content, version_at"),
            ("record_person", "id, key, nhs_number"),
            ("access_relationship", "person, organisation_code, kind, reference, starts, ends"),
            ("record_reviewtask", "patient_id, reason, closed_at IS NULL"),
        ):
            cursor.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3")
            told.append((table, [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor]))
    return told


def test_merge_by_a_source_is_undone_without_a_trace():
    file(surgery(), hospital(local="H1"), hospital(local="H2", number="", family="Unknown", given="Male", visit="V2"))
    before = rows()
    file(merge("H1", "H2"))
    assert link_of("RCB:H2") == ("linked", MARY)
    assert LocalPatient.objects.get(local_id="RCB:H2").link_reason == "merged by its source"
    unmerge("H1", "H2", datetime(2021, 3, 2, tzinfo=UTC))
    assert rows() == before


def test_feeds_between_merge_and_unmerge_stay_with_their_own_patient():
    file(surgery(), hospital(local="H1"), hospital(local="H2", number="", family="Unknown", visit="V2"))
    file(merge("H1", "H2"))
    file(hospital("A03", local="H2", number="", family="Unknown", visit="V2", day="20210401"))
    unmerge("H1", "H2", datetime(2021, 5, 1, tzinfo=UTC))
    stranger = LocalPatient.objects.get(local_id="RCB:H2")
    assert stranger.link == "unlinked"
    assert {entry.patient_id for entry in stranger.entries.all()} == {stranger.pk}
    assert stranger.entries.filter(status="finished").exists()


def test_merge_never_joins_two_valid_numbers():
    file(surgery(), surgery(number=OTHER, local="p2", code="G99002"), hospital(local="H1"))
    file(hospital(local="H2", number=OTHER, visit="V2"), merge("H1", "H2"))
    assert link_of("RCB:H2") == ("provisional", OTHER)
    assert LocalPatient.objects.get(local_id="p2").person != LocalPatient.objects.get(local_id="p1").person
    assert ReviewTask.objects.get(closed_at=None).reason == "its source merged it with a patient of another NHS number"


def test_old_address_of_a_person_leads_to_the_new_one():
    file(surgery(), hospital(local="H2", number="", family="Unknown", visit="V2"))
    stranger = LocalPatient.objects.get(local_id="RCB:H2").person.key
    assert identity.now_known_as(stranger) == ""
    file(merge("H1", "H2"))
    assert identity.now_known_as(stranger) == LocalPatient.objects.get(local_id="p1").person.key
    share("G99001", "RCB")
    assert door.open(GP, stranger) == Refused()


def a_case() -> str:
    """A hospital's patient with the number and birth date of the practice's, but another surname."""
    file(surgery(problem()), hospital(family="Meakin"))
    lines, count = reviews.queue()
    assert (count, lines[0].link, lines[0].source_code) == (1, "provisional", "RCB")
    return lines[0].key


def test_case_shows_both_sides_and_is_in_the_ledger():
    found = reviews.case(PRITI, a_case())
    assert found is not None
    assert (found.side.names, found.others[0].names) == (("MEAKIN, Mary",), ("BURROWS, Mary",))
    verdicts = {one.what: one.verdict for one in found.evidence}
    assert (verdicts["NHS number"], verdicts["Date of birth"], verdicts["Surname"]) == ("agree", "agree", "differ")
    assert verdicts["Postcode"] == "missing"
    assert (ledger.latest(1)[0].action, ledger.latest(1)[0].actor) == ("open linkage case", "dm1")
    assert reviews.case(PRITI, "nothing") is None


@pytest.mark.parametrize(("same", "link", "number"), [(True, "linked", MARY), (False, "unlinked", "")])
def test_decision_stands_until_it_is_taken_back(same: bool, link: str, number: str):
    key = a_case()
    before = rows()
    reviews.decide(PRITI, key, same=same, reason="rang the practice")
    assert link_of("RCB:H1") == (link, number)
    assert reviews.queue() == ([], 0)
    row = ledger.latest(1)[0]
    assert row.action == ("link by decision" if same else "keep apart by decision")
    file(hospital("A08", family="Meakin", day="20210106"))
    assert link_of("RCB:H1") == (link, number), "a newer message leaves the decision alone"
    decision = reviews.decisions()[0]
    assert (decision.by_name, decision.reason, decision.undone_at) == ("Priti", "rang the practice", None)
    assert reviews.undo(PRITI, decision.key)
    assert not reviews.undo(PRITI, decision.key)
    after = {table: values for table, values in rows() if table in ("record_reviewtask", "access_relationship")}
    assert all(after[table] == values for table, values in before if table in after)
    assert (link_of("RCB:H1"), reviews.queue()[1]) == (("provisional", MARY), 1)


def test_decision_moves_the_ties_and_the_page():
    key = a_case()
    share("G99001", "RCB")
    assert len(opened(GP, LocalPatient.objects.get(local_id="p1").person.key).conflicts) == 1
    reviews.decide(PRITI, key, same=False, reason="another man")
    seen = opened(GP, LocalPatient.objects.get(local_id="p1").person.key)
    assert seen.conflicts == ()
    assert {line.code for line in seen.sources if line.state == "shown"} == {"G99001"}


def test_decision_needs_a_case_a_reason_and_another_side():
    key = a_case()
    with pytest.raises(CannotDecide, match="no such case"):
        reviews.decide(PRITI, "nothing", same=True, reason="x")
    with pytest.raises(CannotDecide, match="Say why"):
        reviews.decide(PRITI, key, same=True, reason="  ")
    assert not LinkDecision.objects.exists()


def test_held_by_another_birth_date_may_be_judged_the_same():
    file(surgery(), hospital(born="19511221"))
    key = reviews.queue("held")[0][0].key
    assert reviews.queue("provisional") == ([], 0)
    reviews.decide(PRITI, key, same=True, reason="typing slip, passport seen")
    assert link_of("RCB:H1") == ("linked", MARY)
    assert LocalPatient.objects.get(local_id="RCB:H1").link_reason == "judged to be one person by Priti"


def test_newer_word_of_the_source_closes_a_case():
    a_case()
    file(hospital("A08", family="Burrows", day="20210107"))
    assert reviews.queue() == ([], 0)
