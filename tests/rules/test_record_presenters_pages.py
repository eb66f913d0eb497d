"""Whole pages: banner, warnings, columns, one entry, search results."""

from dataclasses import replace
from datetime import timedelta

import pytest
from factories import shapes
from factories.shapes import NOW, a_banner, a_panel, an_item

from oneplace.record.presenters.banner import banner_words
from oneplace.record.presenters.pages import Asked, found_words, hit_row, item_page, panel_page, person_page
from oneplace.record.shapes import Opened
from oneplace.record.windowlets import views, views_for

ADDRESS = "/people/x/"


def page_of(opened: Opened):
    """The page of an opened record as a GP sees it."""
    return person_page(opened, views()[opened.view], views_for("gp"), Asked(ADDRESS, opened.view))


def flags(*items, state: str = "filled") -> list[str]:
    """The banner's flags when the allergies panel holds these."""
    panel = a_panel(*items, state=state)
    return [words for words, _ in banner_words(a_banner(), NOW, allergies=panel).flags]


def test_banner_names_the_person_as_the_nhs_does() -> None:
    """SURNAME, Given, born, number 3-3-4, address, practice."""
    banner = banner_words(a_banner(), NOW)
    facts = dict(banner.facts)
    assert banner.full_name == "HOLLOWAY, Mary (Mrs)"
    assert (facts["Born"], facts["Age"], facts["NHS number"]) == ("12 Mar 1943", "83 years", "999 000 0018")
    assert facts["Address"] == "14 Quarry Road, Exford, ZZ99 3WZ"


def test_banner_says_what_is_not_known() -> None:
    """A missing fact of identity is named as missing, never left out."""
    nobody = a_banner(
        birth_date=None, age=None, nhs_number="", address="", postcode="", practice_code="", practice_name=""
    )
    facts = dict(banner_words(nobody, NOW).facts)
    assert {facts[key] for key in ("Born", "NHS number", "Address", "Practice")} == {"not known"}


def test_banner_marks_a_number_that_is_not_valid() -> None:
    """A number that can't be right doesn't look right."""
    banner = banner_words(a_banner(nhs_number="1234567890", number_status="not valid"), NOW)
    assert dict(banner.facts)["NHS number"] == "123 456 7890 (not valid)"
    assert ("NHS number not valid", "yellow") in banner.flags


def test_banner_of_one_who_has_died_counts_no_age() -> None:
    """Died, with its date, and no age that goes on counting."""
    banner = banner_words(a_banner(deceased=True, deceased_at=NOW), NOW)
    assert banner.died == "Died 12 Oct 2026"
    assert "Age" not in dict(banner.facts)
    assert banner_words(a_banner(deceased=True), NOW).died == "Has died (date not known)"


def test_banner_warns_of_conflict_and_of_similar_names() -> None:
    """Both say what to do."""
    banner = banner_words(a_banner(identity_conflict=True, similar_names=2), NOW, conflicts=("two surnames",))
    headings = [heading for heading, _ in banner.warnings]
    assert headings == ["Identity conflict", "Similar names"]
    assert "Two surnames. Some entries may be another person's." in banner.warnings[0][1]
    assert "2 other people have a name like this" in banner.warnings[1][1]


def test_banner_flags_an_interpreter_with_the_language() -> None:
    """An interpreter comes before the language alone."""
    assert banner_words(a_banner(interpreter=True, language="Polish"), NOW).flags[0][0] == "Interpreter: Polish"
    assert banner_words(a_banner(language="Polish"), NOW).flags[0][0] == "Speaks Polish"
    assert banner_words(a_banner(), NOW).flags == ()


def test_banner_names_current_allergies_only() -> None:
    """An ended allergy isn't read out as one that stands."""
    ended = an_item("allergy", "Latex", ended_at=NOW - timedelta(days=1))
    assert flags(an_item("allergy", "Penicillin"), ended) == ["Allergies: Penicillin"]
    assert flags(ended) == ["Allergies: only ended ones recorded"]


def test_banner_counts_the_allergies_it_has_no_room_for() -> None:
    """More than three are never silently cut."""
    many = [an_item("allergy", f"Drug {n}") for n in range(5)]
    assert flags(*many) == ["Allergies: Drug 0, Drug 1, Drug 2 and 2 more"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("nil known", "No known allergies"),
        ("none recorded", "Allergies: none recorded"),
        ("no agreement", "Allergies: not shared here"),
        ("not connected", "Allergies: no source connected"),
    ],
)
def test_banner_tells_kinds_of_no_allergy_apart(state: str, words: str) -> None:
    """Only a recorded "none" reads as none."""
    assert flags(state=state) == [words]


