"""`record.linkage` on a database: those left over are scored, linked where sure, and queued to be judged where not."""

import json
from itertools import count, islice

import pytest
from factories.senders import MARY, file, surgery

from oneplace.access.rules import Actor
from oneplace.kernel import clock, nhs_number
from oneplace.ledger import queries as ledger
from oneplace.record import linkage, reviews
from oneplace.record.models import LinkScore, LocalPatient, ReviewTask
from oneplace.record.presenters.linkage import case_page

pytestmark = pytest.mark.django_db
PRITI = Actor("dm1", "Priti", "data-manager", "RCB")
HOME = {"address": [{"line": ["1 Mill Lane"], "postalCode": "ZZ1 1AA"}]}
FAR = {"address": [{"line": ["9 High Street"], "postalCode": "ZZ9 9ZZ"}]}


def link_of(local: str) -> tuple[str, str, str]:
    patient = LocalPatient.objects.get(local_id=local)
    return patient.link, patient.link_reason, patient.person.nhs_number or ""


def community(local: str = "c1", code: str = "RDR", **more: object) -> bytes:
    """A service that lacks the NHS number."""
    return surgery(number="", code=code, local=local, **more)


def run() -> linkage.Run:
    return linkage.link_left_over(by="test")


def test_patient_who_moved_is_linked_by_likeness_and_a_second_run_changes_nothing():
    file(surgery(**HOME), community(**FAR))
    assert link_of("c1")[2] == ""
    assert run() == linkage.Run(1, 1, 1, 1)
    assert link_of("c1") == ("linked", "likeness of name, date of birth and home", MARY)
    assert run() == linkage.Run(1, 1, 1, 0)
    row = next(row for row in ledger.latest(5) if row.action == "score likeness")
    assert json.loads(row.detail) == {"moved": 1, "patients": 1}
    score = LinkScore.objects.get()
    assert score.probability >= 0.99
    assert [name for name, _ in score.fields] == list(linkage.FIELDS)
    assert sum(bits for _, bits in score.fields) > score.bits, "the odds before any evidence are against it"


def test_twin_at_the_same_address_is_not_attached_however_high_the_score():
    file(surgery(**HOME), community(given="Marie", **HOME))
    run()
    link, reason, number = link_of("c1")
    assert (link, number) == ("held", "")
    assert reason == "may be somebody known: another given name"
    assert ReviewTask.objects.get(closed_at=None).patient.local_id == "c1"


def test_married_name_is_linked_and_parted_by_judgement_for_good():
    file(surgery(**HOME), community(family="Pike", **HOME))
    run()
    assert link_of("c1")[::2] == ("linked", MARY)
    patient, other = LocalPatient.objects.get(local_id="c1"), LocalPatient.objects.get(nhs_number=MARY)
    LinkScore.objects.update(gap=1.0)  # as if somebody as like had come
    linkage._settle([patient.pk], {patient.pk: linkage.Score(patient.pk, other.pk, 0.995, 9.0, 1.0, ())}, "test")
    (line,), _ = reviews.queue()
    reviews.decide(PRITI, line.key, same=False, reason="A sister in law of the same given name.")
    assert link_of("c1")[0] == "unlinked"
    run()
    assert link_of("c1")[0] == "unlinked", "what somebody judged stands against any score"


def test_case_of_a_score_shows_whom_it_is_like_and_why():
    file(surgery(**HOME), community(given="Marie", **HOME))
    run()
    (line,), _ = reviews.queue()
    case = reviews.case(PRITI, line.key)
    assert [side.nhs_number for side in case.others] == [MARY]
    assert case.score is not None
    assert [name for name, _ in case.score.fields] == list(linkage.FIELDS) == list(reviews.FIELDS)
    page = case_page(case, {}, clock.now())
    assert page.score.startswith("Likeness alone gives a probability of")
    assert [row.speaks_for for row in page.weights] == [False, True, True, True, True]
    reviews.decide(PRITI, line.key, same=True, reason="Marie is what she is called.")
    assert link_of("c1")[::2] == ("linked", MARY)


def test_score_goes_when_the_patient_is_no_longer_left_over():
    file(surgery(**HOME), community(**FAR))
    run()
    file(surgery(code="RDR", local="c1", at="2025-01-01T10:00:00Z", **FAR))
    assert link_of("c1")[1] == "NHS number, date of birth and name agree"
    assert run().changed == 1
    assert not LinkScore.objects.exists()


def test_nobody_known_or_nobody_left_over_is_no_score():
    assert run() == linkage.Run(0, 0, 0, 0)
    file(community(**HOME))
    assert run() == linkage.Run(1, 0, 0, 0)


def test_progress_is_told_of_all_who_are_settled():
    file(surgery(**HOME), *(community(f"c{at}", f"RD{at}", **FAR) for at in range(3)))
    steps = []
    linkage.link_left_over(by="test", progress=lambda step, total: steps.append((step, total)))
    assert sum(step for step, _ in steps) == steps[0][1] == 3
    assert {link_of(f"c{at}")[2] for at in range(3)} == {MARY}


def test_model_learns_from_those_who_share_a_number(monkeypatch):
    """Eighty people of two sources, whose surnames agree and whose homes half the time don't."""
    monkeypatch.setattr(linkage, "_ENOUGH", 100)
    people = []
    for at in range(80):
        told = {
            "number": synthetic(at),
            "family": f"{SYLLABLES[at % 9]}{SYLLABLES[at // 9]}",
            "given": SYLLABLES[at % 7],
        }
        told["born"] = f"19{50 + at % 40}-{1 + at % 12:02}-{1 + at % 28:02}"
        home = {"address": [{"postalCode": f"ZZ{at % 10} {at // 10}AA"}]}
        people += [
            surgery(local=f"q{at}", **told, **home),
            surgery(code="RCB", local=f"h{at}", **told, **(home if at % 2 else FAR)),
        ]
    file(*people, surgery(**HOME), community(**FAR))
    learnt = []
    filled = linkage._filled
    monkeypatch.setattr(linkage, "_filled", lambda model: learnt.append(filled(model)) or learnt[-1])
    assert run().linked == 1
    levels = {one["output_column_name"]: one["comparison_levels"] for one in learnt[0]["comparisons"]}
    same_home = next(one for one in levels["postcodes"] if not one.get("is_null_level"))
    assert 0.45 < same_home["m_probability"] < 0.55


SYLLABLES = ("bar", "tol", "wick", "hurst", "den", "marsh", "pol", "quin", "rob", "sted")


def synthetic(at: int) -> str:
    """The valid NHS number of the range for tests with this place in it."""
    valid = (f"999{stem:06}{check}" for stem in count() for check in range(10))
    return next(islice(filter(nhs_number.is_valid, valid), 100 + at, None))
