"""The way in by an invitation: the link is taken out of the address at once, then a password of one's own is set."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from oneplace.access import users
from oneplace.access.policy import public

_TOKEN = "invitation"  # noqa: S105 - the name of a place in the session


@public
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address, where a browser's history would keep it. Opening uses nothing up."""
    request.session[_TOKEN] = token[:200]
    return redirect("welcome")


@public
def welcome(request: HttpRequest) -> HttpResponse:
    """Set the password, once; then on to the second step."""
    token = request.session.get(_TOKEN, "")
    user = users.invited(token)
    form = SetPasswordForm(user, request.POST if request.method == "POST" else None)
    if user is not None and request.method == "POST" and form.is_valid():
        user = users.accept_invitation(token=token, password=form.cleaned_data["new_password1"])
        if user is not None:
            request.session.flush()  # whoever was signed in here is not the one who was invited
            user.backend = "django.contrib.auth.backends.ModelBackend"
            return perform_password_login(request, {"username": user.username}, Login(user=user))
    if user is None:
        return render(request, "site/link_over.jinja", status=410)
    values = {"form": form, "title": f"Welcome, {user.display_name}: choose a password", "whose": user}
    return render(request, "site/password.jinja", values, status=422 if form.errors else 200)
