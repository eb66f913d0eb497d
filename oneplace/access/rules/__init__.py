"""The rules of access, pure: the decision (`decision`), and the facts that it rests on (`ties`, `agreements`,
`consents`). Other files import from here.
"""

from oneplace.access.rules.agreements import AgreementFact, AgreementRow, agreement_from, is_in_force
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
    Decision,
    Facts,
    Locked,
    NotFound,
    Permit,
    Purpose,
    decide,
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
    "ClassRule",
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
    "Tie",
    "agreement_from",
    "decide",
    "is_in_force",
    "newest_of",
    "standing_choice",
]
