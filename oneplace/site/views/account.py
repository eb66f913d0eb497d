"""One's own sign-in: the second step, passkeys, recovery codes, password, and the sessions that are open.

The pages stand on allauth's views; adding or removing anything asks for a fresh proof of who is asking.
"""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.internal.auth import begin_registration
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy

from oneplace.access import actions, sessions
from oneplace.access import queries as access
from oneplace.access.policy import arriving, signed_in, step_up
from oneplace.access.proof import newest_step, proved_twice
from oneplace.access.users import identities_of
from oneplace.site import oidc
from oneplace.site.adapters import SecondSteps
from oneplace.site.views.posting import posted


class Account(IndexView):
    """What one signs in with, and where one is signed in."""

    template_name = "site/account.jinja"

    def get_context_data(self, **values: object) -> dict[str, object]:
        """The second steps and the open sessions; `needed` while staff have yet to set one up."""
        own = {
            "needed": settings.SECOND_STEP and not proved_twice(self.request),
            "sessions": sessions.sessions_of(self.request.user),
            "here": self.request.session.session_key,
            "idle_minutes": settings.IDLE_MINUTES,
            "providers": oidc.names(),
            "connected": identities_of(self.request.user),
            "most": settings.SESSIONS_PER_USER,
        }
        return super().get_context_data(**values) | own


class AddApp(ActivateTOTPView):
    """Set up an app that makes codes. Who has just shown a code has taken the second step."""

    template_name = "site/add_app.jinja"

    def form_valid(self, form: Form) -> HttpResponse:
        """Keep the app, and that it was used now."""
        answer = super().form_valid(form)
        post_authentication(self.request, newest_step(self.request.user, "code"))
        return answer


class AddPasskey(AddWebAuthnView):
    """Set up a passkey: of this device, of a phone, or a key of its own."""

    template_name = "site/add_passkey.jinja"

    def get_context_data(self, **values: object) -> dict[str, object]:
        """What the browser is asked for: a passkey that knows its user, so that it suffices to sign in."""
        told = super().get_context_data(**values)
        return told | {"js_data": {"creation_options": begin_registration(self.request.user, passwordless=True)}}

    def form_valid(self, form: Form) -> HttpResponse:
        """Keep the passkey, and that it was used now."""
        answer = super().form_valid(form)
        post_authentication(self.request, newest_step(self.request.user, "passkey"))
        return answer


class RemovePasskey(RemoveWebAuthnView):
    """Remove a passkey; where staff must have a second step, not the last one."""

    template_name = "site/remove_step.jinja"
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Form) -> HttpResponse:
        """Remove it, or say why not."""
        if SecondSteps().can_delete_authenticator(self.object):
            return super().form_valid(form)
        messages.info(self.request, "This is your only second step. Set up another one first, then remove this.")
        return redirect("mfa_index")


account = arriving(Account.as_view())
add_app = arriving(AddApp.as_view())
remove_app = arriving(DeactivateTOTPView.as_view(template_name="site/remove_step.jinja"))
add_passkey = arriving(AddPasskey.as_view())
remove_passkey = arriving(RemovePasskey.as_view())
codes = arriving(ViewRecoveryCodesView.as_view(template_name="site/codes.jinja"))
new_codes = arriving(
    reauthentication_required(app="allauth.mfa")(
        GenerateRecoveryCodesView.as_view(template_name="site/new_codes.jinja")
    )
)


@signed_in
@step_up
def password(request: HttpRequest) -> HttpResponse:
    """A new password of one's own; the other sessions end."""
    form = SetPasswordForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return render(request, "site/password.jinja", {"form": form}, status=200 if request.method == "GET" else 422)
    actor = access.actor_of(request.user)
    actions.change_password(user=request.user, password=form.cleaned_data["new_password1"], by=actor.key)
    update_session_auth_hash(request, request.user)
    messages.info(request, "Your password is changed. Other sessions of yours have ended.")
    return redirect("mfa_index")


@signed_in
@posted("mfa_index")
def end_others(request: HttpRequest) -> HttpResponse:
    """End every session of one's own but this one."""
    actor, here = access.actor_of(request.user), request.session.session_key
    ended = sessions.end_sessions(
        request.user, by=actor.key, but=here, role=actor.role, organisation=actor.organisation_code
    )
    messages.info(request, f"Other sessions ended: {ended}." if ended else "You have no other session.")
    return redirect("mfa_index")
