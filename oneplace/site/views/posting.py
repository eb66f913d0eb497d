"""Addresses that only act when posted to: others go to the page of the button."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

View = Callable[..., HttpResponse]


def posted(back: str) -> Callable[[View], View]:
    """Act on POST alone; else go to the page named `back`. A bare 'method not allowed' would be an empty page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs) if request.method == "POST" else redirect(back)

        return checked

    return decorate
