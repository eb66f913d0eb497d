"""`oneplace user`. Staff: the first administrator of an organisation, and what no administrator can do."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from oneplace.access.commands import OPERATOR, operator
from oneplace.site.commands.talk import Json, group, start_up, stop, told

app = group("Staff: who may sign in, and as what.")
Username = Annotated[str, typer.Argument(help="What they type to sign in.")]
Name = Annotated[str, typer.Option(help="The name that others know them by.")]
Whom = Annotated[str, typer.Option("--person", help="Whose record: the person's key, as 'record find' prints it.")]
How = Annotated[str, typer.Option(help="How they proved who they are: what was looked at, or who vouches.")]
CheckMade = Annotated[str, typer.Option(help="photo-id, nhs-login or vouched.")]


@app.command("create")
@operator
def user_create(
    username: Username,
    name: Annotated[str, typer.Option(help="The name that colleagues know them by.")],
    role: Annotated[str, typer.Option(help="A role of roles.yaml, such as administrator.")],
    organisation: Annotated[str, typer.Option(help="ODS code of the organisation that employs them.")],
    team: Annotated[str, typer.Option(help="Code of their team, if they are in one.")] = "",
) -> None:
    """Add a member of staff, and print the link with which they choose a password."""
    start_up()
    from oneplace.access import users
    from oneplace.place import queries as place

    if place.organisation(organisation) is None:
        stop(f"This place has no organisation '{organisation}'. Its folder lists them: organisations.csv")
    who = {"username": username, "display_name": name, "role": role, "organisation_code": organisation, "team": team}
    typer.echo(_link(_done(users.create_staff, **who)))


@app.command("list")
@operator
def user_list(
    organisation: Annotated[str, typer.Option(help="Only those whom this organisation employs.")] = "",
    as_json: Json = False,
) -> None:
    """Staff by organisation: roles, state, second step."""
    start_up()
    from oneplace.access import queries, users

    rows = [
        {
            "organisation": code,
            **{name: value for name, value in asdict(line).items() if name not in ("hats", "key", "ours_alone")},
            "roles": [hat.role for hat in line.hats],
        }
        for code in ([organisation] if organisation else queries.employers())
        for line in users.staff_of(code)
    ]
    words = "\n".join(
        f"{row['organisation']:8} {row['username']:20} {row['state']:12} "
        f"{'second step' if row['second_step'] else 'no second step':15} {', '.join(row['roles'])}"
        for row in rows
    )
    told(rows, as_json, words or "Nobody may sign in yet. Begin with: oneplace user create --help")


@app.command("reset")
@operator
def user_reset(username: Username) -> None:
    """End a user's password, second steps and sessions, and print a new link."""
    start_up()
    from oneplace.access import users

    typer.echo(_link(_done(users.reset_sign_in, key=_key(username), organisation_code="")))


@app.command("unlock")
@operator
def user_unlock(username: Username) -> None:
    """Forget the wrong tries of a user, so that they need not wait."""
    start_up()
    from oneplace.access import users

    _done(users.unlock, key=_key(username), organisation_code="")
    typer.echo("They can try again now.")


@app.command("deactivate")
@operator
def user_deactivate(
    username: Username, undo: Annotated[bool, typer.Option("--undo", help="Let them sign in again.")] = False
) -> None:
    """Shut a user out of everything at once."""
    start_up()
    from oneplace.access import users

    _done(users.set_active, key=_key(username), organisation_code="", active=undo)
    typer.echo("They can sign in again." if undo else "They are signed out everywhere and can't sign in.")


@app.command("connect")
@operator
def user_connect(
    username: Username,
    provider: Annotated[str, typer.Option(help="Id of the identity provider in the settings, such as cis2.")],
    uid: Annotated[str, typer.Option(help="What the provider calls them; for CIS2 the number of their smartcard.")],
) -> None:
    """Let a user sign in with what an identity provider calls them."""
    start_up()
    from oneplace.access import queries, users
    from oneplace.site import oidc

    if provider not in oidc.names():
        stop(f"The settings have no identity provider '{provider}'. They have: {', '.join(oidc.names()) or 'none'}")
    user = queries.users().get(key=_key(username))
    _done(users.connect_identity, user=user, provider=provider, uid=uid)
    typer.echo("They can sign in there now.")


