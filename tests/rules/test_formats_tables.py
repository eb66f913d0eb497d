"""Extracts: rows by declared layouts, told by their columns; each bad row costs itself alone and says why."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneplace import formats
from oneplace.formats import tables
from oneplace.formats.tables.layouts import LayoutFault, layouts_of, shipped
from oneplace.kernel.rows import Kind, Message, Move, Reject

HEAD = "organisation_code,local_patient_id,nhs_number,family_name,given_name,birth_date,sex,ethnic_category,address,postcode,registered_practice,contact_id,contact_at,contact_type,team,outcome,updated_at"  # noqa: E501
ROW = 'RDR,c1,999 000 0018,Burrows,Mary,1951-12-12,2,A,"1 Mill Lane, Upton",zz11aa,G99001,k1,2026-03-01 09:30,Home visit,Rapid,Seen,2026-03-01T10:00:00Z'  # noqa: E501


def read(raw: str | bytes) -> Message:
    answer = formats.read(raw if isinstance(raw, bytes) else raw.encode())
    assert isinstance(answer, Message), answer
    return answer


def refused(raw: str | bytes) -> Reject:
    answer = formats.read(raw if isinstance(raw, bytes) else raw.encode())
    assert isinstance(answer, Reject), answer
    return answer


def table(**changes: str) -> str:
    """One row with values changed; columns that the heading lacks are added."""
    import csv
    import io

    names, values = HEAD.split(","), next(csv.reader([ROW]))
    told = dict(zip(names, values, strict=True)) | changes
    out = io.StringIO()
    writer = csv.DictWriter(out, list(told))
    writer.writeheader()
    writer.writerow(told)
    return out.getvalue()


def test_contact_becomes_a_person_an_encounter_and_a_tie():
    message = read(f"{HEAD}\n{ROW}\n")
    assert (message.format, message.source_code) == ("csv-community-contacts", "RDR")
    person, entry, event = message.people[0], message.entries[0], message.events[0]
    assert (person.local_id, person.nhs_number, person.birth_date) == ("c1", "9990000018", date(1951, 12, 12))
    assert (person.names[0].family, person.sex, person.ethnicity) == ("Burrows", "female", "A")
    assert (person.addresses[0].lines, person.addresses[0].postcode) == (("1 Mill Lane", "Upton"), "ZZ1 1AA")
    assert (entry.kind, entry.type, entry.source_id, entry.display) == (
        Kind.ENCOUNTER,
        "CareContact",
        "k1",
        "Home visit",
    )
    assert (entry.status, entry.happened_at) == ("finished", datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    assert entry.detail == {"place": "Rapid", "text": "Seen"}
    assert (event.move, event.spell_id) == (Move.ATTENDED, "k1")
    assert message.issues == ()


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_cases_are_known(delimiter: str):
    row = ROW.replace('"1 Mill Lane, Upton"', "1 Mill Lane")
    raw = f"{HEAD.upper()}\r\n{row}\r\n".replace(",", delimiter)
    assert read("\ufeff" + raw).entries == read(f"{HEAD}\n{row}").entries


def test_object_a_line_reads_like_a_row():
    import json

    rows = {"hospice_patient_id": "h1", "preference_id": 7, "preference": "To be at home", "preference_type": "Place of death", "organisation_code": "H99", "withdrawn_on": None}  # fmt: skip # noqa: E501
    message = read(json.dumps(rows))
    assert (message.format, message.people[0].key_only) == ("ndjson-hospice-preferences", True)
    entry = message.entries[0]
    assert (entry.kind, entry.source_id, entry.display, entry.status) == (Kind.PLAN, "7", "Place of death", "active")
    assert entry.detail["text"] == "To be at home"
    assert message.events == ()
    accented = read(json.dumps(rows | {"preference": "Chez \xe9l\xe8ne"}, ensure_ascii=False).encode("cp1252"))
    assert accented.entries[0].detail["text"] == "Chez \xe9l\xe8ne"
    assert accented.issues[0].code == "charset-guessed"
    assert refused(json.dumps({"a": 1})).code == "not-fhir"
    assert refused("[1]").code == "not-fhir"


def test_file_is_parted_into_rows_with_their_heading_and_line():
    quoted = ROW.replace("Seen", '"Seen,\nand well"').replace("k1", "k2")
    pieces = list(formats.pieces(f"{HEAD}\r\n{ROW}\r\n\r\n{quoted}\r\n{ROW[:40]}".encode()))
    assert [piece.place for piece in pieces] == ["line 2", "line 4", "line 6"]
    assert read(pieces[1].raw).entries[0].detail["text"] == "Seen,\nand well"
    assert refused(pieces[2].raw).code == "columns-count"
    assert [piece.place for piece in formats.pieces(f"{HEAD}\n{ROW}".encode("utf-16"))] == ["line 2"]
    assert list(formats.split(HEAD.encode())) == [HEAD.encode()]  # cut off in its first line, it doesn't vanish


def test_objects_of_a_file_stand_on_their_lines():
    pieces = list(formats.pieces(b'{"a": 1}\n\n{"b": 2}'))
    assert [(piece.raw.strip(), piece.place) for piece in pieces] == [(b'{"a": 1}', "line 1"), (b'{"b": 2}', "line 3")]


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (f"{HEAD}\n{ROW},more\n", "columns-count", "18 columns and the heading 17"),
        (f"{HEAD}\n", "row-missing", "no row"),
        (f"{HEAD},team\n{ROW},x\n", "column-twice", "names 'team' twice"),
        (f"{HEAD}\n{ROW.replace('Mary', chr(34) + 'Ma' + chr(34) + 'ry')}\n", "row-broken", "quotation mark"),
        (table(local_patient_id=""), "column-empty", "'local_patient_id' is empty"),
        (table(contact_id=" "), "column-empty", "'contact_id' is empty"),
        (table(contact_at=""), "column-empty", "'contact_at' is empty"),
        ("a,b,c\n1,2,3\n", "layout-unknown", "no layout known"),
        ("%PDF-1.7\n", "format-foreign", "a PDF"),
        (b"PK\x03\x04....", "format-foreign", "unpack it"),
        (b"\x1f\x8b\x08", "format-foreign", "gzip"),
    ],
)
def test_bad_row_says_what_is_wrong(raw: str | bytes, code: str, words: str):
    answer = refused(raw)
    assert answer.code == code
    assert words in answer.reason


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("birth_date", "31/02/1951", "date-unreadable"),
        ("birth_date", "45321", "date-unreadable"),
        ("birth_date", "1951", "birth-date-partial"),
        ("birth_date", "2951-01-01", "birth-date-future"),
        ("sex", "7", "sex-unknown"),
        ("nhs_number", "9990000019", "nhs-number-invalid"),
        ("nhs_number", "3333333333", "nhs-number-placeholder"),
        ("nhs_number", "", "nhs-number-missing"),
        ("family_name", "x" * 300, "too-long"),
        ("contact_status", "y" * 60, "too-long"),
    ],
)
def test_doubtful_value_is_an_issue_of_its_column_alone(column: str, value: str, code: str):
    message = read(table(**{column: value}))
    assert [issue.code for issue in message.issues] == [code]
    assert all(value[:20] not in issue.text for issue in message.issues if value)
    assert message.entries


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("02/03/2026", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2.3.2026 9:05", datetime(2026, 3, 2, 9, 5, tzinfo=UTC)),
        ("02/07/2026 09:05:30", datetime(2026, 7, 2, 8, 5, 30, tzinfo=UTC)),
        ("2026-07-02T09:05:00", datetime(2026, 7, 2, 8, 5, tzinfo=UTC)),
        ("2026-07-02T09:05:00+00:00", datetime(2026, 7, 2, 9, 5, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_people_write_them(told: str, at: datetime):
    assert read(table(contact_at=told)).entries[0].happened_at == at


def test_column_that_no_layout_reads_is_kept_beside():
    assert read(table(mood="=1+1")).entries[0].detail["also"] == {"mood": "=1+1"}


def test_other_character_set_is_told():
    message = read(table(family_name="Tésté").encode("cp1252"))
    assert message.people[0].names[0].family == "Tésté"
    assert [issue.code for issue in message.issues] == ["charset-guessed"]
    assert refused(HEAD.encode() + b"\n\x81\x8d").code == "charset"
    assert tables.heading_of(b"\x81\x8d,a\n") is None
    assert isinstance(tables.read(b"a,b\n1,2"), Reject)


def test_every_shipped_layout_reads_its_own_columns():
    assert len(shipped()) == 7
    for layout in shipped():
        head = sorted(layout.used)
        values = {name: "2026-01-02" for name in head} | {layout.source: "RDR"}
        raw = ",".join(head) + "\n" + ",".join(values[name] for name in head)
        message = read(raw)
        assert message.format == f"csv-{layout.name}"
        assert message.entries[0].type == layout.type


def test_package_of_a_council_runs_until_it_ends():
    head = "organisation_code,client_id,surname,forename,date_of_birth,gender,service_event_id,service_type,event_start_date,event_end_date,last_updated,prefix"  # noqa: E501
    rows = ["E10,p1,Burrows,Mary,12/12/1951,Female,s1,Home care,2026-01-01,,2026-01-01,Mrs", "E10,p1,Burrows,Mary,12/12/1951,Female,s1,Home care,2026-01-01,2026-02-01,2026-02-01,Mrs"]  # fmt: skip # noqa: E501
    told = [read(f"{head}\n{row}").entries[0] for row in rows]
    assert [one.ended_at is None for one in told] == [True, False]
    assert told[0].version_at is not None
    assert told[1].version_at > told[0].version_at


GOOD = """
name: blood-pressures
title: Blood pressure
recognised_by: [reading_id, person]
patient: {local_id: person, phone: mobile, former_family: before, given: first, prefix: title, verified: traced}
entry: {kind: result, type: Reading, id: [reading_id], happened_at: at, value: mmhg, unit: unit, code: snomed, system: "http://snomed.info/sct", statuses: {"*": final}, status: state}
event: registered
"""  # noqa: E501


def layouts(tmp_path: Path, *texts: str):
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text)
    return layouts_of(tmp_path)


def test_layout_of_ones_own_is_read(tmp_path: Path):
    mine = layouts(tmp_path, GOOD)
    raw = b"reading_id,person,mmhg,unit,snomed,state,mobile,before,first,title,traced\n1,p,120,mm[Hg],75367002,odd,07700 900001,Old,Mary,Mrs,yes"  # noqa: E501
    message = tables.read(raw, mine)
    assert isinstance(message, Message)
    entry, person = message.entries[0], message.people[0]
    assert (entry.value, entry.unit, entry.system, entry.status) == (120.0, "mm[Hg]", "http://snomed.info/sct", "final")
    assert (entry.display, message.source_code) == ("Blood pressure", "")
    assert (person.names[0].family, person.phones, person.number_verified) == ("Old", ("07700 900001",), True)
    assert [event.move for event in message.events] == [Move.REGISTERED]
    words = tables.read(raw.replace(b"120", b"high"), mine)
    assert isinstance(words, Message)
    assert (words.entries[0].value, words.entries[0].value_text) == (None, "high")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: blood-pressures", "", "has no name"),
        ("title: Blood", "colour: red\ntitle: Blood", "'colour', which means nothing"),
        ("local_id: person, ", "", "no local_id"),
        ("kind: result", "kind: odd", "entry.kind is 'odd'"),
        ("[reading_id, person]", "[]", "must be a list"),
        ("[reading_id, person]", "[elsewhere]", "'elsewhere', which the layout doesn't read"),
        ("event: registered", "event: flown", "event is 'flown'"),
        ("phone: mobile", "fax: mobile", "'fax', which means nothing"),
        ("entry: {", "entry: [", "can't be read as YAML"),
        ("patient: {", "patient: x #{", "patient is missing"),
        ("blood-pressures", "Blood pressures", "at most 23 small letters"),
        ("value: mmhg", "value: [mmhg]", "entry.value is not the name of one column"),
        ("[reading_id, person]", "[reading_id, {a: b}]", "recognised_by is not the name of one column"),
        ("event: registered", "required: at", "required must be a list"),
        ("event: registered", "source: yes", "source is not the name"),
        ("event: registered", "source: 2026-99-99 00:00:00", "can't be read as YAML"),
    ],
)
def test_layout_with_a_fault_is_named(tmp_path: Path, old: str, new: str, words: str):
    with pytest.raises(LayoutFault, match=r"0\.yaml") as refusal:
        layouts(tmp_path, GOOD.replace(old, new))
    assert words in str(refusal.value)


def test_two_layouts_of_one_name_are_refused(tmp_path: Path):
    with pytest.raises(LayoutFault, match="two layouts are called"):
        layouts(tmp_path, GOOD, GOOD)


def test_two_layouts_of_the_same_columns_are_refused(tmp_path: Path):
    with pytest.raises(LayoutFault, match="recognised by the same columns"):
        layouts(tmp_path, GOOD, GOOD.replace("blood-pressures", "readings"))


def test_layout_that_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / "0.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(LayoutFault, match="save it as plain text in UTF-8"):
        layouts_of(tmp_path)


def test_own_layout_stands_beside_the_shipped_ones(tmp_path: Path):
    mine = layouts(tmp_path, GOOD)
    raw = b"reading_id,person,mmhg\r\n1,p,120\r\n2,q,130\r\n"
    assert formats.sniff(raw) is None
    pieces = [piece.raw for piece in formats.pieces(raw, mine)]
    told = [formats.read(piece, "", mine) for piece in pieces]
    assert [message.format for message in told] == ["csv-blood-pressures"] * 2
    row = formats.read(b'{"reading_id": 1, "person": "p", "mmhg": 120}', "", mine)
    assert row.format == "ndjson-blood-pressures"
    assert formats.read(f"{HEAD}\n{ROW}\n".encode(), "", mine).format == "csv-community-contacts"


@given(
    st.sampled_from(["title", "kind: result", "reading_id", "{local_id: person", "mmhg", '"*"', "registered", "final"]),
    st.sampled_from(["", "[", "null", "3", "[a, b]", "{a: b}", "true", "2020-01-01", "&a *a", "x: y"]),
)
def test_any_layout_is_read_or_refused_by_name(old: str, new: str):
    told = ""
    try:
        tables.layout_of(GOOD.replace(old, new), "a.yaml")
    except LayoutFault as fault:
        told = str(fault)
    assert told.startswith("a.yaml") or not told


@given(st.binary(max_size=300))
def test_any_bytes_beneath_a_heading_are_read_or_refused(rest: bytes):
    raw = HEAD.encode() + b"\n" + rest
    for piece in formats.pieces(raw):
        assert isinstance(formats.read(piece.raw), Message | Reject)


def test_nul_characters_which_databases_refuse_are_left_out():
    message = read(table(outcome="Se\0en", family_name="\0Burrows"))
    assert message.people[0].names[0].family == "Burrows"
    assert "\0" not in repr(message.entries[0].detail)
    assert "\\x00" not in repr(message)
