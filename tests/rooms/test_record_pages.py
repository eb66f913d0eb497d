"""The record's pages over a door that is told what to answer: what they ask of it, and what they write down."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import fakes.pages
import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from factories import shapes
from fakes.pages import TEMPLATES
from jinja2 import StrictUndefined

from oneplace.record.shapes import Found, Refused
from oneplace.record.views import people as views

PERSON = "p" * 22


@dataclass
class FakeDoor:
    """Answers what it was given, and keeps what it was asked."""

    answer: Any = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def _keep(self, *asked: Any, **more: Any) -> Any:
        self.asked.append((*asked[1:], more))
        return self.answer

    open = more = document = search = _keep

    def recent(self, actor: object) -> tuple:
        """Nobody yet."""
        return ()


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, settings: Any) -> FakeDoor:
    """The pages by themselves, with this door behind them."""
    settings.TEMPLATES, settings.ROOT_URLCONF = TEMPLATES, "oneplace.record.urls"
    made = FakeDoor()
    monkeypatch.setattr(views, "door", made)
    monkeypatch.setattr(views.identity, "now_known_as", lambda person: "")
    return made


@pytest.fixture
def ask(rf: RequestFactory) -> Callable[..., HttpResponse]:
    """Ask one view as a GP: ask(views.person, PERSON, view="gp")."""
    session: dict[str, Any] = {}

    def asked(view: Callable[..., HttpResponse], /, *args: str, post: dict | None = None, **get: str) -> HttpResponse:
        request = rf.get("/", get) if post is None else rf.post("/", post)
        request.session, request.csp_nonce = session, "n0"
        request.user = SimpleNamespace(
            is_authenticated=True,
            key="u1",
            display_name="Dr Marsh",
            chosen_hat="",
            hats_held=[SimpleNamespace(key="h1", role="gp", organisation_code="EX001")],
        )
        return view(request, *args)

    return asked


def words_of(response: HttpResponse) -> str:
    """The text of a page, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_search_keeps_what_was_typed_out_of_the_address(door: FakeDoor, ask: Callable) -> None:
    """The form posts; the address that follows holds a random key alone."""
    response = ask(views.people, post={"text": "Holoway  Mary"})
    assert response.status_code == 302
    assert re.fullmatch(r"/people/\?search=[\w-]{8}", response["Location"])


def test_search_can_be_gone_back_to(door: FakeDoor, ask: Callable) -> None:
    """'Back' finds the list again: the key leads to what was typed, in this session only."""
    door.answer = shapes.some_found()
    key = ask(views.people, post={"text": "Holoway Mary"})["Location"].rsplit("=", 1)[1]
    words = words_of(ask(views.people, search=key))
    assert door.asked == [("Holoway Mary", {})]
    assert "3 people found" in words
    assert "HOLLOWAY, Mary, 83 years One letter off" in words


def test_search_key_of_another_session_finds_nothing(door: FakeDoor, ask: Callable) -> None:
    """A copied address searches for nobody."""
    words = words_of(ask(views.people, search="abcdefgh"))
    assert door.asked == []
    assert "You have opened none yet" in words


def test_session_keeps_the_last_five_searches_only(door: FakeDoor, ask: Callable) -> None:
    """What was typed doesn't pile up."""
    keys = [ask(views.people, post={"text": f"Name {n}"})["Location"].rsplit("=", 1)[1] for n in range(6)]
    door.answer = Found("x", ())
    ask(views.people, search=keys[0])
    ask(views.people, search=keys[5])
    assert door.asked == [("Name 5", {})]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter an NHS number, or a name and date of birth"),
        ("a", "Enter at least 2 letters of the name"),
        ("999 000 001", "An NHS number has 10 digits: this one has 9"),
        ("999 000 0019", "Check the NHS number"),
        ("x" * 121, "Enter 120 characters or fewer"),
    ],
)
def test_search_that_cannot_find_says_why_and_keeps_the_text(
    door: FakeDoor, ask: Callable, typed: str, words: str
) -> None:
    """The cure is named; nothing has to be typed again; nobody is searched for."""
    response = ask(views.people, post={"text": typed})
    assert response.status_code == 422
    assert words in words_of(response)
    assert f'value="{typed}"' in response.content.decode()
    assert door.asked == []


@pytest.mark.parametrize("typed", ["12031943", "12/03/1943", "999 000 0018", "Li"])
def test_search_takes_dates_numbers_and_short_names(door: FakeDoor, ask: Callable, typed: str) -> None:
    """Eight digits may be a date of birth."""
    assert ask(views.people, post={"text": typed}).status_code == 302


def test_search_that_finds_nobody_says_why_and_what_to_do(door: FakeDoor, ask: Callable) -> None:
    """An empty list explains itself."""
    door.answer = Found("Zzz", ())
    key = ask(views.people, post={"text": "Zzz"})["Location"].rsplit("=", 1)[1]
    words = words_of(ask(views.people, search=key))
    assert "registered with, or open to, your organisation" in words
    assert "What you can do" in words


def test_person_page_shows_banner_panels_and_sources(door: FakeDoor, ask: Callable) -> None:
    """Who, what, from whom and how fresh, on one page."""
    door.answer = shapes.much()
    words = words_of(ask(views.person, PERSON))
    for told in (
        "HOLLOWAY, Mary (Mrs)",
        "Interpreter: Polish",
        "Orchard Lane Surgery , 06:10 today",
        "Penicillin Severe",
        "58 mmol/mol High",
        "no agreement",
        "Registered with Orchard Lane Surgery",
    ):
        assert told in words


