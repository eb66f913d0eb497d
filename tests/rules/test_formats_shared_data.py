"""formats on real example messages that no one here wrote: exact counts, so that a change of reading shows."""

from collections import Counter
from pathlib import Path

import pytest

from oneplace import formats
from oneplace.kernel.rows import Kind, Message, Reject

# file: resources, entries, issues
BUNDLES = {
    "TC4_9465698679_Gainsford_full_20210119.json": (93, 81, 1),
    "TC4_9465700193_Birdi_full_20210119.json": (190, 179, 1),
    "TC4_9465701459_Nel_full_20210119.json": (188, 169, 1),
    "TC4_9465701483_Dougill_full_20210119.json": (174, 153, 1),
    "TC4_9465701483_Nel_full_20210119.json": (174, 153, 1),
    "TC7_9465698679_Gainsford_full_20210602.json": (93, 81, 1),
    "TC7_9465700193_Birdi_full_20210602.json": (190, 179, 1),
    "TC7_9465700339_Yamura_full_20210602.json": (307, 288, 1),
    "TC7_9465701297_Livermore_full_20210602.json": (296, 269, 1),
    "TC7_9465701459_Nel_full_20210602.json": (186, 167, 1),
    "TC7_9465701483_Dougill_full_20210602.json": (175, 154, 1),
    "stub_MedicusBasedOnErrorStructuredRecord.json": (24, 17, 1),
}
REFUSED = {
    "gp_structured_stu3/stub_correctPatientStructuredRecordResponseAbsentAttachments.json": (
        "json-broken",
        "line 104, column 17",
    ),
    "gp_structured_stu3/stub_operationOutcomeInvalidNHSNumber.json": ("error-answer", "INVALID_NHS_NUMBER"),
    "gp_structured_stu3/stub_operationOutcomeNoRelationship.json": ("error-answer", "NO_RELATIONSHIP"),
    "gp_structured_stu3/stub_operationOutcomePatientNotFound.json": ("error-answer", "PATIENT_NOT_FOUND"),
}
# file: entries by kind, events, codes of issues beside the two about the number 3333333333
ADT = {
    "A01_example.hl7": ({"encounter": 1, "allergy": 1, "problem": 1, "procedure": 1}, ["admitted"], []),
    "A03_example.hl7": ({"encounter": 1, "observation": 2}, ["discharged"], []),
    "A04_example.hl7": ({"encounter": 1, "allergy": 1, "procedure": 1}, ["attended"], []),
    "A05_Example.hl7": ({"encounter": 1, "allergy": 1}, [], []),
    "A08_example.hl7": ({"encounter": 1, "problem": 1, "observation": 1}, [], []),
    "A28_Example.hl7": ({"allergy": 1}, [], ["date-unreadable"]),
    "A31_example.hl7": ({"allergy": 2}, [], ["date-unreadable"]),
    "A40_Example.hl7": ({}, ["merged"], []),
}


def read(path: Path) -> Message:
    message = formats.read(path.read_bytes(), path.name)
    assert isinstance(message, Message), message
    return message


@pytest.mark.parametrize("name", BUNDLES)
def test_gp_connect_bundle_is_read_whole(shared_data: Path, name: str) -> None:
    message = read(shared_data / "clinical/gp_structured_stu3" / name)

    assert (message.resources, len(message.entries), len(message.issues)) == BUNDLES[name]
    assert message.source_code == ("A82038" if name.startswith("TC") else "F85003")
    assert [issue.code for issue in message.issues] == ["nhs-number-invalid"]
    assert len(message.people) == len(message.events) == 1
    assert len({(entry.type, entry.source_id) for entry in message.entries}) == len(message.entries)


def test_kinds_over_all_bundles_are_as_counted(shared_data: Path) -> None:
    folder = shared_data / "clinical/gp_structured_stu3"
    kinds = Counter(entry.kind for name in BUNDLES for entry in read(folder / name).entries)

    assert kinds == {
        Kind.SECTION: 682,
        Kind.OBSERVATION: 483,
        Kind.RESULT: 104,
        Kind.PRESCRIPTION: 176,
        Kind.ENCOUNTER: 154,
        Kind.DOCUMENT: 76,
        Kind.ALLERGY: 63,
        Kind.PROBLEM: 50,
        Kind.MEDICATION: 31,
        Kind.IMMUNISATION: 25,
        Kind.REQUEST: 23,
        Kind.REFERRAL: 12,
        Kind.QUESTIONNAIRE: 11,
    }


def test_blood_pressures_of_a_real_bundle_read_as_people_write_them(shared_data: Path) -> None:
    message = read(shared_data / "clinical/gp_structured_stu3/TC7_9465701297_Livermore_full_20210602.json")
    pressures = [entry.value_text for entry in message.entries if entry.code == "163020007" and entry.value_text]
    assert "120/90" in pressures


def test_later_export_of_one_person_wins_entry_by_entry(shared_data: Path) -> None:
    folder = shared_data / "clinical/gp_structured_stu3"
    january = read(folder / "TC4_9465698679_Gainsford_full_20210119.json")
    june = read(folder / "TC7_9465698679_Gainsford_full_20210602.json")
    before = {(entry.type, entry.source_id): entry for entry in january.entries}
    both = [(before[key], entry) for entry in june.entries if (key := (entry.type, entry.source_id)) in before]

    assert january.people[0].local_id == june.people[0].local_id
    assert len(both) == 81
    assert all(old.version_at and new.version_at and old.version_at < new.version_at for old, new in both)
    renoted = [
        new for old, new in both if new.kind is Kind.ALLERGY and new.detail.get("notes") != old.detail.get("notes")
    ]
    assert len(renoted) == 13  # their assertedDate is the same in both exports


