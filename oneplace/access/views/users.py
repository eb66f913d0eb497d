"""Pages of an organisation's administrator: its staff, their roles and teams, inviting, unlocking, shutting out.

Only the organisation of the worn hat is seen and changed; what changes anything needs a fresh proof of who asks.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from oneplace.access import roles, users
from oneplace.access.forms import EmployForm, NewUserForm, RoleForm, role_choices
from oneplace.access.policy import staff, step_up
from oneplace.access.queries import actor_of
from oneplace.access.rules import Actor
from oneplace.place import queries as place


@staff("manage-users")
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The staff of the administrator's organisation."""
    actor = actor_of(request.user)
    lines = [_told(line) for line in users.staff_of(actor.organisation_code)]
    return render(request, "access/users.jinja", {"lines": lines, "organisation": _organisation(actor)})


@staff("manage-users")
@require_GET
def teams(request: HttpRequest) -> HttpResponse:
    """Each team of the organisation with its staff, and those in none."""
    actor = actor_of(request.user)
    lines = users.staff_of(actor.organisation_code)
    named = [*_teams(actor), ("", "In no team")]
    groups = [(name, [_told(line) for line in lines if code in _team_codes(line)]) for code, name in named]
    return render(request, "access/teams.jinja", {"groups": groups, "organisation": _organisation(actor)})


@staff("manage-users")
@step_up
def new(request: HttpRequest) -> HttpResponse:
    """Add a member of staff; the answer shows their link, once."""
    actor = actor_of(request.user)
    form = NewUserForm(request.POST if request.method == "POST" else None, _teams(actor))
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data | {"organisation_code": actor.organisation_code, "by": actor}
        try:
            return _link(request, told["display_name"], users.create_staff(**told))
        except users.Unfit as why:
            form.add_error("username", str(why))
    return _form_page(request, form, actor, "access/user_new.jinja")


@staff("manage-users")
@step_up
def employ(request: HttpRequest) -> HttpResponse:
    """Give a role here to somebody who signs in already."""
    actor = actor_of(request.user)
    form = EmployForm(request.POST if request.method == "POST" else None, _teams(actor))
    if request.method == "POST" and form.is_valid():
        try:
            user = users.employ(**form.cleaned_data, organisation_code=actor.organisation_code, by=actor)
        except users.Unfit as why:
            form.add_error("username", str(why))
        else:
            messages.info(request, f"{user.display_name} has the role now.")
            return redirect("user", user.key)
    return _form_page(request, form, actor, "access/user_employ.jinja")


@staff("manage-users")
@require_GET
def one(request: HttpRequest, key: str) -> HttpResponse:
    """One member of staff, with what can be done."""
    actor = actor_of(request.user)
    line = users.staff_line(key, actor.organisation_code)
    if line is None:
        return render(request, "site/not_found.jinja", status=404)
    values = {"line": _told(line), "own": key == actor.key, "roles": role_choices(), "teams": _teams(actor)}
    return render(request, "access/user.jinja", values | {"organisation": _organisation(actor)})


@staff("manage-users")
@step_up
def end_role(request: HttpRequest, key: str) -> HttpResponse:
    """End one role here."""
    actor = actor_of(request.user)
    if request.method == "POST":
        _done(request, users.end_employment, "The role has ended.", key=key, by=actor)
    return redirect("users")


@staff("manage-users")
@step_up
def change(request: HttpRequest, key: str, act: str) -> HttpResponse:
    """Do one thing to a user: invite, reset, unlock, deactivate, reactivate, or one more role."""
    actor, doing = actor_of(request.user), _ACTS.get(act)
    line = users.staff_line(key, actor.organisation_code)
    if doing is None or line is None:
        return render(request, "site/not_found.jinja", status=404)
    if request.method == "POST":
        return doing(request, actor, line) or redirect("user", key)
    return redirect("user", key)


def _reset(request: HttpRequest, actor: Actor, line: users.StaffLine) -> HttpResponse | None:
    token = _done(request, users.reset_sign_in, "", key=line.key, by=actor)
    return _link(request, line.name, token) if token else None


def _role(request: HttpRequest, actor: Actor, line: users.StaffLine) -> None:
    form = RoleForm(request.POST, _teams(actor))
    if form.is_valid():
        _done(request, users.employ, "They have the role now.", username=line.username, by=actor, **form.cleaned_data)
    else:
        messages.info(request, "Nothing was changed: choose one of the roles.")


def _simple(action: Callable[..., Any], words: str, **more: object) -> Callable[..., None]:
    """What one button does, with the words for when it is done."""

    def act(request: HttpRequest, actor: Actor, line: users.StaffLine) -> None:
        _done(request, action, words, key=line.key, by=actor, **more)

    return act


_ACTS: dict[str, Callable[..., HttpResponse | None]] = {
    "reset": _reset,
    "role": _role,
    "unlock": _simple(users.unlock, "They can try again now."),
    "deactivate": _simple(users.set_active, "They are signed out everywhere and can't sign in.", active=False),
    "reactivate": _simple(users.set_active, "They can sign in again.", active=True),
}


def _done(request: HttpRequest, action: Callable[..., Any], words: str, **told: Any) -> Any:
    """Do it for the administrator's organisation, and say so; or say why it can't be."""
    try:
        result = action(**told, organisation_code=told["by"].organisation_code)
    except users.Unfit as why:
        messages.info(request, str(why))
        return None
    if words:
        messages.info(request, words)
    return result


def _link(request: HttpRequest, name: str, token: str) -> HttpResponse:
    """The page with somebody's one-time link. It is on this answer alone: nothing keeps the link itself."""
    address = request.build_absolute_uri(reverse("welcome-link", args=[token]))
    return render(request, "access/link.jinja", {"name": name, "address": address, "days": users.INVITED_FOR.days})


def _form_page(request: HttpRequest, form: RoleForm, actor: Actor, template: str) -> HttpResponse:
    values = {"form": form, "roles": role_choices(), "teams": _teams(actor), "organisation": _organisation(actor)}
    return render(request, template, values, status=422 if form.errors else 200)


def _teams(actor: Actor) -> list[tuple[str, str]]:
    return [(team.code, team.name) for team in place.teams(actor.organisation_code)]


def _team_codes(line: users.StaffLine) -> set[str]:
    return {hat.team_code for hat in line.hats}


def _organisation(actor: Actor) -> str:
    return place.names().organisations.get(actor.organisation_code, actor.organisation_code)


def _told(line: users.StaffLine) -> dict[str, object]:
    """One line in words."""
    named = {team.code: team.name for team in place.teams()}
    hats = [
        {
            "key": one.key,
            "role": _label(one.role),
            "team": named.get(one.team_code, one.team_code),
            "starts": one.starts,
        }
        for one in line.hats
    ]
    plain = ("key", "username", "name", "state", "second_step", "last_sign_in", "ours_alone")
    return {name: getattr(line, name) for name in plain} | {"hats": hats, "words": _STATES[line.state]}


def _label(name: str) -> str:
    role = roles.role(name)
    return role.label if role else name


_STATES = {
    "active": ("good", "Active"),
    "invited": ("wait", "Invited, has not signed in"),
    "locked": ("bad", "Locked after wrong tries"),
    "deactivated": ("bad", "Deactivated"),
}
