"""The example place: a generator of synthetic people with writers of its own for the real formats."""

from oneplace.example.consents import Choices, ConsentFile, OutChoice
from oneplace.example.generator import NoExample, generate
from oneplace.example.personas import Persona, personas, story_numbers
from oneplace.example.shapes import OutMessage, TrueSource
from oneplace.example.story import stories
from oneplace.example.truth import TruthFile

__all__ = [
    "Choices",
    "ConsentFile",
    "NoExample",
    "OutChoice",
    "OutMessage",
    "Persona",
    "TrueSource",
    "TruthFile",
    "generate",
    "personas",
    "story_numbers",
    "story_size",
]


def story_size() -> int:
    """How many people have a story of their own: the first that `generate` tells of."""
    return len(stories())
