"""Who is who, and which telling of a fact stands: pure, and blind to the order in which feeds arrived."""

from oneplace.record.rules.names import FAMILY_ALIKE as FAMILY_ALIKE
from oneplace.record.rules.names import alike as alike
from oneplace.record.rules.names import comparable as comparable
from oneplace.record.rules.names import first_word as first_word
from oneplace.record.rules.names import given_alike as given_alike
from oneplace.record.rules.names import search_keys as search_keys
from oneplace.record.rules.numbers import CONFLICT as CONFLICT
from oneplace.record.rules.numbers import Claim as Claim
from oneplace.record.rules.numbers import Link as Link
from oneplace.record.rules.numbers import Placement as Placement
from oneplace.record.rules.numbers import arrange as arrange
from oneplace.record.rules.numbers import number_to_link_on as number_to_link_on
from oneplace.record.rules.settling import BY_LIKENESS as BY_LIKENESS
from oneplace.record.rules.settling import CROWD as CROWD
from oneplace.record.rules.settling import SAME_PERSON as SAME_PERSON
from oneplace.record.rules.settling import Judgement as Judgement
from oneplace.record.rules.settling import Likeness as Likeness
from oneplace.record.rules.settling import Mark as Mark
from oneplace.record.rules.settling import settle as settle


def newer(version_at: object, content: bytes, held_at: object, held_content: bytes) -> bool:
    """True when a version of a fact goes before the one that is held: by the source's time, ties by content.

    The tie-break has no meaning but that every order of arrival ends in the same state.
    """
    return (version_at, content) > (held_at, held_content)
