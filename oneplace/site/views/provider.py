"""Signing in at an identity provider: the way there and the way back."""

from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from requests import RequestException

from oneplace.access.policy import public
from oneplace.access.proof import date_provider_proof, proved_lately
from oneplace.site import oidc


@public
def leave(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to the provider. Another site's link doesn't send anybody there; connecting needs a fresh proof."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return redirect("sign-in")
    if request.GET.get("process") == "connect" and not (request.user.is_authenticated and proved_lately(request)):
        return redirect("mfa_index") if not request.user.is_authenticated else redirect("/confirm/?next=/account/")
    return _trip(request, OAuth2LoginView, oidc.Adapter(request, provider_id))


@public
def back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The provider's answer. What it was asked is forgotten now, so that an answer counts once."""
    adapter = oidc.Adapter(request, provider_id, request.session.pop(oidc.ASKED, None))
    answer = _trip(request, OAuth2CallbackView, adapter)
    if adapter.proved_at is not None and request.user.is_authenticated:
        date_provider_proof(request, adapter.proved_at)
    return answer


def _trip(request: HttpRequest, view: type, adapter: oidc.Adapter) -> HttpResponse:
    """One half of the round trip; a provider that can't be reached is told as such."""
    try:
        return view.adapter_view(adapter)(request)
    except SocialApp.DoesNotExist:
        return render(request, "site/not_found.jinja", status=404)
    except RequestException:
        name = oidc.names()[adapter.provider_id]
        return render(request, "socialaccount/authentication_error.jinja", {"unreachable": name}, status=503)
