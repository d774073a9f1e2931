"""cutover-kill: kill -9 at each durable step of a domain's cutover, from the asking of its gates to the last letter.

Each address is wholly before or wholly after its end, and all of them the same; deeds are done once; running again
converges. The same for the commands that set a cutover going: what was killed has been done whole or not at all.
"""

import shutil
import smtplib
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from filters.mail import ClientKind
from mailsvc.desk.amending import Named, hold
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.desk import Desk, clock_of, open_records
from mailsvc.desk.explaining import explain
from mailsvc.desk.planning.showing import show_plans
from mailsvc.kit.settings import read_settings
from mailsvc.records import editions, ledger
from schedules.amendments import Amendment, GateAnswer
from tests.faults.kill import Attached, Point, Traced, sample
from tests.faults.service import DOMAIN, Service
from tests.stories.plans import END, plan
from tests.support.deadline import wait_until
from tests.support.files import put
from tests.support.programs import Program

pytestmark = pytest.mark.real("strace")

USERS = ("hanako", "jiro", "goro")
GATES = "gates: [{kind: addresses, at_most: 3}], unanswered: wait, asked: 2 days"
PLAN = plan(f"announce: 2026-01-01, send-end: 2027-06-01, receive-end: {{at: 2027-06-01, {GATES}}}")
BEFORE, GATE, AFTER = END - timedelta(days=3), END - timedelta(days=1), END + timedelta(minutes=1)
FEW = 3
REASON = ("--reason", "a test")


