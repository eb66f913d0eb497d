"""Signing in and out; in the demo, with one click as any of its staff."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login, record_authentication
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.account.models import Login
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_authentication
from allauth.mfa.webauthn.views import login_webauthn
from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate, login, user_login_failed
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.access.hats import choose_hat
from oneplace.access.policy import arriving, public
from oneplace.access.proof import means_of
from oneplace.access.users import identities_of
from oneplace.place import queries as place
from oneplace.site import oidc
from oneplace.site.shell import in_demo, kept
from oneplace.site.views.posting import posted


class SignIn(LoginView):
    """Name and password, a passkey, and in the demo the staff to choose from; then the second step, if one is set."""

    template_name = "site/sign_in.jinja"
    redirect_authenticated_user = False

    def get_context_data(self, **values: object) -> dict[str, object]:
        """The form, and whom the demo offers."""
        personas = kept("personas.json") or [] if in_demo(self.request) else []
        groups: dict[str, list[dict[str, Any]]] = {}
        for one in personas:
            groups.setdefault(one.get("group", ""), []).append(one)
        return super().get_context_data(**values) | {"groups": groups, "providers": oidc.names()}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """The password was right: go on to the second step, or in."""
        arriving_user = Login(user=form.get_user(), redirect_url=self.get_success_url())
        return perform_password_login(self.request, {"username": form.get_user().get_username()}, arriving_user)


class SecondStep(AuthenticateView):
    """The second step of signing in. A wrong code counts like a wrong password: six lock the name."""

    template_name = "site/second_step.jinja"

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """A name that was locked meanwhile stays out, whatever is told."""
        if not AxesProxyHandler.is_allowed(request, self._whose()):
            return locked_out(request, {})
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Form) -> HttpResponse:
        """Count it, and ask again."""
        user_login_failed.send(sender=__name__, credentials=self._whose(), request=self.request)
        return super().form_invalid(form)

    def _whose(self) -> dict[str, str]:
        return {"username": self.stage.login.user.get_username()}


sign_in = public(SignIn.as_view())
second_step = public(SecondStep.as_view())
passkey = public(login_webauthn)
sign_out = public(LogoutView.as_view())


@arriving
def confirm(request: HttpRequest) -> HttpResponse:
    """Prove again who you are, before something that needs it: by second step, password, or in the demo one click."""
    means = [*means_of(request.user), *(["demo"] if in_demo(request) else [])]
    if request.method == "POST" and _is_proved(request, means):
        return resume_request(request) or redirect("home")
    options = begin_authentication(request.user) if "passkey" in means else None
    own = {name: words for name, words in oidc.names().items() if name in identities_of(request.user)}
    values = {
        "means": means,
        "providers": own,
        "options": options,
        "wrong": request.method == "POST",
        "next": request.GET.get("next", ""),
    }
    return render(request, "site/confirm.jinja", values, status=422 if values["wrong"] else 200)


def _is_proved(request: HttpRequest, means: list[str]) -> bool:
    """Try what was sent, by a means that this user has; what succeeds is recorded in the session."""
    told = next((name for name in means if request.POST.get({"passkey": "credential"}.get(name, name))), "")
    if told in _FORMS:
        form = _FORMS[told](user=request.user, data=request.POST)
        proved = form.is_valid()
        if proved:
            form.save()
        return proved
    name = request.user.get_username()
    proved = told == "demo" or bool(
        told and authenticate(request, username=name, password=request.POST.get("password", ""))
    )
    if proved:
        record_authentication(request, request.user, method=told, reauthenticated=True)
    return proved


_FORMS = {"code": ReauthenticateForm, "passkey": ReauthenticateWebAuthnForm}


@public
@posted("sign-in")
def demo(request: HttpRequest) -> HttpResponse:
    """One click, in the demo, from this machine: sign in as one of its staff. Anywhere else there is no such page."""
    names = {one["username"] for one in kept("personas.json") or []} if in_demo(request) else set()
    user = access.users().filter(username=request.POST.get("username", "")).first()
    if user is None or user.username not in names:
        return render(request, "site/not_found.jinja", status=404)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("home")


@arriving
def hat(request: HttpRequest) -> HttpResponse:
    """Choose the employment to act in: after sign-in where there are several, and at any time from the header."""
    back = request.POST.get("next", request.GET.get("next", ""))
    if request.method == "POST" and choose_hat(request, request.POST.get("hat", "")):
        return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "home")
    worn = access.worn_hat(request.user)
    values = {
        "hats": [_hat_row(one) for one in access.hats_of(request.user)],
        "worn": worn.key if worn else "",
        "next": back,
        "unchosen": request.method == "POST",
    }
    return render(request, "site/hat.jinja", values, status=422 if values["unchosen"] else 200)


def _hat_row(one: Any) -> dict[str, str]:
    """One hat in words."""
    role, names = roles.role(one.role), place.names().organisations
    return {
        "key": one.key,
        "role": role.label if role else one.role,
        "organisation": names.get(one.organisation_code, one.organisation_code) or "as yourself",
    }


@public
def locked_out(request: HttpRequest, credentials: dict[str, str], *args: object, **kwargs: object) -> HttpResponse:
    """Too many wrong passwords: says for how long, and what to do. Called by axes."""
    return render(request, "site/locked_out.jinja", status=429)
