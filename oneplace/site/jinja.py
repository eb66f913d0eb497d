"""The template environment: templates of every room and of the NHS.UK library, and what pages may call."""

import json
from functools import partial
from importlib.resources import files
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader

import oneplace
from oneplace.kernel import nhs_number
from oneplace.site import words


def environment(**options: Any) -> Environment:
    """Django calls this once. The NHS.UK macros need undefined values that chain."""
    rooms = [str(files(app.name) / "templates") for app in apps.get_app_configs() if app.name.startswith("oneplace.")]
    options["loader"] = ChoiceLoader([FileSystemLoader(rooms), PackageLoader("nhsuk_frontend_jinja")])
    options.update(undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False)
    made = Environment(**options)  # noqa: S701 - Django turns autoescape on
    made.globals.update(
        static=lambda path: f"{static(path)}?v={oneplace.__version__}",
        url=lambda name, *args: reverse(name, args=args),
    )
    made.filters.update(
        seconds=words.seconds,
        when=words.when,
        ago=words.ago,
        day=words.day,
        count=words.count,
        nhs=nhs_number.spaced,
        plural=words.plural,
        jsonable=partial(json.dumps, cls=DjangoJSONEncoder),
    )
    return made
