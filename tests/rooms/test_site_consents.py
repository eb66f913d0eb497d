"""A register of choices from a file: good lines are kept once, bad ones are named with their line and the cure."""

import pytest
from factories.senders import file, surgery
from test_record_door import person_of

from oneplace.access.consents import choices_of
from oneplace.record import queries as record
from oneplace.site import consents
from oneplace.site.commands import record as command

pytestmark = pytest.mark.django_db
HEADING = "organisation_code,local_patient_id,information_class,choice,made_by,at,how"


def written(tmp_path, *lines: str, heading: str = HEADING):
    path = tmp_path / "consents.csv"
    path.write_text("\n".join([heading, *lines]) + "\n")
    return path


def test_good_lines_are_kept_once_and_bad_ones_named(tmp_path):
    file(surgery())
    path = written(
        tmp_path,
        "G99001,p1,,given,,2024-01-05T09:30:00,at the desk",
        "G99001,p9,,given,,2024-01-05,",
        "G99001,p1,identity,given,,2024-01-05,",
        "G99001,p1,,perhaps,,2024-01-05,",
        "G99001,p1,,given,,2999-01-05,",
        "G99001,p1,,given,,soon,",
        "G99001,p1,hospital,refused,attorney,2024-02-05T09:30:00+00:00,",
    )
    kept = consents.load(consents.read(path), by="test")
    assert (kept.told, kept.new, [number for number, _ in kept.refused]) == (7, 2, [3, 4, 5, 6, 7])
    assert [("told of this patient" in kept.refused[0][1]), ("no class" in kept.refused[1][1])] == [True, True]
    assert "perhaps" in kept.refused[2][1]
    assert "to come" in kept.refused[3][1]
    newest, oldest = choices_of(person_of())
    assert (newest.choice, newest.capacity, oldest.how, oldest.taken_at_code) == (
        "refused",
        False,
        "at the desk",
        "G99001",
    )
    assert consents.load(consents.read(path), by="test").new == 0
    assert record.people_of({("G99001", "p9")}) == {}


def test_command_tells_what_was_kept_and_what_not(tmp_path, capsys):
    file(surgery())
    command.record_load_consents(written(tmp_path, "G99001,p1,,given,,2024-01-05T09:30:00,"))
    assert "1 choices told, 1 of them new" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.record_load_consents(written(tmp_path, "G99001,p2,,given,,2024-01-05,"), as_json=True)
    told = capsys.readouterr()
    assert '"told": 1' in told.out
    assert "line 2: No source has told" in told.err
    for path in (tmp_path / "none.csv", written(tmp_path, heading="a,b")):
        with pytest.raises(SystemExit):
            command.record_load_consents(path)
    assert "has no column organisation_code" in capsys.readouterr().err
