"""Promise: the decision takes under 50 µs, and policy adds at most 10 % to the record page.

One process, the example's story people, the real view with its ledger row, asked in turn with the policy as it is and
with its facts, decision and classes of entries handed over ready-made: the ratio is of the two medians.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import date
from unittest.mock import patch

HOME = tempfile.mkdtemp(prefix="oneplace-bench-")
os.environ |= {"ONEPLACE_HOME": HOME, "DJANGO_SETTINGS_MODULE": "oneplace.site.settings", "ONEPLACE_DEMO": "1"}
ROUNDS = int(os.environ.get("ROUNDS", "60"))
DECISIONS = 5000
PROMISED_MICROSECONDS = 50


def main() -> None:
    """Load, measure, print."""
    import django

    import oneplace.site  # noqa: F401  the newer SQLite, before Django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user = loaded()
    people = reachable(user)
    microseconds = decision(user, people[0])
    bare, whole = page(user, people)
    ratio = round(statistics.median(whole) / statistics.median(bare), 3)
    print(f"{len(people)} records, {ROUNDS} rounds")
    print(f"a decision          {microseconds:7.1f} µs  promised {PROMISED_MICROSECONDS}")
    print(f"page, policy ready  {statistics.median(bare):7.2f} ms  (median)")
    print(f"page, policy on     {statistics.median(whole):7.2f} ms  ratio {ratio}, promised 1.10")
    figures = {
        "decision_us": round(microseconds, 1),
        "page_without_ms": round(statistics.median(bare), 2),
        "page_with_ms": round(statistics.median(whole), 2),
    }
    against = "the same page with facts, decision and classes ready-made"
    print(json.dumps({"name": "access", "ratio": ratio, "against": against, "figures": figures}))


def loaded() -> object:
    """The example place with its story people, and a GP of it."""
    from oneplace import example
    from oneplace.access import actions
    from oneplace.gateway.receive import Item, receive
    from oneplace.place import folder
    from oneplace.site import loading

    loading.load_place(folder.EXAMPLE, "benchmark")
    here = folder.read(folder.EXAMPLE)
    senders = {row["code"]: row["organisation_code"] for row in here.feeds}
    told = example.generate(here, example.story_size(), seed=1, today=date(2026, 11, 23))
    receive((Item(one.name, one.raw, one.channel, senders.get(one.feed_code, "")) for one in told), by="benchmark")
    fiona = next(one for one in example.personas(here) if one.key == "fiona")
    who = {"role": fiona.role, "organisation_code": fiona.organisation_code}
    return actions.create_user(username="fiona", password=None, display_name="Dr F", by="benchmark", **who)


def reachable(user: object) -> list[str]:
    """Keys of the people whom the user may open, those with the most to show first."""
    from oneplace.access import queries
    from oneplace.kernel import clock
    from oneplace.record.models import Entry

    keys = list(queries.people_in_reach(queries.actor_of(user), clock.now()))
    size = {key: Entry.objects.filter(patient__person__key=key).count() for key in keys}
    return sorted(keys, key=lambda key: -size[key])[:5]


def decision(user: object, person: str) -> float:
    """Microseconds of the processor for one decision of a whole record, the best of five runs."""
    from oneplace.access import queries, rules
    from oneplace.kernel import clock

    actor, now = queries.actor_of(user), clock.now()
    facts = queries.facts_for(actor, person, now)
    runs = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(DECISIONS):
            rules.decide(actor, facts, person, "direct care", now)
        runs.append((time.process_time() - started) / DECISIONS * 1e6)
    return min(runs)


def page(user: object, people: list[str]) -> tuple[list[float], list[float]]:
    """Milliseconds of the record page without and with the policy's work, asked in turn."""
    from django.test import RequestFactory

    from oneplace.access import queries, rules
    from oneplace.kernel import clock
    from oneplace.record import door
    from oneplace.record.reading import Known
    from oneplace.record.views import people as views

    actor, now = queries.actor_of(user), clock.now()
    bare: list[float] = []
    whole: list[float] = []
    for number in range(ROUNDS * 2):
        for person in people:
            request = RequestFactory().get(f"/people/{person}/")
            request.user, request.session, request.csp_nonce = user, {}, "n"
            facts = queries.facts_for(actor, person, now)
            found = rules.decide(actor, facts, person, "direct care", now)
            with ExitStack() as without:
                if number % 2:
                    without.enter_context(patch.object(door.access, "facts_for", lambda *_, facts=facts: facts))
                    without.enter_context(patch.object(door, "decide", lambda *_, found=found: found))
                    without.enter_context(patch.object(Known, "shows", lambda *_: True))
                started = time.perf_counter()
                answer = views.person(request, person)
                took = (time.perf_counter() - started) * 1000
            if answer.status_code != 200:
                raise SystemExit(f"a page answered {answer.status_code}: the figure would mean nothing")
            if number > 3:
                (bare if number % 2 else whole).append(took)
    return bare, whole


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    sys.exit(0)
