"""An administrator's pages: the own organisation's staff alone, each act in the ledger, no way around."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from factories.places import FOLDER, OTHER_PRACTICE, PRACTICE
from factories.signing_in import PASSWORD, signed_in, staff, with_app

from oneplace.access import queries, users
from oneplace.access.models import Employment, Invitation, User
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.ledger.queries import latest
from oneplace.site import loading

pytestmark = pytest.mark.django_db
NEW = {"display_name": "Dr Ben Hale", "username": "ben", "role": "gp"}
OPERATOR = Actor("operator", "operator", "", "")


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()


@pytest.fixture
def admin() -> Client:
    """The browser of the administrator of Z90010."""
    loading.load_place(FOLDER, by="test")
    return signed_in(staff("admin", "administrator"))


def employed_at(user: User, organisation: str, role: str = "gp") -> Employment:
    return Employment.objects.create(user=user, role=role, organisation_code=organisation, starts=clock.real_now())


def token_in(answer) -> str:
    return re.search(r"/welcome/([\w-]{20,})/", answer.content.decode())[1]


def line_of(action: str):
    return latest(1, action=action)[0]


def test_list_names_own_staff_and_nobody_elses(admin):
    staff("near", "gp")
    other = staff("far", "gp", OTHER_PRACTICE)
    page = admin.get("/users/").content.decode()
    assert "Near" in page
    assert "Far" not in page
    assert admin.get(f"/users/{other.key}/").status_code == 404
    assert admin.post(f"/users/{other.key}/deactivate/").status_code == 404
    assert User.objects.get(pk=other.pk).is_active


def test_only_administrators_come_here(admin):
    client = signed_in(staff("gp", "gp"))
    for address in ("/users/", "/users/new/", "/users/employ/", "/users/teams/"):
        assert client.get(address).status_code == 403


def test_invited_user_chooses_a_password_once_and_signs_in(admin):
    shown = admin.post("/users/new/", NEW)
    assert "It is shown this one time" in shown.content.decode()
    token = token_in(shown)
    user = User.objects.get(username="ben")
    line = line_of("create user")
    assert (line.subject, line.role, line.organisation) == (user.key, "administrator", PRACTICE)
    assert token not in line.detail + line_of("invite user").detail
    assert not Invitation.objects.filter(digest=token).exists()
    assert "Invited, has not signed in" in admin.get("/users/").content.decode()
    guest = Client()
    assert guest.get(f"/welcome/{token}/").url == "/welcome/"
    assert "Welcome, Dr Ben Hale" in guest.get("/welcome/").content.decode()
    weak = guest.post("/welcome/", {"new_password1": "short", "new_password2": "short"})
    assert weak.status_code == 422
    done = guest.post("/welcome/", {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert done.url == "/"
    assert "GP" in guest.get("/").content.decode()
    assert line_of("accept invitation").actor == user.key
    again = Client()
    again.get(f"/welcome/{token}/")
    assert again.get("/welcome/").status_code == 410
    assert again.post("/welcome/", {"new_password1": PASSWORD, "new_password2": PASSWORD}).status_code == 410
    assert users.accept_invitation(token=token, password=PASSWORD) is None


def test_invitation_ends_after_seven_days_and_when_a_newer_one_is_made(admin):
    token = token_in(admin.post("/users/new/", NEW))
    user = User.objects.get(username="ben")
    newer = users.invite(user=user, by=OPERATOR)
    assert users.invited(token) is None
    assert users.invited(newer) == user
    Invitation.objects.update(expires=clock.real_now())
    assert users.invited(newer) is None
    assert users.invited("") is None


def test_form_says_what_is_missing_and_keeps_what_was_typed(admin):
    staff("taken", "gp")
    for told, words in (
        ({}, "Enter the name that colleagues know them by"),
        (NEW | {"username": "with space"}, "no spaces"),
        (NEW | {"username": "TAKEN"}, "This user name is taken"),
        (NEW | {"role": "wizard"}, "Choose the role"),
        (NEW | {"role": "person"}, "Choose the role"),
        (NEW | {"team": "T-ELSEWHERE"}, "Choose a team of your organisation"),
    ):
        refused = admin.post("/users/new/", told)
        assert refused.status_code == 422
        assert words in refused.content.decode()
    assert 'value="Dr Ben Hale"' in refused.content.decode()
    assert not User.objects.filter(username="ben").exists()


def test_role_is_given_to_someone_of_another_organisation_and_ended_here_alone(admin):
    user = staff("far", "gp", OTHER_PRACTICE)
    given = admin.post("/users/employ/", {"username": "far", "role": "practice-nurse"})
    assert given.url == f"/users/{user.key}/"
    assert line_of("give role").subject == user.key
    page = admin.get(given.url).content.decode()
    assert "Practice nurse" in page
    assert "Another organisation employs them too" in page
    assert "Deactivate" not in page
    refused = admin.post("/users/employ/", {"username": "far", "role": "practice-nurse"})
    assert "They have this role here already" in refused.content.decode()
    assert "Nobody signs in" in admin.post("/users/employ/", {"username": "x", "role": "gp"}).content.decode()
    theirs = Employment.objects.get(organisation_code=OTHER_PRACTICE)
    admin.post(f"/users/roles/{theirs.key}/end/")
    theirs.refresh_from_db()
    assert theirs.ends is None
    here = Employment.objects.get(user=user, organisation_code=PRACTICE)
    admin.post(f"/users/roles/{here.key}/end/")
    assert line_of("end role").subject == user.key
    assert admin.get(f"/users/{user.key}/").status_code == 404
    assert "ended already" in admin.post(f"/users/roles/{here.key}/end/", follow=True).content.decode()


def test_sign_in_of_someone_whom_others_employ_is_out_of_reach(admin):
    """Else an administrator could take over a sign-in that opens another organisation's records."""
    user = staff("both", "gp")
    employed_at(user, OTHER_PRACTICE)
    for act in ("reset", "deactivate"):
        answer = admin.post(f"/users/{user.key}/{act}/", follow=True)
        assert "Another organisation employs them too" in answer.content.decode()
    user.refresh_from_db()
    assert user.is_active
    assert user.check_password(PASSWORD)


