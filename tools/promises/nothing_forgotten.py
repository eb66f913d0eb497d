"""Nothing forgotten: walks every address, every answer that has no address, every command and every other program.

What has an address: pages, the inbox for machines, addresses that packages bring. What has none: the pages for what
went wrong, and what the packages for sign-in and cross-site checks call by name. Programs: what `python -m` can run.
Files under /static/ come from the package and tell nothing of anybody.
"""

import ast
from importlib import import_module
from pathlib import Path

from django.urls import URLPattern, URLResolver

from promises import Outcome, Promise


def addresses(resolver: URLResolver, before: str = "") -> list[tuple[str, object]]:
    """Each address with its view, includes and all."""
    found: list[tuple[str, object]] = []
    for pattern in resolver.url_patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append((path, pattern.callback))
        else:
            found.extend(addresses(pattern, path))
    return found


def bare_addresses(resolver: URLResolver) -> list[str]:
    """Addresses whose view declares nothing."""
    from oneplace.access import policy

    return [path for path, view in addresses(resolver) if not policy.is_declared(view)]


def answers_without_an_address() -> list[tuple[str, object]]:
    """Views that Django and its packages call by a name in the settings, or when something went wrong."""
    from django.conf import settings
    from django.urls import get_resolver
    from django.utils.module_loading import import_string

    found = [(f"handler{code}", get_resolver().resolve_error_handler(code)) for code in (400, 403, 404, 500)]
    named = [name for name in dir(settings) if name.endswith(("_VIEW", "LOCKOUT_CALLABLE"))]
    return found + [(name, import_string(getattr(settings, name))) for name in named if getattr(settings, name)]


def bare_answers() -> list[str]:
    """Those that declare nothing. Django's own for errors say a fixed sentence and nothing else."""
    from oneplace.access import policy

    found = [(name, view) for name, view in answers_without_an_address() if not policy.is_declared(view)]
    return [name for name, view in found if getattr(view, "__module__", "") != "django.views.defaults"]


def programs() -> list[tuple[str, object]]:
    """Modules that can be run by themselves, each with what it runs."""
    import oneplace

    root = Path(oneplace.__file__).parent
    found = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if '__name__ == "__main__"' not in text:
            continue
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        found += [(f"python -m {name}", getattr(import_module(name), called, None)) for called in _run_by(text)]
    return found


def _run_by(text: str) -> list[str]:
    """Names of the functions that the last part of a module calls when it is run."""
    guard = next(
        node for node in ast.parse(text).body if isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)
    )
    calls = (node for node in ast.walk(guard) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return [call.func.id for call in calls if call.func.id not in {"suppress", "print"}]  # type: ignore[attr-defined]


def command_tree() -> object:
    """The command line as a tree of commands."""
    import typer

    from oneplace.site.cli import app

    return typer.main.get_command(app)


def leaves(command: object, name: str = "oneplace") -> list[tuple[str, object]]:
    """Each command that does something, with its function."""
    below = getattr(command, "commands", None)
    if not below:
        return [(name, command.callback)]  # type: ignore[attr-defined]
    return [leaf for word, child in below.items() for leaf in leaves(child, f"{name} {word}")]


def bare_commands() -> list[str]:
    """Commands and programs that declare nothing."""
    known = {"operator", "anyone"}
    every = [*leaves(command_tree()), *programs()]
    return [name for name, function in every if getattr(function, "cli_policy", None) not in known]


def run(cases: int, seed: int) -> Outcome:
    """Walk all; `cases` and `seed` change nothing."""
    from django.urls import get_resolver

    bare = [*bare_addresses(get_resolver()), *bare_answers(), *bare_commands()]
    parts = (addresses(get_resolver()), answers_without_an_address(), leaves(command_tree()), programs())
    all_of_them = sum(len(part) for part in parts)
    figure = f"{all_of_them - len(bare)} of {all_of_them} addresses, answers, commands and programs declare a policy"
    return Outcome(all_of_them, len(bare), figure, tuple(bare[:5]))


PROMISE = Promise(
    "nothing-forgotten",
    "Nothing forgotten: every address, answer, command and program declares who may use it",
    1,
    run,
    fixed=True,
)