def test_page_keeps_the_declared_order_in_each_column() -> None:
    """What the YAML says first is read first."""
    page = page_of(shapes.much())
    declared = [panel for panel in views()["gp"].windowlets]
    assert [panel.name for panel in page.main] == [panel.name for panel in declared if panel.column == "main"]
    assert [panel.name for panel in page.side] == [panel.name for panel in declared if panel.column == "side"]


def test_page_with_little_names_its_empty_panels_together() -> None:
    """Allergies, problems and medicines stand by themselves even so."""
    page = page_of(shapes.little())
    assert [panel.name for panel in page.main] == ["allergies", "problems", "medicines", "nothing"]
    assert "immunisations" in page.main[-1].empty


def test_panel_without_agreement_is_never_folded_away() -> None:
    """Only 'none recorded' may be named together."""
    panels = {name: a_panel(state="no agreement") for name in ("results", "documents")}
    names = [panel.name for panel in page_of(shapes.an_opened(panels)).main]
    assert {"results", "documents"} <= set(names)


def test_page_says_why_it_may_be_seen_with_names_and_dates() -> None:
    """Codes and ISO dates are for machines."""
    assert page_of(shapes.little()).basis == "Registered with Orchard Lane Surgery since 1 Apr 1998"


def test_page_offers_the_views_of_the_role() -> None:
    """The one that is open is marked."""
    page = page_of(shapes.much())
    assert [(chip.text, chip.chosen) for chip in page.views] == [("GP record", True), ("Triage", False)]


def test_panel_page_counts_and_leads_on() -> None:
    """Where this page of the list stands, and the way to the next and back."""
    opened = shapes.much()
    timeline = next(data for data in opened.windowlets if data.name == "timeline")
    page = panel_page(
        replace(opened, windowlets=(timeline,)), "timeline", Asked(ADDRESS, "gp", kind="results", offset=60)
    )
    count = len(timeline.items)
    assert page.shown == f"61 to {60 + count} of {60 + count + timeline.more}"
    assert page.later == f"?view=gp&kind=results&from={60 + count}"
    assert page.earlier.startswith("?view=gp&kind=results&from=")


def test_entry_page_tells_where_it_comes_from() -> None:
    """Code, system, status, author, received, place in the document, as received."""
    page = item_page(shapes.a_document())
    facts, source = dict(page.facts), dict(page.source_facts)
    assert (facts["Status"], facts["Written by"]) == ("Active", "Dr Fiona Marsh, General practitioner")
    assert (source["Code"], source["Code system"]) == ("38341003", "http://snomed.info/sct")
    assert (source["Place in the document"], source["Received"]) == ("entry[12]", "12 Oct 2026, 07:30")
    assert page.history[0][1] == "Diabetes mellitus, Active"


def test_entry_page_shows_each_part_with_its_unit() -> None:
    """Blood pressure is two figures."""
    parts = [{"display": "Systolic", "value": "142", "unit": "mmHg"}, {"display": "Diastolic", "missing": "refused"}, 7]
    page = item_page(shapes.a_document(item=an_item("result", "Blood pressure", detail={"components": parts})))
    assert page.parts == (("Systolic", "142 mmHg"), ("Diastolic", "refused"))


def test_hit_tells_enough_to_be_sure() -> None:
    """Name, age, birth date, number, and why it was found."""
    row = hit_row(shapes.a_hit(why="former name", deceased=True, identity_conflict=True))
    assert (row.name, row.born, row.number) == ("HOLLOWAY, Mary", "12 Mar 1943", "999 000 0018")
    assert (row.why, row.notes) == ("Former name", ("Has died", "Identity conflict"))
    assert hit_row(shapes.a_hit()).name == "HOLLOWAY, Mary, 83 years"


def test_found_says_when_there_are_too_many() -> None:
    """A cut list asks for more to go by."""
    found = shapes.some_found()
    assert found_words(found) == "3 people found"
    assert found_words(replace(found, truncated=True)).startswith("More than 3 people found: add a date of birth")


@pytest.mark.parametrize(("told", "words"), [("2026-10-02", "2 Oct 2026"), ("soon", None)])
def test_day_of_the_last_issue_is_told_in_words(told: str, words: str | None) -> None:
    item = an_item("medication", "Ramipril", detail={"last_issued": told})
    assert dict(item_page(shapes.a_document(item=item)).facts).get("Last issued") == words
