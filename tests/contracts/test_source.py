"""How the source is written: sizes, names, doors, and what no committed file may hold."""

import ast
import re
from pathlib import Path

import pytest
from house import PACKAGE, ROOT, committed, modules, said, tree

from oneplace.place import folder

LINES = 400
FUNCTION_LINES = 50
VAGUE = {"utils", "util", "common", "core", "helpers", "helper", "services", "service", "managers", "manager", "misc"}
# Put together from parts, so that this file does not hold them.
FORBIDDEN = [
    re.compile("py" + r"pi\.(org|python\.org)/simple|files\.python" + "hosted|index" + "-url", re.I),
    re.compile("registry" + r"\.(npmjs|yarnpkg)", re.I),
    re.compile("/wo" + r"rk/|\.\./sha" + "red/design"),
]
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".lock", ".cfg", ".ini", ".jinja", ".html", ".csv", ".sh", ""}


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def written() -> list[Path]:
    """Modules of the package and the tools beside it."""
    return [*modules(), *sorted((ROOT / "tools").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]


def views() -> list[Path]:
    return [path for path in modules() if path.name == "views.py" or "views" in path.relative_to(PACKAGE).parts]


def test_modules_stop_at_400_lines():
    lengths = {said(path): len(path.read_text(encoding="utf-8").splitlines()) for path in written()}
    assert {path: lines for path, lines in lengths.items() if lines > LINES} == {}


def test_functions_stop_at_50_lines():
    long = [
        f"{said(path, node.lineno)} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in written()
        for node in functions(path)
        if node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def test_modules_open_with_what_they_are_for():
    bare = [said(path) for path in written() if path.stat().st_size and not ast.get_docstring(tree(path))]
    assert bare == []


def test_public_functions_of_rules_queries_and_actions_promise_something():
    shelves = {"rules", "queries", "actions", "door", "receive", "replay"}
    bare = [
        f"{said(path, node.lineno)} {node.name}"
        for path in modules()
        if shelves & {path.stem, path.parent.name}
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert bare == []


def test_modules_have_telling_names():
    assert [said(path) for path in written() if VAGUE & {path.stem, path.parent.name}] == []


def test_names_of_actions_say_what_is_done():
    vague = re.compile(r"^(get|handle|process)_")
    found = [
        f"{said(path, node.lineno)} {node.name}"
        for path in modules()
        for node in functions(path)
        if vague.match(node.name)
    ]
    # Names that Django and allauth call by: hooks of middleware, users, class-based views and adapters.
    allowed = {
        "process_view",
        "process_request",
        "process_response",
        "process_exception",
        "get_full_name",
        "get_short_name",
        "get_context_data",
        "get_reauthentication_methods",
        "get_access_token",
        "get_client",
        "get_auth_params_from_request",
        "get_scope_from_request",
    }
    assert [name for name in found if name.split()[-1] not in allowed] == []


def test_views_reach_data_through_queries_and_actions():
    wrong = []
    for path in views():
        for node in ast.walk(tree(path)):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            if name in {"objects", "_default_manager", "get_object_or_404", "get_list_or_404"}:
                wrong.append(f"{said(path, node.lineno)} {name}")
    assert wrong == []


def test_rooms_use_no_signals():
    wrong = [
        said(path, node.lineno)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module in {"django.db.models.signals", "django.dispatch"}
    ]
    assert wrong == []


def test_committed_files_hold_no_registry_and_no_workplace():
    wrong = []
    for path in committed():
        if path.suffix not in TEXT or path.stat().st_size > 3_000_000:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        wrong += [f"{said(path)} holds {found.group()!r}" for rule in FORBIDDEN if (found := rule.search(text))]
    assert wrong == []


def test_committed_files_hold_no_other_locks():
    assert {path.name for path in committed()} & {"uv.lock", "package-lock.json", ".python-version"} == set()


def test_no_test_is_skipped_for_good():
    wrong = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in {"skip", "xfail"} and "mark" in ast.dump(node.value):
                wrong.append(said(path, node.lineno))
    assert wrong == []


def test_tests_are_named_after_a_thing_and_what_it_does():
    short = [
        f"{said(path, node.lineno)} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and node.name.count("_") < 2
    ]
    assert short == []


def test_nhs_numbers_in_committed_files_are_of_the_test_range():
    """A valid NHS number outside 999 might be a living person's."""
    from oneplace.kernel import nhs_number

    published = {"9465698679"}  # a test patient of GP Connect's published examples
    ten = re.compile(r"(?<![\w.])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w.])")
    wrong = []
    for path in committed():
        if path.suffix not in {".py", ".md", ".yaml", ".toml", ".csv", ".jinja"}:
            continue
        for found in ten.finditer(path.read_text(encoding="utf-8", errors="replace")):
            number = nhs_number.tidy(found.group())
            harmless = nhs_number.is_test(number) or nhs_number.is_placeholder(number) or number in published
            if nhs_number.is_valid(number) and not harmless:
                wrong.append(f"{said(path)} {found.group()}")
    assert wrong == []


def test_rule_of_names_can_fail():
    assert VAGUE & {Path("oneplace/record/utils.py").stem}


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_rule_of_committed_files_can_fail(rule):
    planted = ["--index" + "-url https://py" + "pi.org/simple", "registry" + ".npmjs.org", "cd /wo" + "rk/main"]
    assert any(rule.search(text) for text in planted)


def named_by_places() -> set[str]:
    """What the shipped places call things: codes, names of organisations, teams, towns and wards of their stories."""
    told: set[str] = set()
    for about in sorted((PACKAGE / "place" / "places").glob("*/place.toml")):
        place = folder.read(about.parent)
        named = (*place.organisations, *place.sites, *place.areas, *place.teams)
        told |= {word for row in named for word in (row.code, row.name)} | {row["code"] for row in place.feeds}
        told |= {*place.example["addresses"]["postcodes"], *place.example["story"]["words"].values()}
    return told - {"Community Team"}  # what a place without words of its own says


def test_code_names_nothing_of_a_place():
    words = "|".join(map(re.escape, sorted(named_by_places(), key=len, reverse=True)))
    named = re.compile(rf"(?<![\w-])({words})(?![\w-])")
    kept = [path for path in committed() if PACKAGE in path.parents and "places" not in path.parts]
    found = {
        (path.name, one)
        for path in kept
        if path.suffix in {".py", ".toml", ".yaml", ".jinja"}
        for one in named.findall(path.read_text("utf-8"))
    }
    assert kept
    assert found == set()
