"""kernel.turns: a long load gives way to a short write, and waits for ever for nobody."""

from pathlib import Path
from threading import Event, Thread

import pytest

from oneplace.kernel import turns


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def test_nothing_is_waited_for_where_there_is_no_gate() -> None:
    with turns.asking(None):
        assert turns.give_way(None) == 0.0


def test_free_gate_is_passed_and_left_free(gate: Path) -> None:
    assert turns.give_way(gate) < 0.4
    assert turns.give_way(gate, 0) < 0.4


def test_held_gate_is_waited_for_up_to_the_limit(gate: Path) -> None:
    with turns.asking(gate):
        assert turns.give_way(gate, 0.02) >= 0.02


def test_two_may_ask_at_once(gate: Path) -> None:
    with turns.asking(gate), turns.asking(gate):
        assert turns.give_way(gate, 0.01) >= 0.01


def test_gate_opens_when_the_short_write_is_done(gate: Path) -> None:
    asked, done = Event(), Event()

    def short_write() -> None:
        with turns.asking(gate):
            asked.set()
            done.wait(5)

    writer = Thread(target=short_write)
    writer.start()
    asked.wait(5)
    assert turns.give_way(gate, 0.01) >= 0.01
    done.set()
    writer.join()
    assert turns.give_way(gate, 5) < 5


def test_gate_is_let_go_when_the_write_fails(gate: Path) -> None:
    with pytest.raises(RuntimeError), turns.asking(gate):
        raise RuntimeError
    assert turns.give_way(gate, 5) < 5
