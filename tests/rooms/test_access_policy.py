"""Views answer only those whom they declare; a bare view answers nobody."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.views.static import serve

from oneplace.access import actions, commands, policy
from oneplace.access.models import User
from oneplace.ledger.queries import latest

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns: list[object] = []


@pytest.fixture(autouse=True)
def _pages_of_site_stood_in_for(monkeypatch, settings):
    """The pages themselves are site's: here only name, status and reason count."""
    settings.LOGIN_URL = "/sign-in/"

    def render(request: HttpRequest, template: str, context: dict[str, str], status: int) -> HttpResponse:
        return HttpResponse(f"{template}: {context['reason']}", status=status)

    monkeypatch.setattr(policy, "render", render)


def answer(request: HttpRequest) -> HttpResponse:
    """A view."""
    return HttpResponse(f"seen by {getattr(request, 'feed_code', 'someone')}")


def ask(view, user=None, **headers):
    request = RequestFactory().get("/feeds/?page=2", headers=headers)
    request.user = user or AnonymousUser()
    return view(request)


def someone(role: str) -> User:
    return actions.create_user(
        username=role, password=None, display_name="A", role=role, organisation_code="G1", by="test"
    )


def test_public_view_answers_anyone_and_leaves_the_view_itself_bare():
    view = policy.public(answer)
    assert ask(view).status_code == 200
    assert policy.policy_of(view) == policy.Policy("public")
    assert policy.policy_of(answer) is None
    assert view.__name__ == "answer"


def test_signed_in_view_sends_others_to_sign_in_and_back():
    view = policy.signed_in(answer)
    sent = ask(view)
    assert (sent.status_code, sent["Location"]) == (302, "/sign-in/?next=/feeds/%3Fpage%3D2")
    seen = ask(view, someone("gp"))
    assert (seen.status_code, seen["Cache-Control"]) == (200, "no-store")


def test_staff_view_answers_the_role_with_the_permission():
    view = policy.staff("see-feeds")(answer)
    assert policy.policy_of(view) == policy.Policy("staff", "see-feeds")
    assert ask(view).status_code == 302
    assert ask(view, someone("data-manager")).status_code == 200


def test_staff_view_refuses_other_roles_and_keeps_that_in_the_ledger():
    user = someone("gp")
    refused = ask(policy.staff("see-feeds")(answer), user)
    assert refused.status_code == 403
    assert b"site/refused.jinja" in refused.content
    line = latest(1)[0]
    assert (line.action, line.actor, line.detail) == ("refuse page", user.key, '{"permission":"see-feeds"}')


def test_staff_view_with_a_mistyped_permission_stops_the_import():
    with pytest.raises(ValueError, match="no permission"):
        policy.staff("see-everything")


def test_machine_view_answers_a_key_and_names_its_feed():
    view = policy.machine(answer)
    token = actions.create_key(feed_code="G1:fhir", by="test")
    assert ask(view, Authorization=f"Bearer {token}").content == b"seen by G1:fhir"
    assert view.csrf_exempt
    assert policy.policy_of(view) == policy.Policy("machine")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y", "Basic abc"])
def test_machine_view_refuses_everyone_else(header):
    refused = ask(policy.machine(answer), someone("data-manager"), Authorization=header)
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"].startswith("Bearer")


def test_middleware_refuses_a_bare_view_and_lets_declared_and_static_pass():
    middleware = policy.DenyBareViews(answer)
    request = RequestFactory().get("/")
    assert middleware(request).status_code == 200
    assert middleware.process_view(request, answer, (), {}).status_code == 403
    assert middleware.process_view(request, policy.public(answer), (), {}) is None
    assert middleware.process_view(request, serve, (), {}) is None


def test_commands_declare_who_may_run_them():
    def one() -> None: ...

    def two() -> None: ...

    assert commands.operator(one).cli_policy == "operator"
    assert commands.anyone(two).cli_policy == "anyone"
