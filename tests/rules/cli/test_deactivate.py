"""`lastpost deactivate` on the command line: what it prints, what it asks, what it refuses."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from schedules.planfile import read_plan
from schedules.words import Stage
from tests.rules.cli.conftest import Line
from tests.rules.desk.world import EXAMPLE_CSV

AT = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()
SOON = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
WORDS = ("deactivate", "closing.example", "--at", AT)


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def peopled(made: Line) -> Line:
    """An installation with accounts and no plan."""
    rejects = str(made.folder / "rejects.csv")
    assert made("accounts", "import", str(EXAMPLE_CSV), "--rejects", rejects).code == 0
    return made


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Somebody at the terminal types this."""
    return lambda text: monkeypatch.setattr("sys.stdin", Terminal(text))


def plans(line: Line) -> list[object]:
    return [one["plan"] for one in line("plan", "show", "--json").array()]


def test_the_domain_s_name_puts_it_in_force(peopled: Line, types: Callable[[str], None]) -> None:
    types("closing.example\n")
    ran = peopled(*WORDS, "--notice-url", "https://www.provider.example/end")
    assert ran.code == 0
    plan = read_plan(ran.out, "stdout")
    assert plan.domains == ("closing.example",)
    assert plan.stages[Stage.RECEIVE_END].at.date().isoformat() == AT
    assert "rehearsed over 13 addresses" in ran.err
    assert re.search(rf"{AT} 06:00  receive \(\d+\): 550 5.1.6 mail at closing.example ended on", ran.err)
    assert "Type closing.example to go on" in ran.err
    assert "plan closing-example is in force as edition 1" in ran.err
    assert plans(peopled) == ["closing-example"]


@pytest.mark.parametrize("typed", ["", "yes\n", "y\n", "closing.exampl\n"])
def test_anything_else_leaves_everything_as_it_is(peopled: Line, types: Callable[[str], None], typed: str) -> None:
    types(typed)
    ran = peopled(*WORDS)
    assert ran.code == 1
    assert "closing.example was not typed: nothing was put in force" in ran.err
    assert plans(peopled) == []


def test_without_a_terminal_nothing_is_asked_and_nothing_done(peopled: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("closing.example\n"))
    ran = peopled(*WORDS, "--output", "end.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no terminal to ask at: say --yes" in ran.err
    assert not (peopled.folder / "end.yaml").exists()
    assert plans(peopled) == []


def test_machines_say_yes(peopled: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    ran = peopled(*WORDS, "--yes", "--name", "spring", "--reason", "a move")
    assert (ran.code, "Type" in ran.err) == (0, False)
    (row, *_) = peopled("audit", "list", "--json").array()
    assert (row["act"], row["subject"], row["reason"]) == ("deactivate", "spring", "a move")


def test_the_plan_is_kept_in_a_file_and_can_be_applied_from_it(peopled: Line) -> None:
    ran = peopled(*WORDS, "--yes", "--output", "end.yaml")
    assert ran.code == 0
    assert (peopled.folder / "end.yaml").read_text(encoding="utf-8").strip() == ran.out.strip()
    assert peopled("plan", "check", "end.yaml").code == 0
    assert "unchanged, as edition 1" in peopled("plan", "apply", "end.yaml", "--reason", "again").err


def test_a_file_that_is_there_stays_as_it_is(peopled: Line) -> None:
    (peopled.folder / "end.yaml").write_text("mine")
    ran = peopled(*WORDS, "--yes", "--output", "end.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "end.yaml is there already" in ran.err
    assert (peopled.folder / "end.yaml").read_text() == "mine"
    assert plans(peopled) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("deactivate", "elsewhere.example", "--at", AT), 1, "is not one of ours"),
        (("deactivate", "second.example", "--at", AT), 1, "has no directory"),
        (("deactivate", "closing.example", "--at", SOON), 1, "the earliest end is"),
        (("deactivate", "closing.example", "--at", SOON, "--short-notice"), 1, "needs a reason"),
        (("deactivate", "closing.example", "--at", "2020-01-01"), 1, "has passed"),
        (("deactivate", "closing.example", "--at", "soon"), 2, "is not an instant"),
        (("deactivate", "closing.example"), 2, "--at"),
        ((*WORDS, "--name", "Not A Name"), 3, "is not a plan's name"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    peopled: Line, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = peopled(*words, "--yes")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert plans(peopled) == []


def test_the_earliest_end_that_is_named_is_taken(peopled: Line) -> None:
    found = re.search(
        r"the earliest end is ([0-9-]+);", peopled("deactivate", "closing.example", "--at", SOON, "--yes").err
    )
    assert found
    assert peopled("deactivate", "closing.example", "--at", found[1], "--yes").code == 0


def test_short_notice_with_a_reason_is_taken(peopled: Line) -> None:
    ran = peopled("deactivate", "closing.example", "--at", SOON, "--short-notice", "--reason", "the landlord", "--yes")
    assert ran.code == 0
    assert "less than 30 days after `announce`" in ran.err


def test_a_domain_in_a_plan_is_refused(closing: Line) -> None:
    ran = closing(*WORDS, "--yes")
    assert (ran.code, ran.out) == (1, "")
    assert "the plan 'closing' covers closing.example already" in ran.err
