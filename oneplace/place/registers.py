"""Registers of practices as QOF and Fingertips publish them: how many of each list have a condition. Pure.

Three layouts: a column a register (as shares or per cent), NHS England's row a practice and group with its register and
list, and Fingertips' row an indicator and area. The newest period of a practice and register stands.
"""

from oneplace.place.cells import PRACTICE, Row, count_of, practice_of
from oneplace.place.found import Found

# QOF's codes and what population.toml calls the register. Others (smoking, palliative care) are held nowhere.
GROUPS = {
    "dm": "diabetes", "ndh": "prediabetes", "hyp": "hypertension", "af": "atrial-fibrillation", "chd": "heart-disease",
    "hf": "heart-failure", "stia": "stroke", "pad": "peripheral-arterial", "ast": "asthma", "copd": "copd",
    "ckd": "kidney", "can": "cancer", "dem": "dementia", "dep": "depression", "mh": "mental-illness", "ep": "epilepsy",
    "ld": "learning-disability", "ob": "obesity",
}  # fmt: skip
# Beginnings of Fingertips' indicator names ("Hypertension: QOF prevalence (all ages)").
_INDICATORS = {
    "diabetes": "diabetes", "non-diabetic hyperglycaemia": "prediabetes", "hypertension": "hypertension",
    "atrial fibrillation": "atrial-fibrillation", "chd": "heart-disease", "coronary heart disease": "heart-disease",
    "heart failure": "heart-failure", "stroke": "stroke", "pad": "peripheral-arterial",
    "peripheral arterial disease": "peripheral-arterial", "asthma": "asthma", "copd": "copd", "ckd": "kidney",
    "chronic kidney disease": "kidney", "cancer": "cancer", "dementia": "dementia", "depression": "depression",
    "mental health": "mental-illness", "epilepsy": "epilepsy", "learning disability": "learning-disability",
    "obesity": "obesity",
}  # fmt: skip
_SPELLINGS = ("prevalence", "prevalance")  # the second stands in files that go round
_LONG = {"practice_code", "group_code", "register", "patient_list_size"}
_FINGERTIPS = {"indicator_name", "area_code", "time_period", "value"}


def is_wide(names: set[str]) -> bool:
    """A column a register: HYP-prevalence."""
    return "practice_code" in names and any(f"hyp_{word}" in names for word in _SPELLINGS)


def is_long(names: set[str]) -> bool:
    """QOF's own tables of prevalence."""
    return names >= _LONG


def is_fingertips(names: set[str]) -> bool:
    """What Fingertips lets one download."""
    return names >= _FINGERTIPS


def take_wide(row: Row, found: Found) -> None:
    """Shares or per cent: a practice has hypertension in more than one of a hundred, so a 1 parts them."""
    code = practice_of(row)
    told = {group: row.told(*(f"{group}_{word}" for word in _SPELLINGS)) for group in GROUPS}
    values = {group: _number(cell) for group, cell in told.items() if cell}
    scale = 10 if values and max(values.values()) > 1 else 1000
    for group, value in values.items():
        _keep(found, code, GROUPS[group], "", value * scale)


def take_long(row: Row, found: Found) -> None:
    """The register's people of the list that it counts, which is all or from an age on."""
    group = GROUPS.get(row.told("group_code").lower())
    people, of = count_of(row.told("register")), count_of(row.told("patient_list_size"))
    if group and people is not None and of:
        _keep(found, practice_of(row), group, row.told("achievement_year", "financial_year"), 1000 * people / of)


def take_fingertips(row: Row, found: Found) -> None:
    """Per cent by practice; rows of England, of areas above practices and of other indicators are passed over."""
    name, _, measure = row.told("indicator_name").lower().partition(":")
    code = row.told("area_code").upper()
    if "qof prevalence" not in measure or not PRACTICE.fullmatch(code) or not row.told("value"):
        return
    register = _INDICATORS.get(name.strip())
    if register:
        _keep(found, code, register, row.told("time_period"), 10 * _number(row.told("value")))


def _number(cell: str) -> float:
    value = float(cell.rstrip("%"))
    if not 0 <= value <= 100:
        raise ValueError(cell)
    return value


def _keep(found: Found, code: str, register: str, period: str, per_mille: float) -> None:
    if not code:
        return
    if not 0 <= per_mille <= 1000:
        raise ValueError(f"{per_mille:.0f} per mille")
    held = found.registers.get((code, register))
    if held is None or held[0] <= period:
        found.registers[code, register] = period, round(per_mille, 1)
