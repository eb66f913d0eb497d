"""The rules of access, pure: the decision (`decision`), and the facts that it rests on (`ties`, `agreements`,
`consents`). Other files import from here.
"""

from oneplace.access.rules.agreements import AgreementFact, AgreementRow, Terms, agreement_from, is_in_force
from oneplace.access.rules.consents import (
    CHOICES,
    MADE_BY,
    REASONS,
    ClassRule,
    ConsentFact,
    ConsentModel,
    Declaration,
    standing_choice,
)
from oneplace.access.rules.decision import (
    Actor,
    Cells,
    Closed,
    Decision,
    Facts,
    Locked,
    NotFound,
    Permit,
    Purpose,
    decide,
    decide_cell,
    purpose_for,
)
from oneplace.access.rules.ties import URGENT_LINGERS, RelationshipRow, Tie, newest_of

__all__ = [
    "CHOICES",
    "MADE_BY",
    "REASONS",
    "URGENT_LINGERS",
    "Actor",
    "AgreementFact",
    "AgreementRow",
    "Cells",
    "ClassRule",
    "Closed",
    "ConsentFact",
    "ConsentModel",
    "Decision",
    "Declaration",
    "Facts",
    "Locked",
    "NotFound",
    "Permit",
    "Purpose",
    "RelationshipRow",
    "Terms",
    "Tie",
    "agreement_from",
    "decide",
    "decide_cell",
    "is_in_force",
    "newest_of",
    "purpose_for",
    "standing_choice",
]