class Cutover:
    """An installation that can be put back to the week before its end, again and again."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.snapshot = service.folder / "snapshot.db"

    def prepare(self) -> None:
        """Everything is told of the announcement; the records then are kept."""
        self.service.prepare()
        (self.service.folder / "plan.yaml").write_text(PLAN)
        self.service.lastpost("plan", "apply", str(self.service.folder / "plan.yaml"), *REASON)
        self.move_to(BEFORE)
        with self.service.serving():
            wait_until(self.letters, "the letter about the announcement")
            wait_until(lambda: not self.service.waiting(), "it is settled")
        with closing(sqlite3.connect(self.service.state / "records.db")) as records:
            records.execute("VACUUM INTO ?", (str(self.snapshot),))

    def put_back(self) -> None:
        """To what `prepare` has left; the letter about the announcement has been read and removed."""
        for file in self.service.state.iterdir():
            file.unlink()
        shutil.rmtree(self.service.mail)
        self.service.mail.mkdir()
        shutil.copy(self.snapshot, self.service.state / "records.db")
        self.move_to(BEFORE)

    def move_to(self, at: datetime) -> None:
        put(self.service.folder / "clock", f"{(at - datetime.now(UTC)).total_seconds():+f}\n")

    def desk(self) -> Desk:
        settings = read_settings(self.service.settings, {})
        return Desk(open_records(settings), settings, clock_of(settings), "tester")

    def ring(self) -> None:
        """An amendment that concerns nobody rings in the running service at once."""
        desk = self.desk()
        with desk.records:
            hold(desk, "closing", Named(group="nobody"), until="2090-01-01", reason="to ring")

    def letters(self) -> Counter[str]:
        """How often each letter to the administrators lies in their mailbox, by its Message-ID."""
        return Counter(str(message_from_bytes(octets)["Message-ID"]) for octets in self.service.bodies("postmaster"))

    def answers(self) -> list[bool]:
        """What the gates have answered."""
        with self.desk().records as records, records.read() as connection:
            (stored,) = editions.load(connection)
        acts = (Amendment.from_json(text).act for text in stored.amendments)
        return [act.opened for act in acts if isinstance(act, GateAnswer)]

    def deeds(self) -> list[str]:
        """What the ledger has as done, and not by another."""
        with self.desk().records as records, records.read() as connection:
            done = [one for one in ledger.listing(connection) if one.done_at is not None]
        return [str(one.key) for one in done if not one.collapsed_into]

    def states(self) -> set[str]:
        """The codes at which the addresses are taken now, and their owners may send."""
        codes = set()
        with smtplib.SMTP("127.0.0.1", self.service.smtp, local_hostname="world.example", timeout=60) as client:
            client.ehlo()
            for user in USERS:
                client.mail("a@world.example")
                codes.add(str(client.rcpt(f"{user}@{DOMAIN}")[0]))
                client.rset()
        return codes

    def run(self, alive: Callable[[], bool]) -> None:
        """Gates are asked and the end comes; goes on from wherever an earlier run was stopped."""
        if not self.answers():
            self.move_to(GATE)
            self.ring()
            wait_until(lambda: not alive() or self.answers() == [True], "the gates' answer")
        if alive():
            self.move_to(AFTER)
            self.ring()
            wait_until(lambda: not alive() or self.letters(), "the letter about the end")
            wait_until(lambda: not alive() or not self.service.waiting(), "it is settled")


@pytest.fixture(scope="module")
def cutover(tmp_path_factory: pytest.TempPathFactory) -> Cutover:
    folder = tmp_path_factory.mktemp("cutover")
    made = Cutover(Service(folder, service={"administrators": f"[postmaster@{DOMAIN}]"}))
    made.prepare()
    return made


def watched(cutover: Cutover, log: Path) -> list[Point]:
    """The kill points of a cutover that nobody disturbs."""
    cutover.put_back()
    with cutover.service.serving() as program, Attached(program.pid, log, None) as strace:
        assert cutover.states() == {"250"}
        cutover.run(lambda: program.running)
        assert cutover.states() == {"550"}
        return strace.points()


def killed_at(cutover: Cutover, point: Point, log: Path) -> None:
    cutover.put_back()
    with cutover.service.serving() as program:
        with Attached(program.pid, log, point.kill()):
            cutover.run(lambda: program.running)
        cutover.service.crash(program)


def converges(cutover: Cutover, point: Point) -> None:
    """Wholly before or wholly after as soon as it serves again; then as if nobody had killed it."""
    with cutover.service.serving() as program:
        assert cutover.states() in ({"250"}, {"550"}), point
        cutover.run(lambda: program.running)
        assert cutover.states() == {"550"}, point
        assert cutover.answers() == [True], "the gates have answered once"
        deeds = cutover.deeds()
        assert len(deeds) == len(set(deeds)) == 3, deeds  # the announcement, the gates, the end
        letters = cutover.letters()
        assert len(letters) == 1, "the same letter has the same Message-ID"
        assert max(letters.values()) <= 2, "a letter whose delivery was killed may come twice"
        cutover.ring()
        assert cutover.states() == {"550"}
    assert (cutover.deeds(), cutover.letters()) == (deeds, letters), "nothing is done again"


def check(cutover: Cutover, tmp_path: Path, wanted: int | None) -> None:
    found = watched(cutover, tmp_path / "watched.log")
    assert any(point.call in {"fsync", "fdatasync"} for point in found)
    for point in found if wanted is None else sample(found, wanted):
        killed_at(cutover, point, tmp_path / f"{point}.log")
        converges(cutover, point)


def test_a_few_kill_points_of_a_cutover(cutover: Cutover, tmp_path: Path) -> None:
    check(cutover, tmp_path, FEW)


@pytest.mark.long
def test_every_kill_point_of_a_cutover(cutover: Cutover, tmp_path: Path) -> None:
    check(cutover, tmp_path, None)


# -- the commands that set it going ------------------------------------------------------------------------
ENDED = PLAN.replace("2027-06-01", "2025-06-01").replace("2026-01-01", "2024-01-01").replace(f", {GATES}", "")
COMMANDS = [
    ("plan", "apply", "ended.yaml"),
    ("plan", "gate", "closing", "--stage", "receive-end", "--open"),
    ("plan", "postpone", "closing", "--stage", "receive-end", "--to", "2027-07-01"),
]


def seen(cutover: Cutover) -> tuple[object, ...]:
    """What the records say: the plan, its rows of the audit log, and the replies for every address at the end."""
    desk = cutover.desk()
    with desk.records:
        (shown,) = show_plans(desk, None)
        acts = [(row["act"], row["detail"]) for row in list_acts(desk, "closing", 100)]
        replies = {explain(desk, f"{user}@{DOMAIN}", "2027-06-02", ClientKind.WORLD).reply[:9] for user in USERS}
    assert len(replies) == 1, "all addresses are before it, or all after"
    return shown.number, [(one["number"], one["what"]) for one in shown.amendments], acts, replies


def traced(cutover: Cutover, words: Sequence[str], log: Path) -> Traced:
    return Traced(cutover.service.command(*words, *REASON), log)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[1])
@pytest.mark.parametrize("wanted", [FEW, pytest.param(1000, marks=pytest.mark.long)])
def test_a_command_that_is_killed_is_done_whole_or_not_at_all(
    cutover: Cutover, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str], wanted: int
) -> None:
    (tmp_path / "ended.yaml").write_text(ENDED)
    monkeypatch.chdir(tmp_path)
    cutover.put_back()
    before = seen(cutover)
    found = traced(cutover, words, tmp_path / "watched.log").points()
    after = seen(cutover)
    assert before != after
    for point in sample(found, wanted):
        cutover.put_back()
        assert seen(cutover) == before
        with traced(cutover, words, tmp_path / f"{point}.log").under(point.kill()) as program:
            program.wait()
        assert seen(cutover) in (before, after), point
        if seen(cutover) == before:
            with Program(cutover.service.command(*words, *REASON), tmp_path / "again.log") as program:
                assert program.wait() == 0, program.tail()
        assert seen(cutover) == after, point
