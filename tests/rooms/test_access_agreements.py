"""Sharing agreements: signed, renewed, ended; what that shows and hides at the next reading; the pages that do it."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from factories.places import FOLDER, PLACE, PRACTICE, SHARING, SILENT_PRACTICE, named
from factories.senders import file, surgery
from factories.signing_in import signed_in, staff

from oneplace.access import actions, agreements, queries
from oneplace.access.agreements import CannotSign
from oneplace.access.models import Agreement, AgreementTemplate
from oneplace.access.rules import Actor, Coverage, Span, coverage_of
from oneplace.kernel import clock
from oneplace.ledger.queries import latest
from oneplace.record import door
from oneplace.record.models import LocalPatient
from oneplace.record.shapes import Opened
from oneplace.site import loading

pytestmark = pytest.mark.django_db
OFFICER = Actor("officer", "Colm", "privacy-officer", "Q1")
GP = Actor("gp1", "Dr A", "gp", "G99001")
DAY = timedelta(days=1)


def today() -> date:
    return clock.to_london(clock.now()).date()


def a_template(**changes) -> AgreementTemplate:
    told = {"name": "Sharing", "text": "1. We share.", "purposes": ["direct care"], "classes_shared": ["identity"]}
    return agreements.write_template(**(told | changes), by=OFFICER)


def sign(code: str = "G1", template: AgreementTemplate | None = None, **changes) -> Agreement:
    told = {"signatory": "Dr B", "signatory_role": "Partner", "signed_on": today(), "starts": today(), "ends": None}
    return agreements.sign_agreement(
        controller_code=code, template=template or a_template(), by=OFFICER, **(told | changes)
    )


def test_signing_keeps_the_terms_of_that_version_and_leaves_a_row():
    first = a_template()
    signed = sign(template=first)
    again = a_template(classes_shared=["identity", "hospital"], text="2. We share more.")
    assert (first.version, again.version, agreements.templates()) == (1, 2, [again])
    assert agreements.template(first.key) == first
    assert (signed.classes, signed.recorded_by, signed.template) == (["identity"], "officer", first)
    told = next(row for row in latest(5) if row.action == "sign agreement")
    assert (told.actor, told.role, told.subject) == ("officer", "privacy-officer", "")
    assert '"G1"' in told.detail
    assert queries.sharing_controllers(clock.now()) == {"G1"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"signed_on": date(2999, 1, 1)}, "lies in the future"),
        ({"ends": date(2001, 1, 1)}, "before the first"),
        ({}, "in force until it is ended"),
    ],
)
def test_signing_what_cannot_be_is_refused(changes, fault):
    sign(starts=today() + 400 * DAY)
    with pytest.raises(CannotSign, match=fault):
        sign(template=agreements.templates()[0], **changes)
    assert Agreement.objects.count() == 1


def test_renewal_begins_the_day_after_and_nothing_expires_meanwhile():
    ends = today() + 10 * DAY
    sign(ends=ends)
    assert agreements.standing("G1").coverage is Coverage.EXPIRING
    assert agreements.next_start("G1") == ends + DAY
    with pytest.raises(CannotSign, match="Renew it from the day after"):
        sign(template=agreements.templates()[0], starts=ends)
    sign(template=agreements.templates()[0], starts=ends + DAY)
    found = agreements.standings(["G1", "G2"])
    assert (found["G1"].coverage, found["G1"].day) == (Coverage.SHARES, None)
    assert (found["G2"].coverage, found["G2"].current, found["G2"].shares) == (Coverage.NONE, None, False)


def test_agreement_for_another_purpose_stands_beside_and_is_no_sharing_for_care():
    sign(template=a_template(purposes=["research"]))
    assert agreements.standing("G1").coverage is Coverage.NONE
    sign(template=a_template(name="Care"), starts=today() - DAY)
    assert agreements.standing("G1").coverage is Coverage.SHARES


@pytest.mark.parametrize(
    ("months", "starts", "ends"),
    [
        (24, date(2026, 11, 23), date(2028, 11, 22)),
        (1, date(2026, 1, 31), date(2026, 2, 28)),
        (1, date(2026, 12, 1), date(2026, 12, 31)),
        (12, date(2028, 2, 29), date(2029, 2, 28)),
        (None, date(2026, 1, 1), None),
    ],
)
def test_usual_end_is_the_day_before_the_months_are_over(months, starts, ends):
    assert agreements.usual_end(AgreementTemplate(months=months), starts) == ends


def test_ended_agreement_is_not_brought_back_by_the_folder():
    rows = [{"controller_code": "G1", "starts": "2020-01-01"}]
    actions.load_agreements(rows, by="test")
    ended = agreements.end_agreement(
        controller_code="G1", starts=date(2020, 1, 1), reason=" They leave the system ", by=OFFICER
    )
    assert (ended.end_reason, ended.ended_by) == ("They leave the system", "officer")
    assert latest(1)[0].action == "end agreement"
    assert queries.sharing_controllers(clock.now()) == set()
    assert actions.load_agreements(rows, by="test") == 0
    assert queries.sharing_controllers(clock.now()) == set()
    assert agreements.standing("G1").coverage is Coverage.ENDED
    assert agreements.standing("G1").current == ended
    assert queries.agreements()["G1"].in_force is False
    with pytest.raises(CannotSign, match="ended already"):
        agreements.end_agreement(controller_code="G1", starts=date(2020, 1, 1), reason="again", by=OFFICER)
    again = sign()
    assert agreements.standing("G1").current == again


def test_end_needs_a_reason():
    sign()
    with pytest.raises(CannotSign, match="Say why"):
        agreements.end_agreement(controller_code="G1", starts=today(), reason=" ", by=OFFICER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.update(ended_at=clock.now())


def test_what_was_signed_on_the_page_outlasts_a_folder_that_does_not_name_it():
    sign()
    assert actions.load_agreements([], by="test") == 0
    assert actions.load_agreements([{"controller_code": "G1", "starts": today(), "classes": "plan"}], by="test") == 0
    assert queries.sharing_controllers(clock.now()) == {"G1"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"purposes": ["curiosity"]}, "'curiosity' is no purpose"),
        ({"classes_shared": ["gossip"]}, "'gossip' is no class"),
        ({"classes_shared": []}, "at least one"),
        ({"emergency_line": "Opens the summary"}, "or none of the three"),
        ({"purposes": ["emergency"], "emergency_line": "Opens the summary"}, "or none of the three"),
        ({"hazard": "H09"}, "or none of the three"),
    ],
)
def test_template_that_would_share_nothing_or_lift_something_unsaid_is_refused(changes, fault):
    with pytest.raises(CannotSign, match=fault):
        a_template(**changes)


def test_shipped_templates_are_written_once():
    assert agreements.install_templates("test") == 1
    assert agreements.install_templates("test") == 0
    [shipped] = agreements.templates()
    assert "safeguarding" in shipped.classes
    assert "1. The organisation" in shipped.text


D = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("spans", "coverage", "day"),
    [
        ([], Coverage.NONE, None),
        ([Span(D)], Coverage.SHARES, None),
        ([Span(D, D)], Coverage.EXPIRING, D),
        ([Span(D - 9 * DAY, D + 90 * DAY)], Coverage.EXPIRING, D + 90 * DAY),
        ([Span(D - 9 * DAY, D + 91 * DAY)], Coverage.SHARES, D + 91 * DAY),
        ([Span(D - 9 * DAY, D), Span(D + DAY)], Coverage.SHARES, None),
        ([Span(D - 9 * DAY, D), Span(D + DAY, D + 9 * DAY)], Coverage.EXPIRING, D + 9 * DAY),
        ([Span(D - 9 * DAY, D), Span(D + 2 * DAY)], Coverage.EXPIRING, D),
        ([Span(D - 9 * DAY, D), Span(D + DAY, withdrawn=True)], Coverage.EXPIRING, D),
        ([Span(D - 9 * DAY, D - DAY)], Coverage.ENDED, None),
        ([Span(D, withdrawn=True)], Coverage.ENDED, None),
        ([Span(D + 3 * DAY), Span(D + 2 * DAY)], Coverage.STARTS, D + 2 * DAY),
    ],
)
def test_coverage_of_a_controller_on_a_day(spans, coverage, day):
    assert coverage_of(spans, D) == (coverage, day)


def test_signing_shows_and_ending_hides_at_the_next_reading():
    file(surgery(), surgery(local="p1", code="G99002"))
    [person] = {patient.person.key for patient in LocalPatient.objects.all()}
    template = a_template(classes_shared=["identity", "gp-record", "gp-summary"])

    def shown() -> set[str]:
        answer = door.open(GP, person)
        assert isinstance(answer, Opened)
        return {line.code for line in answer.sources if line.state == "shown"}

    assert shown() == {"G99001"}
    sign("G99002", template)
    assert shown() == {"G99001", "G99002"}
    agreements.end_agreement(controller_code="G99002", starts=today(), reason="Test", by=OFFICER)
    assert shown() == {"G99001"}
    sign("G99002", template, starts=today() - 9 * DAY, ends=today() - DAY, signed_on=today() - 9 * DAY)
    assert shown() == {"G99001"}


@pytest.fixture
def officer() -> Client:
    loading.load_place(FOLDER, "test")
    return signed_in(staff("colm", "privacy-officer"))


def posted(**changes) -> dict[str, str]:
    return {
        "template": agreements.templates()[0].key,
        "signatory": "Dr Owen Pascall",
        "signatory_role": "Caldicott Guardian",
        "signed_on": today().isoformat(),
        "starts": today().isoformat(),
        "ends": "",
    } | changes


def test_board_counts_practices_and_signing_adds_one(officer):
    page = officer.get("/agreements/").content.decode()
    assert f"{SHARING} practices share" in page
    assert named(SILENT_PRACTICE) in officer.get("/agreements/?show=unsigned").content.decode()
    address = f"/agreements/{SILENT_PRACTICE}/sign/"
    check = officer.post(address, posted()).content.decode()
    assert "Check before it counts" in check
    assert not Agreement.objects.filter(controller_code=SILENT_PRACTICE).exists()
    assert 'value="Caldicott Guardian"' in officer.post(address, posted(change="yes")).content.decode()
    assert officer.post(address, posted(confirm="yes")).url == f"/agreements/{SILENT_PRACTICE}/"
    some, _, all_of = SHARING.partition(" of ")
    assert f"{int(some) + 1} of {all_of} practices share" in officer.get("/agreements/").content.decode()
    assert "Dr Owen Pascall, Caldicott Guardian" in officer.get(f"/agreements/{SILENT_PRACTICE}/").content.decode()


def test_sign_page_names_what_is_missing_and_what_can_not_be(officer):
    address = f"/agreements/{SILENT_PRACTICE}/sign/"
    assert "Kept" not in officer.get(address).content.decode()
    wrong = officer.post(address, posted(signatory="", ends="soon"))
    assert (wrong.status_code, b"Enter who signed" in wrong.content) == (422, True)
    late = officer.post(address, posted(ends="2001-01-01", confirm="yes"))
    assert (late.status_code, b"before the first" in late.content) == (422, True)
    assert officer.get("/agreements/NOBODY/sign/").status_code == 404
    assert officer.get("/agreements/NOBODY/").status_code == 404
    AgreementTemplate.objects.all().delete()
    assert officer.get(address).status_code == 404


def test_agreement_is_ended_on_its_page_with_a_reason(officer):
    starts = next(row["starts"] or row["signed_on"] for row in PLACE.agreements if row["controller_code"] == PRACTICE)
    address = f"/agreements/{PRACTICE}/{starts}/end/"
    assert "End it now" in officer.get(address).content.decode()
    assert officer.post(address, {"reason": ""}).status_code == 422
    assert officer.post(address, {"reason": "The partners withdrew"}).url == f"/agreements/{PRACTICE}/"
    page = officer.get(f"/agreements/{PRACTICE}/").content.decode()
    assert "The partners withdrew" in page
    assert "Ended" in officer.get("/agreements/?show=unsigned").content.decode()
    assert officer.get(address).status_code == 404
    assert officer.get(f"/agreements/{PRACTICE}/2026-99-99/end/").status_code == 404


def test_board_words_for_expiring_and_starting(officer):
    template = agreements.templates()[0]
    sign(SILENT_PRACTICE, template, ends=today() + DAY)
    assert "1 agreement will end within 90 days" in officer.get("/agreements/").content.decode()
    assert named(SILENT_PRACTICE) in officer.get("/agreements/?show=soon").content.decode()
    agreements.end_agreement(controller_code=SILENT_PRACTICE, starts=today(), reason="Test", by=OFFICER)
    sign(SILENT_PRACTICE, template, starts=today() + 2 * DAY)
    assert "Starts later" in officer.get("/agreements/?show=later").content.decode()
    assert "None is like that today" in officer.get("/agreements/?show=soon").content.decode()


def test_template_is_written_on_its_page_with_an_emergency_line(officer):
    address = "/agreements/templates/new/"
    told = {"name": "Summary in emergencies", "text": "1. Only then.", "classes_shared": ["gp-summary"]}
    bare = officer.post(address, told | {"purposes": ["emergency"]})
    assert (bare.status_code, b"Write what a declared emergency may lift" in bare.content) == (422, True)
    line = {"emergency_line": "The GP summary", "purposes": ["direct care"]}
    half = officer.post(address, told | line).content
    assert b"needs the purpose" in half
    assert b"Name the hazard" in half
    assert (
        b"for an emergency line only"
        in officer.post(address, told | {"purposes": ["planning"], "hazard": "H09"}).content
    )
    assert b"such as H09" in officer.post(address, told | line | {"hazard": "nine"}).content
    whole = told | {
        "purposes": ["emergency"],
        "emergency_line": "The GP summary",
        "hazard": "H09",
        "parties": [PRACTICE],
    }
    made = officer.post(address, whole)
    page = officer.get(made.url).content.decode()
    assert "weighed as hazard H09" in page
    assert named(PRACTICE) in page
    assert officer.get("/agreements/templates/none/").status_code == 404
    assert "Write a template" in officer.get(address).content.decode()


def test_pages_are_for_the_privacy_officer_alone(officer):
    other = signed_in(staff("yusuf", "analyst"), Client())
    for address in ("/agreements/", f"/agreements/{PRACTICE}/", f"/agreements/{PRACTICE}/sign/"):
        assert other.get(address).status_code == 403


def test_board_of_a_place_without_practices_says_what_to_do():
    page = signed_in(staff("colm", "privacy-officer")).get("/agreements/").content.decode()
    assert "place load FOLDER" in page
    assert "No template yet" in page


def test_clock_of_an_ended_agreement_is_the_business_clock():
    sign()
    ended = agreements.end_agreement(controller_code="G1", starts=today(), reason="Test", by=OFFICER)
    assert isinstance(ended.ended_at, datetime)
