"""Linkage review for data managers: what waits, both sides of a case, a decision, taking it back, merging by hand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from oneplace.access.policy import staff
from oneplace.access.queries import actor_of
from oneplace.kernel import clock
from oneplace.place import queries as place
from oneplace.record import quality, reviews
from oneplace.record.forms import MergeForm
from oneplace.record.presenters.linkage import case_page, quality_page, queue_page
from oneplace.record.presenters.paging import PAGE, offset_of
from oneplace.record.reviews import CannotDecide


@staff("link-records")
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The links that wait to be judged, and the newest decisions."""
    link, offset = request.GET.get("show", ""), offset_of(request.GET.get("from", ""))
    link = link if link in ("provisional", "held") else ""
    lines, count = reviews.queue(link, offset, PAGE)
    names = place.names().organisations
    page = queue_page(lines, count, reviews.decisions(), names, clock.now(), link=link, offset=offset)
    return render(request, "record/linkage.jinja", {"page": page})


@staff("link-records")
@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, key: str) -> HttpResponse:
    """One case: look at both sides, or decide."""
    actor, error, reason = actor_of(request.user), "", request.POST.get("reason", "")
    if request.method == "POST":
        same = request.POST.get("same", "")
        try:
            if same not in ("yes", "no"):
                raise CannotDecide("Choose: one person, or two people.")
            reviews.decide(actor, key, same=same == "yes", reason=reason)
        except CannotDecide as refusal:
            error = str(refusal)
        else:
            messages.info(request, "Kept. Take it back under 'Decided lately' if it was wrong.")
            return redirect("linkage")
    found = reviews.case(actor, key)
    if found is None:
        return render(request, "site/not_found.jinja", status=404)
    page = case_page(found, place.names().organisations, clock.now())
    values = {"page": page, "error": error, "reason": reason}
    return render(request, "record/linkage_case.jinja", values, status=422 if error else 200)


@staff("link-records")
@require_POST
def undo(request: HttpRequest, key: str) -> HttpResponse:
    """Take a decision back."""
    done = reviews.undo(actor_of(request.user), key)
    messages.info(
        request,
        "Taken back: the records stand as they would without that decision."
        if done
        else "Nothing was changed: it had been taken back before.",
    )
    return redirect("linkage")


@staff("link-records")
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest) -> HttpResponse:
    """Link two sources' patients by hand."""
    form = MergeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reviews.merge(actor_of(request.user), **form.cleaned_data)
        except CannotDecide as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.info(request, "Linked. Take it back under 'Decided lately' if it was wrong.")
            return redirect("linkage")
    return render(request, "record/linkage_merge.jinja", {"form": form}, status=422 if form.errors else 200)


@staff("link-records")
@require_GET
def measured(request: HttpRequest) -> HttpResponse:
    """How well sources and groups of people are linked."""
    return render(
        request, "record/linkage_quality.jinja", {"page": quality_page(quality.report(), place.names().organisations)}
    )
