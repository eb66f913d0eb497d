"""A visit that its source gave to another patient: its entries go with it, whenever they come."""

from itertools import permutations

import pytest
from factories import wire
from factories.senders import file, hospital

from oneplace.record.models import Entry, EntryHistory, LocalPatient, VisitMove

pytestmark = pytest.mark.django_db
DIAGNOSIS = "DG1|1||I10^Essential hypertension^I10||202101041100|A"
ADMITTED = hospital("A01", DIAGNOSIS, local="H1", visit="V1")
OTHERS = hospital("A01", DIAGNOSIS, local="H1", visit="V11")


def moved(to: str, of: str, day: str) -> bytes:
    """A45: the visit V1 is another's from now on."""
    names = {"number": f"A45{to}{day}", "time": f"{day}100100", "recorded": f"{day}1000", "facility": "RCB"}
    pid = f"PID|1||{to}^^^RCB^PI||Testcase^Ann^^^^^L||19600101|2"
    return wire.adt("A45", f"MRG|{of}^^^RCB||||V1", pid=pid, pv1="", **names)


def owners() -> dict[str, str]:
    rows = Entry.objects.filter(type__in=["PV1", "DG1"]).values_list("told_id", "type", "patient__local_id")
    return {f"{told_id.partition('/')[0]} {sort}": local for told_id, sort, local in rows}


def test_entries_of_a_visit_go_to_the_patient_whose_it_is():
    file(ADMITTED, OTHERS)
    file(moved("H2", "H1", "20210106"))
    assert owners() == {"V1 PV1": "RCB:H2", "V1 DG1": "RCB:H2", "V11 PV1": "RCB:H1", "V11 DG1": "RCB:H1"}


def test_newer_word_of_whose_the_visit_is_stands():
    file(ADMITTED, moved("H2", "H1", "20210106"), hospital("A08", local="H1", visit="V1", day="20210110"))
    assert owners()["V1 PV1"] == "RCB:H1"


def test_order_of_moves_and_tellings_makes_no_difference():
    told = [ADMITTED, moved("H2", "H1", "20210106"), moved("H3", "H2", "20210107"), moved("H2", "H1", "20210107")]
    ends = []
    for order in permutations(told):
        file(*order[:1])
        file(*order[1:3])
        file(*order[2:])
        ends.append(owners())
        for one in (VisitMove, EntryHistory, Entry, LocalPatient):
            one.objects.all().delete()
    assert ends == [{"V1 PV1": "RCB:H3", "V1 DG1": "RCB:H3"}] * 24
