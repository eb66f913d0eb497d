"""Nothing forgotten: each address and each command declares who may use it."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from oneplace.access import policy


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


def leaves(command: object, name: str = "oneplace") -> list[tuple[str, object]]:
    """Each command that does something, with its function."""
    below = getattr(command, "commands", None)
    if not below:
        return [(name, command.callback)]
    return [leaf for word, child in below.items() for leaf in leaves(child, f"{name} {word}")]


def command_tree() -> object:
    import typer
    from oneplace.site.cli import app

    return typer.main.get_command(app)


def test_each_address_declares_a_policy():
    found = addresses(get_resolver())
    assert found, "there is no address at all"
    bare = [path for path, view in found if not policy.is_declared(view)]
    assert bare == [], "decorate with public, signed_in, staff(...) or machine of oneplace.access.policy"


def test_each_command_declares_a_policy():
    found = leaves(command_tree())
    assert len(found) > 5
    bare = [name for name, callback in found if getattr(callback, "cli_policy", None) not in {"operator", "anyone"}]
    assert bare == [], "decorate with operator or anyone of oneplace.access.commands"


def test_middleware_refuses_bare_views(settings):
    assert "oneplace.access.policy.DenyBareViews" in settings.MIDDLEWARE


def test_walk_finds_a_bare_view():
    """The walk itself can fail: a bare view in an include is seen."""
    from django.urls import include, path

    def bare(request: object) -> None: ...

    found = addresses(URLResolver(path("", include([])).pattern, [path("in/", include([path("bare/", bare)]))]))
    assert found == [("in/bare/", bare)]
    assert not policy.is_declared(bare)


@pytest.mark.parametrize("word", ["demo", "serve", "check", "ingest", "feeds", "place", "example", "record", "audit"])
def test_command_of_the_house_exists(word):
    assert word in command_tree().commands