@app.command("person")
@operator
def user_person(username: Username, name: Name, person: Whom, how: How, check: CheckMade = "photo-id") -> None:
    """Tie a sign-in to the person whose record it is, after a check of who they are; a new one gets a link."""
    start_up()
    from oneplace.access import own

    _own(own.give_own_access, person, username, name, own.Check(check, how))


@app.command("proxy")
@operator
def user_proxy(
    username: Username,
    name: Name,
    person: Whom,
    how: How,
    authority: Annotated[str, typer.Option(help="On whose word they act: agreed, attorney, deputy, parent.")],
    scope: Annotated[str, typer.Option(help="Classes of information that they see, parted by ';'.")],
    until: Annotated[datetime | None, typer.Option(help="The last day.", formats=["%Y-%m-%d"])] = None,
    may_choose: Annotated[bool, typer.Option("--may-choose", help="They also choose what is shared.")] = False,
    visits_only: Annotated[bool, typer.Option("--visits-only", help="Of these, visits and booked contacts.")] = False,
    check: CheckMade = "photo-id",
) -> None:
    """Let somebody act for a person: the classes of --scope and nothing else, to the last day."""
    start_up()
    from oneplace.access import own
    from oneplace.kernel import clock

    ends = until and (until + timedelta(days=1)).replace(tzinfo=clock.LONDON)
    classes = [word.strip() for word in scope.split(";") if word.strip()]
    agreed = own.Agreed(classes, authority, clock.now(), ends, may_choose, visits_only)
    _own(own.give_proxy_access, person, username, name, own.Check(check, how), agreed=agreed)


@app.command("own-people")
@operator
def user_own_people(person: Whom, as_json: Json = False) -> None:
    """Who sees a person's record as that person, or for them, and who could once."""
    start_up()
    from django.db import transaction

    from oneplace.access import own
    from oneplace.kernel import clock
    from oneplace.ledger import actions as ledger

    now, whose = clock.now(), _person(person)
    with transaction.atomic():
        rows = own.own_people(whose)
        ledger.write(actor=OPERATOR, action="list own people", subject=whose)
    words = "\n".join(
        f"{row.key}  {'open' if row.is_open(now) else 'not open':8} {row.kind:6} {row.username:20} "
        f"{'; '.join(row.scope)}"
        for row in rows
    )
    told([asdict(row) for row in rows], as_json, words or "Nobody yet. Begin with: oneplace user person --help")


@app.command("end-own")
@operator
def user_end_own(
    key: Annotated[str, typer.Argument(help="Key of the access, as 'user own-people' prints it.")],
    person: Whom,
    reason: Annotated[str, typer.Option(help="Why it ends.")],
) -> None:
    """End one access of a person's own people, now."""
    start_up()
    from oneplace.access import own

    _done(own.end_own_access, person=_person(person), key=key, reason=reason)
    typer.echo("They can't see this record any more.")


def _own(action: Any, person: str, username: str, name: str, check: Any, **agreed: Any) -> None:
    """Give access as the operator, and print the link of a new sign-in."""
    who = {"person": _person(person), "username": username, "name": name, "check": check}
    token = _done(action, **who, **agreed)
    typer.echo(_link(token) if token else "They sign in already, and see this record from now on.")


def _person(told: str) -> Any:
    """A person's key; whoever is nobody ends the command."""
    from oneplace.kernel.ids import PersonId
    from oneplace.record import tracing

    if not tracing.is_known(PersonId(told)):
        stop(f"There is no person with the key '{told}'. See: oneplace record find")
    return PersonId(told)


def _key(username: str) -> str:
    from oneplace.access import queries

    key = queries.user_key(username)
    if not key:
        stop(f"No user is called '{username}'. See: oneplace user list")
    return key


def _done(action: Any, **told_of: Any) -> Any:
    """Act as the operator; what can't be done ends the command with its reason."""
    from oneplace.access.rules import Actor
    from oneplace.access.users import Unfit

    try:
        return action(**told_of, by=Actor(OPERATOR, OPERATOR, "", ""))
    except Unfit as why:
        stop(str(why))


def _link(token: str) -> str:
    from django.urls import reverse

    return f"Works once, for seven days, after the address of this place: {reverse('welcome-link', args=[token])}"
