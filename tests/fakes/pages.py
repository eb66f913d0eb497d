"""The least that a room's pages need around them, so that they are tested without the site above them."""

from pathlib import Path
from typing import Any

from django.urls import reverse
from jinja2 import Environment

import oneplace.record

BASE = Path(__file__).parent / "templates"


def environment(**options: Any) -> Environment:
    """A Jinja environment with the two functions that pages call."""
    made = Environment(**options)
    made.globals.update(static=lambda path: f"/static/{path}", url=lambda name, *args: reverse(name, args=args))
    return made


TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE, Path(oneplace.record.__file__).parent / "templates"],
        "OPTIONS": {"environment": "fakes.pages.environment"},
    }
]
