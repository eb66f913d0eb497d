"""The example place: a generator of synthetic people with writers of its own for the real formats."""

from oneplace.example.generator import NoExample, generate
from oneplace.example.personas import Persona, personas
from oneplace.example.shapes import OutMessage

__all__ = ["NoExample", "OutMessage", "Persona", "generate", "personas"]
