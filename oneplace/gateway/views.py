"""The inbox for machines: POST one message, get told what became of it once it is durable."""

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from oneplace.access.policy import machine
from oneplace.gateway.files import is_full
from oneplace.gateway.receive import Item, receive
from oneplace.kernel import clock

LARGEST_BYTES = 50 * 1024 * 1024


@csrf_exempt
@machine
@require_POST
def inbox(request: HttpRequest) -> JsonResponse:
    """Take in the body as one file of the key's own feed. 200 means filed or known, 422 quarantined: both durable."""
    arrived_at = clock.real_now()
    if int(request.headers.get("Content-Length") or 0) > LARGEST_BYTES:
        why = f"This is larger than {LARGEST_BYTES // 1024 // 1024} MB; send it in parts or through the watched folder."
        return JsonResponse({"error": why}, status=413)
    code = request.feed_code  # type: ignore[attr-defined]
    try:
        tally = receive([Item("", request.body, "http", code, arrived_at)], by=f"feed:{code}")
    except (OSError, DatabaseError) as error:
        return _later(error)
    answer = {name: getattr(tally, name) for name in ("received", "filed", "quarantined", "duplicate")}
    return JsonResponse(answer, status=422 if tally.quarantined else 200)


def _later(error: OSError | DatabaseError) -> JsonResponse:
    """Nothing was kept: the sender keeps the message and sends it again."""
    full = is_full(error)
    why = "The disk here is full" if full else "The database here can't be used"
    answer = JsonResponse(
        {"error": f"{why}. Nothing was kept: send this message again later."}, status=507 if full else 503
    )
    answer["Retry-After"] = "60"
    return answer
