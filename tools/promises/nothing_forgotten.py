"""Nothing forgotten: walks every address and every command for a declared policy."""

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
    """Commands that declare nothing."""
    known = {"operator", "anyone"}
    return [name for name, function in leaves(command_tree()) if getattr(function, "cli_policy", None) not in known]


def run(cases: int, seed: int) -> Outcome:
    """Walk all; `cases` and `seed` change nothing."""
    from django.urls import get_resolver

    bare = [*bare_addresses(get_resolver()), *bare_commands()]
    all_of_them = len(addresses(get_resolver())) + len(leaves(command_tree()))
    figure = f"{all_of_them - len(bare)} of {all_of_them} addresses and commands declare a policy"
    return Outcome(all_of_them, len(bare), figure, tuple(bare[:5]))


PROMISE = Promise(
    "nothing-forgotten", "Nothing forgotten: every address and command declares who may use it", 1, run, fixed=True
)
