"""Panels: what each kind of entry says, and four kinds of nothing told apart."""

from dataclasses import replace
from datetime import timedelta

import pytest
from factories import shapes
from factories.shapes import HOSPITAL, NOW, a_panel, a_trend, an_item

from oneplace.record.presenters.panels import freshness, panel_of, people_of, source_words
from oneplace.record.presenters.tables import table_of
from oneplace.record.presenters.timeline import kind_chips, sieve_of, source_chips, years_of
from oneplace.record.presenters.trend import HEIGHT, WIDTH, trend_row
from oneplace.record.shapes import WindowletData
from oneplace.record.windowlets import views


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("none recorded", "None recorded."),
        ("nil known", "No known allergies."),
        ("no agreement", "Not shown: no sharing agreement."),
        ("not connected", "Not connected."),
    ],
)
def test_four_kinds_of_nothing_are_told_apart(state: str, words: str) -> None:
    """An empty panel never leaves open which nothing it is."""
    panel = panel_of(WindowletData("allergies", "Allergies", "table", state), NOW)
    assert panel.empty == words
    assert panel.table is None


def test_none_recorded_does_not_claim_that_there_is_none() -> None:
    """Absence of a record isn't absence of an allergy."""
    panel = panel_of(WindowletData("allergies", "Allergies", "table", "none recorded"), NOW)
    assert "does not mean that there are none" in panel.advice


def test_narrowed_timeline_says_that_the_choice_left_nothing() -> None:
    """An empty filter isn't an empty record."""
    data = WindowletData("timeline", "Timeline", "timeline", "none recorded")
    assert panel_of(data, NOW, narrowed=True).empty == "Nothing matches what you chose."


def test_problem_that_ended_stands_under_past() -> None:
    """Active and past are named, and an end by date counts like an end by word."""
    ended = an_item("problem", "Cataract", 900, ended_at=NOW - timedelta(days=3))
    table = table_of([an_item(), ended, an_item("problem", "Gout", status="resolved")], NOW)
    assert [row.group for row in table.rows] == ["Active", "Past", "Past"]
    assert table.grouped


def test_table_of_one_group_names_none() -> None:
    """A heading over everything says nothing."""
    assert not table_of([an_item(), an_item("problem", "Gout")], NOW).grouped


def test_medicine_shows_its_whole_dose_and_last_issue() -> None:
    """A dose is never cut short, however long."""
    dose = "Two tablets up to four times a day when needed for pain; " * 8
    item = an_item("medication", "Paracetamol", detail={"dose": dose, "last_issued": "2026-09-21"})
    row = table_of([item], NOW).rows[0]
    assert dose.strip() in row.title.under
    assert (row.cells[0].text, row.cells[0].under) == ("21 Sep 2026", "3 weeks ago")


def test_medicine_without_an_issue_says_so() -> None:
    """Never issued and issue not told are not made up."""
    row = table_of([an_item("medication", "Aspirin", 10)], NOW).rows[0]
    assert (row.cells[0].text, row.cells[0].under) == ("Not recorded", "started 2 Oct 2026")


def test_allergy_shows_reaction_and_severity_in_words() -> None:
    """A severe one is marked by a word; a missing reaction is named as missing."""
    severe = an_item("allergy", "Penicillin", detail={"reactions": ["anaphylaxis"], "severity": "high"})
    rows = table_of([severe, an_item("allergy", "Latex")], NOW).rows
    assert (rows[0].title.warning, rows[0].cells[0].text) == ("Severe", "Anaphylaxis")
    assert (rows[1].title.warning, rows[1].cells[0].text) == ("", "Reaction not recorded")


def test_vaccine_not_given_is_marked() -> None:
    """A refused vaccine doesn't read like a given one."""
    row = table_of([an_item("immunisation", "Shingles", status="not-given")], NOW).rows[0]
    assert row.title.warning == "Not given"


@pytest.mark.parametrize("kind", ["problem", "medication", "allergy", "encounter", "referral", "request", "document",
                                  "immunisation", "plan", "procedure", "questionnaire", "something new"])  # fmt: skip
def test_every_kind_has_a_cell_for_each_head(kind: str) -> None:
    """A kind that no one drew columns for still shows, with its date and source."""
    table = table_of([an_item(kind, "", code="1", source=HOSPITAL)], NOW)
    row = table.rows[0]
    assert len(row.cells) + 1 == len(table.heads)
    assert row.title.text == "Code 1"
    assert row.cells[-1].text == "Weald General Hospital"


def test_trend_flags_the_latest_value_in_words() -> None:
    """The row says High, the range, and how many values the picture holds."""
    row = trend_row(a_trend(values=(48, 41, 58)), NOW)
    assert (row.latest, row.flag, row.range) == ("58 mmol/mol", "High", "20 to 42")
    assert "3 values from" in row.picture.label
    assert "lowest 41, highest 58, latest 58 mmol/mol, above the reference range (20 to 42)" in row.picture.label


def test_trend_table_holds_every_point_newest_first() -> None:
    """What the picture shows can be read without it."""
    row = trend_row(a_trend(values=(48, 41, 58)), NOW)
    assert [(value, flag) for _, value, flag in row.points] == [("58", "High"), ("41", ""), ("48", "High")]


def test_single_value_has_no_picture() -> None:
    """One point is no trend."""
    row = trend_row(a_trend(values=(58,)), NOW)
    assert row.picture is None
    assert row.points == ()


