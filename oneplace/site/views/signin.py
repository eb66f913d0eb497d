"""Signing in and out; in the demo, with one click as any of its staff."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from oneplace.access import queries as access
from oneplace.access import roles
from oneplace.access.hats import choose_hat
from oneplace.access.policy import arriving, public
from oneplace.place import queries as place
from oneplace.site.shell import in_demo, kept
from oneplace.site.views.posting import posted


class SignIn(LoginView):
    """Name and password, and in the demo the staff to choose from."""

    template_name = "site/sign_in.jinja"
    redirect_authenticated_user = False

    def get_context_data(self, **values: object) -> dict[str, object]:
        """The form, and whom the demo offers."""
        personas = kept("personas.json") or [] if in_demo(self.request) else []
        return super().get_context_data(**values) | {"personas": personas}


sign_in = public(SignIn.as_view())
sign_out = public(LogoutView.as_view())


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
        "organisation": names.get(one.organisation_code, one.organisation_code),
    }


def locked_out(request: HttpRequest, credentials: dict[str, str], *args: object, **kwargs: object) -> HttpResponse:
    """Too many wrong passwords: says for how long, and what to do. Called by axes."""
    return render(request, "site/locked_out.jinja", status=429)