def test_person_page_asks_the_door_for_view_and_choice(door: FakeDoor, ask: Callable) -> None:
    """View, kind and source reach the door as codes."""
    door.answer = shapes.much("spr-triage")
    ask(views.person, PERSON, view="spr-triage", kind="results", source="EX001")
    ((person, told),) = door.asked
    assert (person, told["view"]) == (PERSON, "spr-triage")
    assert told["sieve"].passes("result", "EX001")
    assert not told["sieve"].passes("problem", "EX001")


def test_refused_person_is_a_page_that_says_nothing_of_anyone(door: FakeDoor, ask: Callable) -> None:
    """404, the same words for all, and a way on."""
    door.answer = Refused("no open relationship")
    pages = [ask(views.person, PERSON), ask(views.panel, "q" * 22, "timeline"), ask(views.item, "r" * 22, "k")]
    assert [page.status_code for page in pages] == [404, 404, 404]
    assert len({page.content for page in pages}) == 1
    assert "no open relationship" not in words_of(pages[0])


def test_address_of_a_page_holds_no_person_data(door: FakeDoor, ask: Callable) -> None:
    """No link on a full page carries a name, a number or a date."""
    door.answer = shapes.much()
    page = ask(views.person, PERSON).content.decode()
    links = " ".join(re.findall(r'(?:href|action)="([^"]*)"', page)).lower()
    for told in ("holloway", "mary", shapes.NUMBER, "1943", "quarry"):
        assert told not in links


def test_what_a_source_wrote_is_never_markup(door: FakeDoor, ask: Callable) -> None:
    """A name or note with angle brackets is text."""
    script = "<script>alert(1)</script>"
    item = shapes.an_item("problem", script, detail={"notes": script})
    door.answer = shapes.an_opened({"problems": shapes.a_panel(item)}, banner=shapes.a_banner(family=script))
    assert b"<script>alert" not in ask(views.person, PERSON).content


def test_pages_carry_no_inline_style_or_script(door: FakeDoor, ask: Callable) -> None:
    """The content security policy allows neither."""
    door.answer = shapes.much()
    page = ask(views.person, PERSON).content.decode()
    assert " style=" not in page
    assert not re.search(r" on[a-z]+=", page)
    assert not re.search(r"<script(?![^>]* src=)", page)


@pytest.mark.parametrize("told", ["conflict", "much", "little"])
def test_headings_go_down_one_level_at_a_time(door: FakeDoor, ask: Callable, told: str) -> None:
    """One h1, and no level skipped."""
    door.answer = getattr(shapes, told)()
    levels = [int(level) for level in re.findall(r"<h(\d)", ask(views.person, PERSON).content.decode())]
    assert levels.count(1) == 1
    assert all(later - former <= 1 for former, later in pairwise(levels))


def test_each_id_on_a_page_stands_once(door: FakeDoor, ask: Callable) -> None:
    """Links within the page and labels find their one target."""
    door.answer = shapes.much()
    ids = re.findall(r' id="([^"]+)"', ask(views.person, PERSON).content.decode())
    assert len(ids) == len(set(ids))


def test_print_view_leaves_out_what_cannot_be_pressed_on_paper(door: FakeDoor, ask: Callable) -> None:
    """No chips, and who printed it and when."""
    door.answer = shapes.much()
    page = ask(views.person, PERSON, print="yes")
    assert "record-chips" not in page.content.decode()
    assert "Printed 12 Oct 2026 at 09:30 by Dr Marsh" in words_of(page)


@pytest.mark.parametrize(("start", "offset"), [("60", 60), ("", 0), ("-1", 0), ("x", 0), ("9" * 40, 0)])
def test_panel_page_asks_for_its_offset(door: FakeDoor, ask: Callable, start: str, offset: int) -> None:
    """An offset that is no number starts at the beginning."""
    opened = shapes.much()
    timeline = next(data for data in opened.windowlets if data.name == "timeline")
    door.answer = replace(opened, windowlets=(timeline,))
    page = ask(views.panel, PERSON, "timeline", **{"from": start})
    assert door.asked[0][:3] == (PERSON, "timeline", offset)
    assert f"{offset + 1} to {offset + len(timeline.items)} of" in words_of(page)


def test_item_page_shows_what_was_received(door: FakeDoor, ask: Callable) -> None:
    """The source's own bytes stand at the foot, as text."""
    door.answer = shapes.a_document()
    words = words_of(ask(views.item, PERSON, "k1"))
    assert door.asked == [(PERSON, "k1", {})]
    assert "entry[12]" in words
    assert "&#34;resourceType&#34;: &#34;Condition&#34;" in words


def test_kept_templates_hold_no_unknown_name(door: FakeDoor, ask: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name that a template writes exists: a mistyped one would be an empty word on a clinical page."""
    strict = fakes.pages.environment
    monkeypatch.setattr(
        fakes.pages, "environment", lambda **options: strict(**{**options, "undefined": StrictUndefined})
    )
    for opened in (shapes.much(), shapes.little(), shapes.conflict(), shapes.much("spr-triage")):
        door.answer = opened
        assert ask(views.person, PERSON).status_code == 200
    door.answer = shapes.a_document()
    assert ask(views.item, PERSON, "k").status_code == 200