def test_administrator_changes_nothing_of_their_own(admin):
    own = User.objects.get(username="admin")
    hat = Employment.objects.get(user=own)
    assert "You can&#39;t change your own roles" in admin.get(f"/users/{own.key}/").content.decode().replace(
        "'", "&#39;"
    )
    for act in ("reset", "deactivate", "role"):
        admin.post(f"/users/{own.key}/{act}/", {"role": "privacy-officer"})
    admin.post("/users/employ/", {"username": "admin", "role": "privacy-officer"})
    admin.post(f"/users/roles/{hat.key}/end/")
    own.refresh_from_db(), hat.refresh_from_db()
    assert (own.is_active, hat.ends, own.employments.count()) == (True, None, 1)


def test_reset_ends_password_second_step_and_sessions_and_gives_a_link(admin):
    user = staff("near", "gp")
    with_app(user)
    theirs = signed_in(user, Client())
    theirs.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert theirs.get("/").status_code == 200
    token = token_in(admin.post(f"/users/{user.key}/reset/"))
    assert users.invited(token) == user
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert not Authenticator.objects.filter(user=user).exists()
    assert theirs.get("/").status_code == 302
    assert line_of("reset sign-in").subject == user.key


def test_deactivated_user_is_out_at_once_and_may_be_let_in_again(admin):
    user = staff("near", "gp")
    theirs = signed_in(user)
    assert theirs.get("/").status_code == 200
    token = users.invite(user=user, by=OPERATOR)
    admin.post(f"/users/{user.key}/deactivate/")
    assert theirs.get("/").status_code == 302
    assert users.invited(token) is None
    assert Client().post("/sign-in/", {"username": "near", "password": PASSWORD}).status_code == 200
    assert "Deactivated" in admin.get("/users/").content.decode()
    assert line_of("deactivate user").subject == user.key
    admin.post(f"/users/{user.key}/reactivate/")
    assert signed_in(user).get("/").status_code == 200


def test_locked_user_is_shown_and_unlocked(admin):
    user = staff("near", "gp")
    for _ in range(6):
        Client().post("/sign-in/", {"username": "near", "password": "no"})
    assert "Locked after wrong tries" in admin.get("/users/").content.decode()
    assert "Unlock now" in admin.get(f"/users/{user.key}/").content.decode()
    admin.post(f"/users/{user.key}/unlock/")
    assert line_of("unlock user").subject == user.key
    assert Client().post("/sign-in/", {"username": "near", "password": PASSWORD}).status_code == 302


def test_one_more_role_and_team_are_given_on_the_persons_page(admin):
    user = staff("near", "gp")
    admin.post(f"/users/{user.key}/role/", {"role": "data-manager"})
    assert set(user.employments.values_list("role", flat=True)) == {"gp", "data-manager"}
    nothing = admin.post(f"/users/{user.key}/role/", {"role": ""}, follow=True)
    assert "Nothing was changed" in nothing.content.decode()
    assert "In no team" in admin.get("/users/teams/").content.decode()


def test_acts_are_posted_and_known(admin):
    user = staff("near", "gp")
    assert admin.get(f"/users/{user.key}/deactivate/").url == f"/users/{user.key}/"
    assert admin.get("/users/roles/x/end/").url == "/users/"
    assert admin.post(f"/users/{user.key}/promote/").status_code == 404
    user.refresh_from_db()
    assert user.is_active


def test_changes_need_a_fresh_proof(admin, settings):
    settings.STEP_UP_MINUTES = -1
    user = staff("near", "gp")
    assert admin.post(f"/users/{user.key}/deactivate/").url.startswith("/confirm/")
    assert admin.get("/users/new/").url.startswith("/confirm/")
    assert admin.get("/users/").status_code == 200


def test_operator_reaches_every_organisation_but_no_unknown_user():
    user = staff("far", "gp", OTHER_PRACTICE)
    employed_at(user, PRACTICE)
    users.set_active(key=user.key, organisation_code="", active=False, by=OPERATOR)
    user.refresh_from_db()
    assert not user.is_active
    with pytest.raises(users.Unfit, match="employs nobody like that"):
        users.unlock(key="nobody", organisation_code="", by=OPERATOR)
    with pytest.raises(users.Unfit, match="roles of staff"):
        users.create_staff(username="x", display_name="X", role="wizard", organisation_code="G1", team="", by=OPERATOR)


def test_employers_and_keys_are_told_to_the_operator():
    user = staff("far", "gp", "Z90011")
    employed_at(user, "Z90010")
    assert queries.employers() == ["Z90010", "Z90011"]
    assert queries.user_key("far") == user.key
    assert queries.user_key("nobody") == ""
