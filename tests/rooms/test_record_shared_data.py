"""Real example messages that no one here wrote, through gateway and record: one person told by five organisations."""

from itertools import permutations
from pathlib import Path

import pytest

from oneplace.gateway.receive import Item, receive
from oneplace.record import reviews
from oneplace.record.models import Entry, LocalPatient, ReviewTask

pytestmark = pytest.mark.django_db
# One NHS number; two organisations say Burrows, the others Meakin, with another date of birth.
TELLINGS = (
    "multi_org_stu3/9658218881.xml",
    "multi_org_stu3/OOH-To-Ambulance-Referral-Example-9658218881.xml",
    "multi_org_stu3/Ambulance-To-Hospital-Handover-Example-9658218881.xml",
    "multi_org_stu3/Hospital-To-MentalHealth-Referral-Example-9658218881.xml",
    "transfer_of_care_stu3/ITK-MH-Document-Bundle-Example-1.xml",
)


def take_in(shared: Path, names: tuple[str, ...]) -> None:
    items = [Item(name, (shared / "clinical" / name).read_bytes()) for name in names]
    tally = receive(items, by="test")
    assert (tally.received, tally.filed, tally.quarantined) == (5, 5, 0)


@pytest.mark.parametrize("names", list(permutations(TELLINGS))[::17])
def test_five_tellings_of_one_number_are_one_timeline_with_the_conflict_to_be_judged(shared_data, names):
    take_in(shared_data, names)
    told = LocalPatient.objects.select_related("source")
    assert {patient.link for patient in told} == {"linked", "provisional"}
    (person,) = {patient.person_id for patient in told}
    assert {patient.family for patient in told} == {"Burrows", "Meakin"}
    assert len({patient.source.code for patient in told}) >= 4
    assert Entry.objects.filter(patient__person=person).values("document").distinct().count() == 5
    waiting, count = reviews.queue()
    assert count == ReviewTask.objects.filter(closed_at=None).count() == told.filter(link="provisional").count() > 0
    assert all("identity conflict" in line.reason for line in waiting)


def test_whole_folder_is_accounted_for_and_no_reader_fails(shared_data):
    files = sorted(path for path in (shared_data / "clinical").rglob("*") if path.is_file())
    items = [Item(path.name, path.read_bytes()) for path in files]
    fates: list[str] = []
    tally = receive(items, by="test", answer=lambda item, fate: fates.append(fate.refusal.code if fate.refusal else ""))
    assert tally.received == tally.filed + tally.quarantined + tally.duplicate
    assert tally.received > 2_000
    assert tally.filed >= 76
    assert "reader-fault" not in fates
