"""The health of ordinary people as records tell it: conditions, medicines and measurements, visits and hospital.

Which conditions they have is burden.py's to say; nothing is drawn from real records.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import exp, log
from random import Random
from string import Template
from typing import Any

from oneplace.example import moments
from oneplace.example.catalogue import Illness, catalogue, may_have, share_of
from oneplace.example.shapes import (
    Allergy,
    Contact,
    Finding,
    Human,
    Measure,
    Medicine,
    Paper,
    Problem,
    Recall,
    Record,
    Referral,
    Vaccine,
    Visit,
)
from oneplace.kernel.clock import age_on

_ALLERGIES = (
    ("penicillin-allergy", 0.055, "Rash"),
    ("aspirin-allergy", 0.008, "Wheeze"),
    ("peanut-allergy", 0.006, "Swelling"),
    ("latex-allergy", 0.005, "Itching"),
)
# Middle value, spread within a person and from person to person.
_LEVELS = {
    "hba1c": (54, 5, 9), "egfr": (78, 3, 12), "creatinine": (82, 5, 14), "cholesterol": (4.7, 0.3, 0.8),
    "hdl": (1.4, 0.1, 0.3), "potassium": (4.4, 0.2, 0.25), "haemoglobin": (137, 4, 10), "tsh": (2.3, 0.5, 0.8),
    "alt": (26, 5, 9), "crp": (4, 3, 2), "acr": (2.2, 0.5, 1.6), "bmi": (27.5, 0.5, 4.5), "weight": (76, 1.5, 14),
    "saturation": (96, 0.8, 1.2), "pulse": (74, 5, 8),
    "phq9": (10, 3, 4), "frailty": (5, 0, 1), "alcohol": (8, 3, 6),
}  # fmt: skip
_WHOLE = _LEVELS.keys() - {"cholesterol", "hdl", "potassium", "tsh", "acr", "bmi"}
_WORDS = {
    "cold": "Cold for some days, chest clear. Advice and rest.",
    "ear-infection": "Earache overnight, drum red. Pain relief.",
    "tonsillitis": "Sore throat, tonsils red.",
    "chest-infection": "Cough with green phlegm, crackles at one base.",
    "urine-infection": "Burning and frequency, dip test positive.",
    "cellulitis": "Red, hot lower leg, line drawn round it.",
    "conjunctivitis": "Sticky red eye, sight normal.",
    "ankle-sprain": "Turned ankle, can bear weight.",
    "gastroenteritis": "Vomiting and loose stools for a day, drinking.",
    "back-pain": "Low back pain, no red flags. Keep moving.",
    "fall": "Fell at home, bruised, no head injury found.",
}
_WARDS = {
    "I": ("$ward", "$other_ward", "Acute Medical Unit", "Surgical Assessment"),
    "E": ("Emergency Department",),
    "O": ("Outpatients",),
}
_DOCTORS = (
    ("Ferreby", "Owen"),
    ("Hallett", "Miriam"),
    ("Varnham", "Louise"),
    ("Samarasinghe", "Dilan"),
    ("Kestrell", "Ruth"),
    ("Brackley", "Ines"),
)
_NURSES = (("Adeyemi", "Grace"), ("Pell", "Andrew"), ("Okonjo", "Celia"))


def record_of(human: Human, ills: list[Illness], draw: Random, today: date) -> tuple[Record, list[Illness]]:
    """A GP record for one person with these long-term conditions, and all illnesses that it tells of.

    `today` is the last day that it may tell of: the day of death of who has died.
    """
    age = age_on(human.birth_date, today)
    record = Record(allergies=_allergies(human, draw, today))
    diary = _Diary(record, human, draw, today)
    diary.present = {ill.key for ill in ills} | {allergy.concept for allergy in record.allergies}
    diary.long_term(ills, age)
    acute = diary.short_term(age)
    diary.checks(age, bool(ills))
    record.vaccines = _vaccines(human, age, ills, draw, today)
    return record, [*ills, *acute]


def visits_of(
    human: Human, ills: Iterable[Illness], draw: Random, today: date, example: Mapping[str, Any], frailty: float = 0.0
) -> list[Visit]:
    """Hospital and community contacts of the last three years that feeds tell of; most people have none."""
    age = age_on(human.birth_date, today)
    shares, roles = example["contacts"], example["story"]
    band = "from_80" if age >= 80 else "from_65" if age >= 65 else "adult" if age >= 18 else "under_18"
    share = min(0.9, shares[band] * exp(0.6 * frailty - 0.18))
    found: list[Visit] = []
    while draw.random() < share and len(found) < 4:
        found.append(_visit(list(ills), age, draw, today, roles))
    return [visit for visit in found if visit.starts.date() > human.birth_date]


class _Diary:
    """Consultations of one person, and what was written down at each."""

    def __init__(self, record: Record, human: Human, draw: Random, today: date) -> None:
        self.record, self.human, self.draw, self.today = record, human, draw, today
        self.present: set[str] = set()  # conditions, allergies and medicines, for what doesn't go together

    def long_term(self, ills: list[Illness], age: int) -> None:
        """Problems with medicines, and yearly reviews at which what they need is measured."""
        tests: dict[str, None] = {}
        for illness in ills:
            since = self._onset(illness, age)
            self.record.problems.append(Problem(illness.key, since))
            tests |= dict.fromkeys(illness.tests)
            for choice in illness.drugs:
                self._prescribe(choice, since, age)
        if not tests:
            return
        levels = {test: self._level(test, ills) for test in tests if test in _LEVELS}
        upper = self.draw.gauss(136, 9)
        for back in range(self.draw.choice((2, 2, 3)), 0, -1):
            on = self.today - timedelta(days=365 * (back - 1) + self.draw.randrange(15, 330))
            self._review(on, tests, levels, upper, ills)
        due = on + timedelta(days=365)
        self.record.recalls.append(Recall("Long-term conditions review", due, on))

    def short_term(self, age: int) -> list[Illness]:
        """Short illnesses of the last two years."""
        found = [illness for illness in catalogue().acute if self.draw.random() < share_of(illness, age, "any")]
        for illness in found[:4]:
            on = self.today - timedelta(days=self.draw.randrange(6, 720))
            if on <= self.human.birth_date:
                continue
            sort = "GP Surgery" if self.draw.random() < 0.7 else "Telephone consultation"
            self._consult(sort, on, _WORDS[illness.key])
            self.record.problems.append(Problem(illness.key, on, on + timedelta(days=14), major=False))
            drug = self._suitable(illness.drugs[0], age)
            if drug:
                self.record.medicines.append(Medicine(drug, on, on, on + timedelta(days=10), repeat=False))
        return found[:4]

    def checks(self, age: int, ill: bool) -> None:
        """Smoking, weight and blood pressure as a practice keeps them for anyone; frailty for old people."""
        draw = self.draw
        if age < 16:
            return
        on = self.today - timedelta(days=draw.randrange(30, 1400))
        at = moments.at(on, 9, 30)
        smoking = draw.choices(("never-smoked", "ex-smoker", "smoker"), (56, 31, 13))[0]
        self.record.findings.append(Finding(smoking, at))
        if draw.random() < 0.55:
            self.record.measures.append(Measure("bmi", at, round(max(17, draw.gauss(27, 4.5)), 1)))
        if not ill and age >= 40 and draw.random() < 0.6:
            self.record.measures.append(self._pressure(at, draw.gauss(130, 9)))
            self.record.measures.append(Measure("cholesterol", at, round(max(2.5, draw.gauss(5.2, 0.9)), 1)))
        if age >= 75 and draw.random() < 0.5:
            self._frailty(at, age)

    def _frailty(self, at: datetime, age: int) -> None:
        score = min(8, max(2, round(self.draw.gauss(3.6 + (age - 75) / 10, 1.1))))
        self.record.measures.append(Measure("frailty", at, score))
        if score >= 5:
            grade = "mild-frailty" if score == 5 else "moderate-frailty" if score == 6 else "severe-frailty"
            self.record.problems.append(Problem(grade, at.date()))

    def _review(
        self, on: date, tests: Iterable[str], levels: dict[str, float], upper: float, ills: list[Illness]
    ) -> None:
        nurse = 3 if self.draw.random() < 0.7 else 0
        at = self._consult("GP Surgery", on, "", nurse)
        for test in tests:
            if test == "bp":
                self.record.measures.append(self._pressure(at, upper))
            elif test in _LEVELS:
                self.record.measures.append(Measure(test, at, self._value(test, levels[test])))
            else:
                self.record.findings.append(Finding(test, at))
        if any(illness.key == "type2-diabetes" for illness in ills):
            self.record.findings.append(Finding("foot-check", at))

    def _consult(self, sort: str, on: date, words: str, author: int | None = None) -> datetime:
        who = author if author is not None else self.draw.choice((0, 0, 1))
        at = moments.at(on, self.draw.randrange(8, 18), self.draw.randrange(0, 60, 10))
        self.record.contacts.append(Contact(sort, at, who, words))
        return at

    def _prescribe(self, choice: Sequence[str], since: date, age: int) -> None:
        """One medicine of a choice that goes with the rest, or none."""
        drug = self._suitable(choice, age)
        if drug:
            self.present.add(drug)
            begun = since + timedelta(days=self.draw.randrange(1, 60))
            last = self.today - timedelta(days=self.draw.randrange(2, 34))
            self.record.medicines.append(Medicine(drug, min(begun, last), last))

    def _suitable(self, choice: Sequence[str], age: int) -> str:
        fitting = [drug for drug in choice if not drug or may_have(drug, age, self.present)]
        return self.draw.choice(fitting) if fitting else ""

    def _onset(self, illness: Illness, age: int) -> date:
        earliest = next((step for step, male, female in illness.share if male or female), 0)
        years = self.draw.random() * max(0.5, age - earliest)
        latest = max(self.human.birth_date + timedelta(days=1), self.today - timedelta(days=int(years * 365.25)))
        return min(latest, self.today - timedelta(days=1))

    def _level(self, test: str, ills: list[Illness]) -> float:
        middle, _, spread = _LEVELS[test]
        keys = {illness.key for illness in ills}
        if "kidney-3" in keys and test in {"egfr", "creatinine"}:
            middle, spread = (47, 6) if test == "egfr" else (122, 14)
        if test == "saturation" and "copd" in keys:
            middle = 94
        return self.draw.gauss(middle, spread)

    def _value(self, test: str, level: float) -> float:
        low = {"hba1c": 32, "egfr": 16, "creatinine": 45, "acr": 0.4, "potassium": 3.4, "crp": 1, "frailty": 2}.get(
            test, 0.2
        )
        value = max(low, self.draw.gauss(level, _LEVELS[test][1]))
        high = {"egfr": 90, "saturation": 99, "frailty": 8, "phq9": 24}.get(test, 1_000)
        value = min(high, value)
        return round(value) if test in _WHOLE else round(value, 1)

    def _pressure(self, at: datetime, upper: float) -> Measure:
        systolic = round(max(96, self.draw.gauss(upper, 6)))
        return Measure("bp", at, systolic, round(min(systolic - 28, max(54, systolic * 0.58 + self.draw.gauss(0, 5)))))


def _allergies(human: Human, draw: Random, today: date) -> list[Allergy]:
    since = max(human.birth_date + timedelta(days=400), today - timedelta(days=draw.randrange(200, 9_000)))
    since = min(since, today - timedelta(days=1))
    found = [Allergy(concept, since, reaction) for concept, share, reaction in _ALLERGIES if draw.random() < share]
    return found or ([Allergy("no-allergy", since)] if draw.random() < 0.4 else [])


def _vaccines(human: Human, age: int, ills: list[Illness], draw: Random, today: date) -> list[Vaccine]:
    found = []
    risk = age >= 65 or any(
        ill.key in {"copd", "asthma", "type2-diabetes", "heart-disease", "heart-failure"} for ill in ills
    )
    for back in (0, 365):
        if risk and draw.random() < (0.8 if age >= 65 else 0.5):
            season = date(today.year if today.month >= 10 else today.year - 1, 10, 1) + timedelta(
                days=draw.randrange(0, 45)
            )
            on = min(season, today - timedelta(days=1)) - timedelta(days=back)
            found.append(Vaccine("flu-jab", on))
    if age >= 66 and draw.random() < 0.7:
        found.append(Vaccine("pneumococcal-jab", human.birth_date + timedelta(days=int(65.3 * 365.25))))
    if 1 < age < 25:
        found.append(Vaccine("mmr-jab", human.birth_date + timedelta(days=385 + draw.randrange(60))))
        if age > 3:
            found.append(Vaccine("mmr-jab-2", human.birth_date + timedelta(days=1_230 + draw.randrange(60))))
    return [vaccine for vaccine in found if human.birth_date < vaccine.on < today]


def _visit(ills: list[Illness], age: int, draw: Random, today: date, roles: Mapping[str, Any]) -> Visit:
    """One stay, attendance or community contact, for something that the person has."""
    community = age >= 65 and draw.random() < 0.35
    sort = "O" if community else draw.choices("IEO", (30, 35, 35))[0]
    back = min(1_090, int(-240 * log(1 - draw.random())) + 1)
    starts = moments.at(today - timedelta(days=back), draw.randrange(8, 22), draw.randrange(60))
    days = min(back - 0.2, draw.expovariate(1 / (2 + age / 16))) if sort == "I" else 0.1
    still_in = sort == "I" and back <= 12 and draw.random() < 0.4
    told = [ill.icd10 for ill in ills if ill.icd10]
    diagnosis = draw.choice(told) if told else None
    side = "community" if community else "acute"
    return Visit(
        trust=roles[f"{side}_trust"],
        site=roles[f"{side}_site"],
        sort=sort,
        starts=starts,
        ends=None if still_in else starts + timedelta(days=max(0.05, days)),
        ward=Template("$any_team" if community else draw.choice(_WARDS[sort])).safe_substitute(roles["words"]),
        specialty="Community nursing"
        if community
        else {"I": "General medicine", "E": "Emergency medicine", "O": "Outpatients"}[sort],
        clinician=draw.choice(_NURSES if community else _DOCTORS),
        reason=diagnosis[1] if diagnosis else "Assessment",
        diagnosis=diagnosis,
    )


def letters_of(visits: Iterable[Visit], record: Record) -> None:
    """What the practice filed of those contacts: a discharge letter for a stay, now and then a referral before it."""
    for visit in visits:
        if visit.ends is not None and visit.sort == "I":
            record.papers.append(Paper(f"Discharge summary, {visit.ward}", visit.ends.date(), "Discharge letter"))
        elif visit.sort == "O":
            before = (visit.starts - timedelta(days=40)).date()
            record.referrals.append(Referral(visit.ward, before, visit.reason))