@pytest.mark.parametrize("values", [(1, 1, 1), (0, 0), (-5, 5), (1e9, 2e9), (0.001, 0.002, 500)])
@pytest.mark.parametrize(("low", "high"), [(20, 42), (None, 5), (60, None), (None, None)])
def test_picture_stays_inside_its_frame(values: tuple[float, ...], low: float | None, high: float | None) -> None:
    """Flat, huge, negative and far from the range: each point and the band are drawn within the frame."""
    picture = trend_row(a_trend(values=values, low=low, high=high), NOW).picture
    places = [tuple(map(float, place.split(","))) for place in picture.line.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    if picture.band_top is not None:
        assert 0 <= picture.band_top <= picture.band_top + picture.band_height <= HEIGHT + 0.1


def test_picture_of_values_taken_at_one_moment_is_drawn() -> None:
    """No division by a span of nothing."""
    trend = replace(a_trend(), points=((NOW, 1.0), (NOW, 2.0)))
    assert trend_row(trend, NOW).picture.line.count(",") == 2


def test_higher_value_is_drawn_higher() -> None:
    """SVG counts from the top."""
    first, last = trend_row(a_trend(values=(10, 20)), NOW).picture.line.split()
    assert float(last.split(",")[1]) < float(first.split(",")[1])


def test_many_results_of_one_day_fold_and_say_what_is_out_of_range() -> None:
    """A fold never hides that something in it is abnormal."""
    items = [an_item("result", f"Test {n}", 20, value=float(n), high=2.0) for n in range(4)]
    (year,) = years_of(items, NOW)
    (line,) = year.days[0].lines
    assert (line.title, line.flag, len(line.folded)) == ("4 results", "1 out of range", 4)


def test_three_of_a_kind_stay_open() -> None:
    """Few enough to read."""
    (year,) = years_of([an_item("result", f"Test {n}", 20) for n in range(3)], NOW)
    assert len(year.days[0].lines) == 3


def test_same_day_of_two_sources_is_not_folded_together() -> None:
    """Each line has one source."""
    items = [an_item("result", f"Test {n}", 20, source=HOSPITAL if n % 2 else shapes.PRACTICE) for n in range(8)]
    (year,) = years_of(items, NOW)
    assert {line.source for line in year.days[0].lines} == {"Orchard Lane Surgery", "Weald General Hospital"}


def test_timeline_keeps_every_entry() -> None:
    """Folding and grouping lose nothing."""
    items = next(data.items for data in shapes.much().windowlets if data.name == "timeline")
    lines = [line for year in years_of(items, NOW) for day in year.days for line in day.lines]
    assert sum(len(line.folded) or 1 for line in lines) == len(items)


def test_entry_without_a_date_stands_under_date_not_known() -> None:
    """It is shown, and no date is made up."""
    (year,) = years_of([an_item(happened_at=None)], NOW)
    assert (year.name, year.days[0].date) == ("Date not known", "Date not known")


def test_filter_address_carries_codes_only_and_keeps_the_other_choice() -> None:
    """Choosing a kind keeps the source and the view."""
    chips = kind_chips("/people/x/", {"view": "gp"}, "", "EX001")
    assert chips[2].href == "/people/x/?view=gp&kind=results&source=EX001#timeline"
    assert chips[0].chosen


def test_filter_by_source_offers_only_sources_that_are_shown() -> None:
    """One without an agreement isn't a choice; a single one is none."""
    chips = source_chips("/people/x/", {}, "", "EXH01", shapes.SOURCES)
    assert [(chip.text, chip.chosen) for chip in chips[1:]] == [
        ("Orchard Lane Surgery", False),
        ("Weald General Hospital", True),
    ]
    assert source_chips("/people/x/", {}, "", "", shapes.SOURCES[:1]) == ()


def test_sieve_from_an_unknown_word_narrows_nothing() -> None:
    """A mistyped address shows everything, and claims no more."""
    assert sieve_of("nonsense", "").passes("problem", "EX001")
    assert not sieve_of("results", "").passes("problem", "EX001")


def test_every_kind_of_the_timeline_belongs_to_one_choice() -> None:
    """No entry is out of reach of every filter but 'Everything'."""
    kinds = views()["gp"].windowlet("timeline").kinds
    slugs = ("contacts", "results", "medicines", "problems", "documents")
    assert all(sum(sieve_of(slug, "").passes(kind, "") for slug in slugs) == 1 for kind in kinds)


def test_people_are_named_once_latest_first_after_the_practice() -> None:
    """Ten visits by one doctor are one line."""
    doctor, nurse = {"author": "Dr Marsh", "role": "GP"}, {"author": "Jenny", "role": "nurse"}
    items = [
        an_item("encounter", "A", 50, detail=doctor),
        an_item("encounter", "B", 9, detail=nurse),
        an_item("encounter", "C", 2, detail=doctor),
        an_item("encounter", "D", 1),
    ]
    people = people_of(items, shapes.a_banner(), NOW)
    assert [(person.name, person.ago) for person in people] == [
        ("Orchard Lane Surgery", ""),
        ("Dr Marsh", "2 days ago"),
        ("Jenny", "9 days ago"),
    ]


def test_hidden_source_shows_its_name_and_nothing_else() -> None:
    """Not even a count leaves a source without an agreement."""
    hidden = replace(shapes.SOURCES[0], state="no agreement")
    (words,) = source_words([hidden], NOW)
    assert (words.items, words.fresh) == ("", "")
    assert freshness([hidden], NOW) == (("Orchard Lane Surgery", "no agreement"),)


def test_freshness_says_when_each_source_last_told() -> None:
    """The line under the banner."""
    assert freshness(shapes.SOURCES, NOW)[:2] == (
        ("Orchard Lane Surgery", "06:10 today"),
        ("Weald General Hospital", "3 min ago"),
    )


def test_count_tells_how_many_of_how_many() -> None:
    """A panel that is cut says so."""
    data = replace(a_panel(an_item(), more=9), name="problems", title="Problems")
    assert panel_of(data, NOW).count == "1 of 10"
