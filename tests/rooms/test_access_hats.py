"""Several employments of one user: which hat is worn, that it is chosen, changed, ended, and what the ledger names."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from oneplace.access import actions, queries
from oneplace.access.models import Employment, User
from oneplace.access.rules import Actor
from oneplace.kernel import clock
from oneplace.ledger.queries import latest
from oneplace.site.loading import actor
from oneplace.site.mishaps import Mendable

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def user() -> User:
    return actions.create_user(
        username="asha", password=None, display_name="Asha", role="gp", organisation_code="G1", by="test"
    )


def hat(user: User, role: str, organisation: str = "G2", **times: object) -> Employment:
    return Employment.objects.create(
        user=user, role=role, organisation_code=organisation, **{"starts": clock.real_now() - DAY} | times
    )


def again(user: User) -> User:
    """The user as the next request finds them."""
    return User.objects.get(pk=user.pk)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_only_hat_is_worn_without_choosing(user):
    assert queries.actor_of(user) == Actor(user.key, "Asha", "gp", "G1")


def test_several_hats_give_no_role_until_one_is_chosen(user):
    second = hat(user, "data-manager")
    assert queries.actor_of(again(user)) == Actor(user.key, "Asha", "", "")
    user = again(user)
    user.chosen_hat = second.key
    assert queries.actor_of(user) == Actor(user.key, "Asha", "data-manager", "G2")


@pytest.mark.parametrize("times", [{"ends": -DAY / 2}, {"starts": DAY}])
def test_hat_out_of_its_time_is_not_worn_even_when_chosen(user, times):
    now = clock.real_now()
    other = hat(user, "data-manager", **{name: now + gap for name, gap in times.items()})
    user = again(user)
    user.chosen_hat = other.key
    assert queries.actor_of(user).role == "gp"


def test_user_without_a_hat_has_no_role_and_is_told_so(user):
    Employment.objects.all().delete()
    assert queries.actor_of(again(user)).role == ""
    client = browser(user)
    assert client.get("/people/").url == "/hat/?next=/people/"
    assert "You have no role here now" in client.get("/hat/").content.decode()


def test_same_role_twice_at_once_in_one_organisation_is_refused(user):
    with pytest.raises(IntegrityError), transaction.atomic():
        hat(user, "gp", "G1")
    with pytest.raises(IntegrityError), transaction.atomic():
        hat(user, "gp", "G9", ends=clock.real_now() - 2 * DAY)


def test_hat_is_asked_for_after_sign_in_and_leads_on(user):
    second = hat(user, "data-manager")
    client = browser(user)
    assert client.get("/feeds/").url == "/hat/?next=/feeds/"
    page = client.get("/hat/?next=/feeds/").content.decode()
    assert "GP, G1" in page
    assert "Data manager, G2" in page
    assert client.post("/hat/", {"hat": second.key, "next": "/feeds/"}).url == "/feeds/"
    assert client.get("/feeds/").status_code == 200
    line = latest(1, action="choose hat")[0]
    assert (line.actor, line.role, line.organisation) == (user.key, "data-manager", "G2")


def test_changed_hat_leaves_nothing_of_the_other_behind(user):
    other = hat(user, "ward-nurse")
    client = browser(user)
    client.post("/hat/", {"hat": Employment.objects.exclude(pk=other.pk).get().key})
    client.post("/people/", {"text": "Holoway Mary"})
    assert client.session["searches"]
    before = client.session.session_key
    assert client.post("/hat/", {"hat": other.key}).url == "/"
    assert "searches" not in client.session
    assert client.session.session_key != before
    assert "Ward nurse, G2" in client.get("/").content.decode()


def test_somebody_elses_hat_and_none_are_refused_and_another_site_is_no_way_on(user):
    mine = hat(user, "data-manager")
    stranger = actions.create_user(
        username="other", password=None, display_name="O", role="privacy-officer", organisation_code="G1", by="test"
    )
    client = browser(user)
    theirs = Employment.objects.get(user=stranger).key
    for told in ({"hat": theirs}, {}):
        refused = client.post("/hat/", told)
        assert refused.status_code == 422
        assert "Choose one of your roles" in refused.content.decode()
    assert client.post("/hat/", {"hat": mine.key, "next": "https://evil.example/"}).url == "/"


def test_hat_that_ends_is_gone_at_the_next_request(user):
    second = hat(user, "data-manager")
    client = browser(user)
    client.post("/hat/", {"hat": second.key})
    assert client.get("/feeds/").status_code == 200
    Employment.objects.filter(pk=second.pk).update(ends=clock.real_now())
    assert client.get("/feeds/").status_code == 403


def test_refused_page_is_kept_under_the_worn_hat(user):
    client = browser(user)
    assert client.get("/feeds/").status_code == 403
    line = latest(1, action="refuse page")[0]
    assert (line.role, line.organisation) == ("gp", "G1")


def test_command_line_names_the_hat_where_there_are_several(user):
    assert actor("asha").role == "gp"
    hat(user, "data-manager")
    with pytest.raises(Mendable, match="asha:G1:gp, asha:G2:data-manager"):
        actor("asha")
    assert actor("asha:G2:data-manager").organisation_code == "G2"
    with pytest.raises(Mendable, match="in which employment"):
        actor("asha:G3:gp")
    with pytest.raises(Mendable, match="No user"):
        actor("nobody")


@pytest.mark.django_db(transaction=True)
def test_users_of_before_keep_their_role_as_their_hat_and_back_again():
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    executor.migrate([("access", "0001_initial")])
    old = executor.loader.project_state([("access", "0001_initial")]).apps.get_model("access", "User")
    old.objects.create(username="ruth", display_name="Ruth", role="gp", organisation_code="G7", key="k" * 22)
    old.objects.create(username="bare", display_name="Bare", role="", organisation_code="", key="b" * 22)
    try:
        executor = MigrationExecutor(connection)
        executor.migrate(newest)
        kept = Employment.objects.get()
        assert (kept.user.username, kept.role, kept.organisation_code, kept.ends) == ("ruth", "gp", "G7", None)
        assert kept.starts == kept.user.date_joined
        executor = MigrationExecutor(connection)
        executor.migrate([("access", "0001_initial")])
        assert old.objects.get(username="ruth").organisation_code == "G7"
        assert old.objects.get(username="bare").role == ""
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(newest)