@pytest.mark.parametrize("name", REFUSED)
def test_file_that_is_no_message_is_refused_with_its_reason(shared_data: Path, name: str) -> None:
    answer = formats.read((shared_data / "clinical" / name).read_bytes())
    assert isinstance(answer, Reject)
    code, words = REFUSED[name]
    assert answer.code == code
    assert words in answer.reason


@pytest.mark.parametrize("name", ADT)
def test_adt_example_is_read(shared_data: Path, name: str) -> None:
    message = read(shared_data / "clinical/hl7v2" / name)
    kinds, moves, issues = ADT[name]

    assert Counter(entry.kind.value for entry in message.entries) == kinds
    assert [event.move.value for event in message.events] == moves
    assert sorted(issue.code for issue in message.issues) == sorted(
        [*issues, "local-id-weak", "nhs-number-placeholder"]
    )
    assert (message.source_code, message.people[0].practice_code) == ("RCB", "Y06601")


# folder: messages read whose organisation is told, read without it, and refused by reason
FOLDERS = {
    "bars_r4": (3, 5, {"error-answer": 15, "json-broken": 1, "no-patient": 4, "no-person": 9}),
    "bars_xml_r4": (5, 8, {"no-person": 1}),
    "care_plan_r4": (0, 1, {}),
    "multi_org_stu3": (8, 0, {}),
    "nhs_programmes_r4": (19, 11, {"no-patient": 1, "no-person": 19}),
    "scr_r4": (1, 1, {"no-person": 5, "not-fhir": 1}),
    "transfer_of_care_stu3": (4, 1, {}),
    "trust_integration_r4": (12, 1, {"no-patient": 1, "no-person": 1}),
    "uk_core_r4": (0, 98, {"no-patient": 6, "no-person": 34}),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_file_of_a_folder_is_read_or_refused_by_name(shared_data: Path, folder: str) -> None:
    answers = [formats.read(path.read_bytes()) for path in sorted((shared_data / "clinical" / folder).iterdir())]
    told = [answer for answer in answers if isinstance(answer, Message)]
    refused = Counter(answer.code for answer in answers if isinstance(answer, Reject))
    assert (sum(bool(one.source_code) for one in told), sum(not one.source_code for one in told), refused) == FOLDERS[
        folder
    ]
    assert all(one.people for one in told)


def test_one_man_of_four_organisations_is_told_by_each(shared_data: Path) -> None:
    """Out-of-hours, ambulance and hospital say one name and birth date, the hospital's record another."""
    told = [read(path) for path in sorted((shared_data / "clinical/multi_org_stu3").glob("*[0-9]8881.xml"))]
    people = {
        (one.source_code, person.names[0].family, str(person.birth_date)) for one in told for person in one.people
    }
    assert people == {
        ("ATQ01", "Meakin", "1960-08-01"),
        ("RYE", "Meakin", "1960-08-01"),
        ("RVV", "Meakin", "1960-08-01"),
        ("RVV", "Burrows", "1970-09-10"),
    }
    assert all(person.nhs_number.endswith("218881") and person.number_verified for one in told for person in one.people)
    assert sum(len(one.entries) for one in told) == 38


def test_discharge_letter_reads_as_a_letter(shared_data: Path) -> None:
    message = read(shared_data / "clinical/transfer_of_care_stu3/edischarge_full_payload_example-01.xml")
    letters = [entry for entry in message.entries if entry.kind is Kind.DOCUMENT]
    assert len(letters) == 1
    assert len(letters[0].detail["components"]) > 10
    assert {"medication", "allergy", "problem", "procedure"} <= {entry.kind.value for entry in message.entries}


# file: entries by kind, abnormal results in words, codes of issues
ORU = {
    "DHCW-Example-Pathology-Report-HL7v2ORU.hl7": ({"result": 10}, 7, {"line-broken"}),
    "DHCW-Example-PathologyReport-withAttachementsAndRanges-HL7v2ORU.hl7": (
        {"result": 18, "document": 5, "observation": 2},
        4,
        {"line-broken", "attachment-unreadable"},
    ),
}


@pytest.mark.parametrize("name", ORU)
def test_report_whose_lines_a_copy_broke_is_read_and_its_defect_told(shared_data: Path, name: str) -> None:
    message = read(shared_data / "clinical/hl7v2" / name)
    kinds, abnormal, issues = ORU[name]

    assert Counter(entry.kind.value for entry in message.entries) == kinds
    assert (message.source_code, message.message_id) == ("7A4BV", "ACMELab|CAV|5051095-201905141025")
    assert {issue.code for issue in message.issues} == issues
    flags = [entry.detail.get("interpretation") for entry in message.entries]
    assert sum(flag in {"High", "Low"} for flag in flags) == abnormal
    assert message.people[0].number_verified
    assert message.entries[1].value_text == "49"
    assert message.entries[3].unit == "x10^9/L"


def test_every_other_example_file_is_read_or_refused_without_a_fault_of_ours(shared_data: Path) -> None:
    answers = [formats.read(path.read_bytes()) for path in (shared_data / "clinical").rglob("*") if path.is_file()]
    assert len(answers) > 300
    assert "reader-fault" not in {answer.code for answer in answers if isinstance(answer, Reject)}
    messages = [answer for answer in answers if isinstance(answer, Message)]
    assert "entry-unreadable" not in {issue.code for message in messages for issue in message.issues}
