"""Letters that came about the people of one's organisation: read, file with a type, take the filing back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from oneplace.access.policy import staff
from oneplace.access.queries import actor_of
from oneplace.kernel import clock
from oneplace.kernel.ids import PersonId
from oneplace.record import door
from oneplace.record.letters import TYPES
from oneplace.record.presenters.letters import letters_page
from oneplace.record.presenters.paging import PAGE, offset_of


@staff("file-letters")
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The letters that wait, or those that were filed."""
    filed, offset = request.GET.get("show") == "filed", offset_of(request.GET.get("from", ""))
    found = door.letters(actor_of(request.user), filed=filed, offset=offset, limit=PAGE)
    page = letters_page(found, clock.now(), filed=filed, offset=offset)
    return render(request, "record/letters.jinja", {"page": page, "types": TYPES})


@staff("file-letters")
@require_POST
def file_letter(request: HttpRequest, person_id: str, key: str) -> HttpResponse:
    """File one letter as the type chosen; without a type, take the filing back."""
    kind = request.POST.get("type", "")
    if kind and kind not in TYPES:
        kind = TYPES[-1]
    done = door.file_letter(actor_of(request.user), PersonId(person_id), key, kind)
    messages.info(request, _words(done, kind))
    return redirect(reverse("letters") + ("" if kind else "?show=filed"))


def _words(done: bool, kind: str) -> str:
    if not done:
        return "Nothing was changed: this letter is not open to you, or someone else was first."
    return (
        f"Filed as {kind.lower()}. Take it back under 'Filed'." if kind else "Taken back: it waits to be filed again."
    )
