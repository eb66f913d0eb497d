"""Signing in and out; in the demo, with one click as any of its staff."""

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from oneplace.access import queries as access
from oneplace.access.policy import public
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


def locked_out(request: HttpRequest, credentials: dict[str, str], *args: object, **kwargs: object) -> HttpResponse:
    """Too many wrong passwords: says for how long, and what to do. Called by axes."""
    return render(request, "site/locked_out.jinja", status=429)
