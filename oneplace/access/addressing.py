"""People and roles turned into addresses of the post, and whether a reader may still be told of a person.

`post` knows no user: what it sends to is an opaque address, and this is asked again when it sends.
"""

from collections.abc import Collection

from oneplace.access import queries, roles
from oneplace.access.models import User
from oneplace.access.rules import Actor, Permit, decide, purpose_for
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.post.rules import Address, Kind


def in_app(user_key: str) -> Address:
    """The in-app address of one user."""
    return Address(Kind.IN_APP, user_key)


def addresses_of(permission: str) -> list[Address]:
    """In-app addresses of everybody who wears a hat with this permission now, each once, by name."""
    holders = {name for name, role in roles.roles().items() if permission in role.may}
    return [in_app(user.key) for user in queries.users_in(holders)]


def may_be_told(reader: str, person: str) -> bool:
    """True while some hat of this user opens this person's record: then a message may tell them of the person."""
    return bool(people_to_tell(reader, [person]))


def people_to_tell(reader: str, people: Collection[str]) -> set[str]:
    """Those of the people of whom this user may be told now, in any of their hats."""
    user = User.objects.filter(key=reader, is_active=True).first()
    if user is None or not people:
        return set()
    actors = [Actor(user.key, user.display_name, hat.role, hat.organisation_code) for hat in queries.hats_of(user)]
    return {person for person in people if any(_opens(actor, PersonId(person)) for actor in actors)}


def _opens(actor: Actor, person: PersonId) -> bool:
    now = clock.now()
    facts = queries.facts_for(actor, person, now)
    return isinstance(decide(actor, facts, person, purpose_for(facts.personal), now), Permit)
