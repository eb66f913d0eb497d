"""Records as the door hands them out, made by hand: synthetic people, invented places, numbers of the 999 range."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zlib import crc32

from oneplace.kernel.ids import PersonId
from oneplace.kernel.nhs_number import numbers_for_tests
from oneplace.record.shapes import (
    Banner,
    DocumentShown,
    Found,
    Hit,
    Item,
    Opened,
    SourceLine,
    Trend,
    WindowletData,
)
from oneplace.record.windowlets import View, views

NOW = datetime(2026, 10, 12, 8, 30, tzinfo=UTC)
NUMBER = next(numbers_for_tests(1))
PRACTICE, HOSPITAL, COMMUNITY = (
    ("EX001", "Orchard Lane Surgery"),
    ("EXH01", "Weald General Hospital"),
    ("EXC01", "Weald Community Health"),
)


def a_banner(**changes: Any) -> Banner:
    """Mary, 83, of Orchard Lane Surgery."""
    mary = Banner(
        person_id=PersonId("p" * 22),
        family="Holloway",
        given="Mary",
        prefix="Mrs",
        preferred="",
        birth_date=date(1943, 3, 12),
        age=83,
        deceased=False,
        deceased_at=None,
        sex="female",
        nhs_number=NUMBER,
        number_status="verified by agreement of sources",
        address="14 Quarry Road, Exford, ZZ99 3WZ",
        postcode="ZZ99 3WZ",
        phone="01632 960012",
        practice_code="EX001",
        practice_name="Orchard Lane Surgery",
        language="English",
        interpreter=False,
        identity_conflict=False,
        similar_names=0,
    )
    return replace(mary, **changes)


def an_item(kind: str = "problem", display: str = "Hypertension", days: float = 10, **changes: Any) -> Item:
    """One entry that happened so many days before NOW."""
    code, name = changes.pop("source", PRACTICE)
    item = Item(
        key=f"{crc32(f'{kind}-{display}-{days}'.encode()):08x}",
        kind=kind,
        display=display,
        happened_at=NOW - timedelta(days=days),
        day_only=True,
        ended_at=None,
        status="active",
        value=None,
        value_text="",
        unit="",
        low=None,
        high=None,
        code="38341003",
        system="http://snomed.info/sct",
        source_code=code,
        source_name=name,
        received_at=NOW - timedelta(hours=2),
        detail={},
    )
    return replace(item, **changes)


def a_trend(
    display: str = "HbA1c",
    unit: str = "mmol/mol",
    values: tuple[float, ...] = (48, 52, 58),
    low: float | None = 20,
    high: float | None = 42,
    source: tuple[str, str] = PRACTICE,
    text: str = "",
) -> Trend:
    """One measured thing, half a year between its values, the last one 20 days ago."""
    latest = an_item(
        "result",
        display,
        20,
        status="final",
        value=None if text else values[-1],
        value_text=text,
        unit=unit,
        low=low,
        high=high,
        source=source,
    )
    count = len(values)
    points = tuple((NOW - timedelta(days=20 + 182 * (count - 1 - n)), value) for n, value in enumerate(values))
    return Trend(display, unit, low, high, latest, points)


SOURCES = (
    SourceLine("EX001", "Orchard Lane Surgery", "shown", 143, NOW - timedelta(hours=3, minutes=20)),
    SourceLine("EXH01", "Weald General Hospital", "shown", 22, NOW - timedelta(minutes=3)),
    SourceLine("EXC01", "Weald Community Health", "no agreement", 0, None),
    SourceLine("EXS01", "Exshire County Council", "not connected", 0, None),
)


def an_opened(panels: dict[str, WindowletData] | None = None, view: str = "gp", **changes: Any) -> Opened:
    """A record opened in one view: the panels given, the others empty."""
    declared: View = views()[view]
    filled = panels or {}
    windowlets = tuple(
        replace(filled[one.name], name=one.name, title=one.title, shape=one.shape)
        if one.name in filled
        else WindowletData(one.name, one.title, one.shape, "none recorded")
        for one in declared.windowlets
    )
    opened = Opened(
        banner=a_banner(),
        view=view,
        view_title=declared.title,
        windowlets=windowlets,
        sources=SOURCES,
        basis="registered with EX001 since 1998-04-01",
        opened_at=NOW,
    )
    return replace(opened, **changes)


def a_panel(*items: Item, state: str = "filled", **changes: Any) -> WindowletData:
    """A panel with these entries; its name, title and shape come from the view it is put in."""
    return WindowletData("", "", "table", state, items=items, **changes)


def little() -> Opened:
    """A young person of whom next to nothing is known."""
    panels = {
        "allergies": a_panel(state="none recorded"),
        "timeline": a_panel(
            an_item(
                "encounter",
                "Telephone consultation",
                6,
                status="finished",
                detail={"author": "Dr Fiona Marsh", "role": "General practitioner"},
            )
        ),
    }
    banner = a_banner(
        family="Okafor",
        given="Daniel",
        prefix="",
        birth_date=date(2004, 7, 2),
        age=22,
        sex="male",
        address="2 Mill Cottages, Exford",
        postcode="ZZ99 3CZ",
        phone="",
    )
    return an_opened(panels, banner=banner, sources=SOURCES[:1])


def much(view: str = "gp") -> Opened:
    """A person with long illness: every panel full, several sources, about 200 entries."""
    return an_opened(_much_panels(), view, banner=a_banner(interpreter=True, language="Polish", preferred="Marysia"))


def conflict() -> Opened:
    """A person whose sources disagree about who this is, with a namesake in reach."""
    banner = a_banner(identity_conflict=True, similar_names=2, deceased=True, deceased_at=NOW - timedelta(days=3))
    told = ("Orchard Lane Surgery and Weald General Hospital tell different surnames for this NHS number",)
    return replace(much(), banner=banner, conflicts=told)


_DOCTOR = {"author": "Dr Fiona Marsh", "role": "General practitioner"}
_NURSE = {"author": "Jenny Abara", "role": "Practice nurse"}
_WARD = {"author": "Mr Tom Ridley", "role": "Consultant"}


def _much_panels() -> dict[str, WindowletData]:
    return {
        "alerts": a_panel(an_item("alert", "Lives alone, key safe at side door", 200, detail=_DOCTOR)),
        "plans": a_panel(
            an_item("plan", "Frailty care plan", 60, detail={"text": "If more breathless, call 01632 960100", **_NURSE})
        ),
        "allergies": a_panel(
            an_item(
                "allergy",
                "Penicillin",
                9000,
                detail={"reactions": ["Anaphylaxis (severe)"], "severity": "high", "category": "medication"},
            ),
            an_item(
                "allergy",
                "Elastoplast",
                4000,
                detail={"reactions": ["Rash"], "category": "environment"},
                source=HOSPITAL,
            ),
            an_item("allergy", "Co-codamol", 3000, detail={"category": "medication"}),
        ),
        "problems": a_panel(*_problems(), more=9),
        "medicines": a_panel(*_medicines()),
        "results": WindowletData("", "", "trends", "filled", trends=_trends(), more=14),
        "encounters": a_panel(*_encounters(8), more=41),
        "documents": a_panel(*_documents(), more=12),
        "referrals": a_panel(
            an_item(
                "referral",
                "Heart failure clinic",
                40,
                status="active",
                detail={"recipient": "Weald General Hospital", "priority": "urgent"},
            ),
            an_item("referral", "Podiatry", 300, status="completed", detail={"recipient": "Weald Community Health"}),
        ),
        "immunisations": a_panel(
            an_item("immunisation", "Influenza vaccination", 12, status="completed", detail=_NURSE),
            an_item("immunisation", "Shingles vaccination", 700, status="not-given", detail={"notes": "Declined"}),
        ),
        "people": a_panel(*_encounters(20)),
        "sources": a_panel(state="filled"),
        "timeline": a_panel(*_timeline(), more=83),
    }


def _problems() -> list[Item]:
    running = [
        ("Heart failure with reduced ejection fraction", 420, "major"),
        ("Type 2 diabetes mellitus", 4100, "major"),
        ("Chronic kidney disease stage 3", 1500, "major"),
        ("Osteoarthritis of knee", 2600, "minor"),
        ("Frailty, moderate", 160, "major"),
        ("Hearing loss", 900, "minor"),
    ]
    past = [("Community acquired pneumonia", 800, 770), ("Fracture of wrist", 2400, 2300), ("Cataract", 1900, 1700)]
    return [
        *(an_item("problem", words, days, detail={"significance": weight}) for words, days, weight in running),
        *(
            an_item("problem", words, days, status="resolved", ended_at=NOW - timedelta(days=end))
            for words, days, end in past
        ),
    ]


def _medicines() -> list[Item]:
    told = [
        ("Bisoprolol 5 mg tablets", "One tablet each morning", 21),
        ("Ramipril 5 mg capsules", "One capsule each day", 21),
        ("Furosemide 40 mg tablets", "Two tablets in the morning", 21),
        ("Metformin 500 mg tablets", "One tablet twice a day with food", 21),
        ("Dapagliflozin 10 mg tablets", "One tablet each day", 49),
        ("Atorvastatin 40 mg tablets", "One tablet at night", 21),
        (
            "Paracetamol 500 mg tablets",
            "Two tablets up to four times a day when needed for pain; not more than 8 tablets in 24 hours",
            140,
        ),
    ]
    current = [
        an_item(
            "medication",
            words,
            900,
            detail={
                "dose": dose,
                "prescription_type": "Repeat",
                "last_issued": (NOW - timedelta(days=days)).date().isoformat(),
            },
        )
        for words, dose, days in told
    ]
    stopped = an_item(
        "medication",
        "Amlodipine 5 mg tablets",
        2000,
        status="stopped",
        ended_at=NOW - timedelta(days=400),
        detail={"dose": "One tablet each day"},
    )
    return [*current, stopped]


def _trends() -> tuple[Trend, ...]:
    return (
        a_trend(values=(48, 51, 55, 61, 58, 64, 58)),
        a_trend("eGFR", "mL/min/1.73m2", (61, 58, 55, 52, 47, 44), 60, None),
        a_trend("Potassium", "mmol/L", (4.1, 4.4, 4.2, 5.6, 4.7, 4.9), 3.5, 5.3, HOSPITAL),
        a_trend("Systolic blood pressure", "mmHg", (162, 158, 149, 141, 138, 142), None, None, text="142/86"),
        a_trend("Body weight", "kg", (71.2, 70.8, 72.4, 74.1), None, None),
        a_trend("Haemoglobin", "g/L", (121, 118, 112), 115, 165, HOSPITAL),
        a_trend("NT-proBNP", "ng/L", (2410,), None, 400, HOSPITAL),
        a_trend("Total cholesterol", "mmol/L", (5.9, 4.8, 4.1), None, 5),
    )


def _encounters(count: int) -> list[Item]:
    told = [
        ("Home visit", _DOCTOR, PRACTICE, 4),
        ("Emergency department attendance", _WARD, HOSPITAL, 30),
        ("Telephone consultation", _DOCTOR, PRACTICE, 33),
        ("Heart failure review", _NURSE, PRACTICE, 61),
    ]
    return [
        an_item(
            "encounter",
            words,
            days + 70 * (n // 4),
            status="finished",
            day_only=False,
            source=source,
            detail={
                **who,
                "place": "Majors" if source is HOSPITAL else "",
                "reason": ("Breathless", "", "Ankle swelling")[n % 3],
            },
        )
        for n, (words, who, source, days) in ((n, told[n % 4]) for n in range(count))
    ]


def _documents() -> list[Item]:
    told = ["Discharge summary", "Clinic letter: cardiology", "Eye screening report", "Care plan summary"]
    return [
        an_item("document", words, 29 + 120 * n, status="current", source=HOSPITAL, detail=_WARD)
        for n, words in enumerate(told)
    ]


def _timeline() -> list[Item]:
    blood = [
        an_item(
            "result",
            words,
            20,
            status="final",
            value=value,
            unit=unit,
            high=5.3 if value == 5.9 else None,
            source=HOSPITAL,
        )
        for words, value, unit in (
            ("Potassium", 5.9, "mmol/L"),
            ("Sodium", 138, "mmol/L"),
            ("Creatinine", 104, "umol/L"),
            ("eGFR", 44, "mL/min/1.73m2"),
            ("Haemoglobin", 112, "g/L"),
        )
    ]
    issued = [
        an_item("prescription", item.display, 21, status="active", detail=item.detail) for item in _medicines()[:6]
    ]
    rest = [
        *_encounters(30),
        *_documents(),
        an_item("plan", "Frailty care plan", 60, detail=_NURSE),
        an_item("immunisation", "Influenza vaccination", 12, status="completed", detail=_NURSE),
        an_item("observation", "Lives alone", 60, status="final", detail={"comments": "Daughter visits weekly"}),
        an_item("problem", "Heart failure with reduced ejection fraction", 420),
    ]
    return sorted([*blood, *issued, *rest], key=lambda item: item.happened_at, reverse=True)


def a_document(**changes: Any) -> DocumentShown:
    """A problem with its source facts."""
    item = an_item(
        "problem", "Type 2 diabetes mellitus", 4100, detail={"significance": "major", "notes": "Diet first", **_DOCTOR}
    )
    shown = DocumentShown(
        banner=a_banner(),
        item=item,
        basis="registered with EX001",
        opened_at=NOW,
        path="entry[12]",
        format="fhir-stu3-json",
        digest="9f" * 32,
        size=48_213,
        version="4",
        version_at=NOW - timedelta(days=90),
        text='{\n  "resourceType": "Condition",\n  "id": "example"\n}',
        history=(replace(item, display="Diabetes mellitus", received_at=NOW - timedelta(days=400)),),
        issues=("The date of onset has no day: the month is shown",),
    )
    return replace(shown, **changes)


def a_hit(**changes: Any) -> Hit:
    """Mary as a search finds her."""
    hit = Hit(
        person_id=PersonId("p" * 22),
        family="Holloway",
        given="Mary",
        birth_date=date(1943, 3, 12),
        age=83,
        sex="female",
        nhs_number=NUMBER,
        address="14 Quarry Road, Exford, ZZ99 3WZ",
        practice_name="Orchard Lane Surgery",
        why="exact",
        score=1.0,
    )
    return replace(hit, **changes)


def some_found() -> Found:
    """Three people for a mistyped name."""
    hits = (
        a_hit(why="one letter off"),
        a_hit(
            person_id=PersonId("q" * 22),
            family="Hollaway",
            given="Maria",
            why="sounds like",
            age=54,
            birth_date=date(1972, 1, 30),
            nhs_number=next(numbers_for_tests(50)),
        ),
        a_hit(
            person_id=PersonId("r" * 22),
            family="Pike",
            given="Mary Ann",
            why="former name",
            age=91,
            birth_date=date(1935, 5, 5),
            deceased=True,
            nhs_number="",
        ),
    )
    return Found("Holoway Mary", hits, "Read as a name: Holoway, Mary.")
