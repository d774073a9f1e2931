"""What ends a move between servers before its time: signals, another run, a full disk; and messages that are giants."""

import re
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.imap.ends import letter
from tests.faults.limits import fill, small_disk
from tests.faults.moves import Move, named_twice, url
from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.threaded import threaded
from tests.support.deadline import until, wait_until

LETTERS = [letter(number) for number in range(200)]
MEGABYTES = [letter(number, 60_000) for number in range(40)]  # so few are on their way at once
FIRST = 3
LARGE = b"Subject: large\r\n\r\n" + b"x" * 3_000_000


class Slow(BoxPeer):
    """Answers for the first messages that it is given, and for no more before it may go on."""

    def __init__(self) -> None:
        super().__init__(can="UIDPLUS LITERAL+")
        self.may_go_on = threading.Event()

    async def think(self, reply: Reply) -> None:
        few = len(self.boxes["INBOX"].mails) <= FIRST
        await until(lambda: few or self.may_go_on.is_set(), "leave to go on", within=600)
        await super().think(reply)


@contextmanager
def between(
    folder: Path, *mails: bytes, new: BoxPeer | None = None, state: Path | None = None
) -> Iterator[tuple[Move, BoxPeer, BoxPeer]]:
    """A move of these messages between two scripted servers."""
    old = BoxPeer({"INBOX": Box([Mail(uid, one) for uid, one in enumerate(mails, 1)])})
    with threaded(old), threaded(new or BoxPeer()) as there:
        move = Move(folder / "move", url("a@b.example", old.port), url("a@c.example", there.port), state=state)
        yield move, old, there


def hears(program: "subprocess.Popen[str]") -> None:
    """Return once it says that it has heard of its end."""
    assert program.stderr is not None
    while "stopping" not in (line := program.stderr.readline()):
        assert line, "it ended without a word"


def held(peer: BoxPeer) -> Counter[bytes]:
    return Counter(mail.octets for mail in peer.boxes["INBOX"].mails)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_on_its_way_get_its_answers_and_the_next_run_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    slow = Slow()
    with between(tmp_path, *MEGABYTES, new=slow) as (move, old, new):
        with move.start() as program:
            wait_until(lambda: len(new.boxes["INBOX"].mails) > FIRST, "some messages are there")
            program.send_signal(number)
            hears(program)
            slow.may_go_on.set()
            said = program.communicate(timeout=180)[1]
        assert program.returncode == 4, said
        assert "run the same command again to go on" in said
        assert FIRST < held(new).total() < len(MEGABYTES)
        receipt = move.receipt()
        assert held(new) == held(old)
        assert named_twice(receipt) == 0
        assert receipt["folders"][0]["already_there"] == 0  # type: ignore[index] # everything had its answer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once_and_loses_nothing(number: signal.Signals, tmp_path: Path) -> None:
    slow = Slow()
    with between(tmp_path, *LETTERS, new=slow) as (move, old, new):
        with move.start() as program:
            wait_until(lambda: len(new.boxes["INBOX"].mails) > FIRST, "some messages are there")
            program.send_signal(number)
            hears(program)
            program.send_signal(number)
            program.communicate(timeout=180)
        assert program.returncode != 0
        slow.may_go_on.set()
        assert named_twice(move.receipt()) == 0
        assert held(new) == held(old)


def test_of_two_runs_at_once_one_runs_and_the_other_says_so(tmp_path: Path) -> None:
    slow = Slow()
    with between(tmp_path, *LETTERS[:25], new=slow) as (move, old, new):
        with move.start() as one:
            wait_until(lambda: len(new.boxes["INBOX"].mails) > FIRST, "some messages are there")
            other = move.run()
            assert other.returncode == 1, other.stderr
            assert "is in use by another run of this move" in other.stderr
            slow.may_go_on.set()
            said = one.communicate(timeout=180)[1]
        assert one.returncode == 0, said
        assert held(new) == held(old)
        assert named_twice(move.receipt()) == 0
        assert held(new) == held(old)


@pytest.mark.real("tmpfs")
@pytest.mark.parametrize(
    ("left", "mails", "why"),
    [(0, LETTERS, "the journal"), (200_000, [LETTERS[0], LARGE, LETTERS[1]], "cannot be kept here")],
)
def test_a_full_disk_under_journal_or_spool_pauses_a_move_and_room_lets_it_go_on(
    left: int, mails: list[bytes], why: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk, between(tmp_path, *mails, state=disk) as (move, old, new):
        ballast = fill(disk, leave=left)
        for _ in range(2):
            paused = move.run()
            assert paused.returncode == 4, paused.stderr
            assert why in paused.stderr
            assert "run the same command again to go on" in paused.stderr
            assert not held(new) - held(old)
        ballast.unlink()
        receipt = move.receipt()
        assert held(new) == held(old)
        assert named_twice(receipt) == 0


def peak(move: Move) -> int:
    """Peak memory (octets) of a run, which must not fail."""
    found = [0]
    with move.start() as program:
        status = Path(f"/proc/{program.pid}/status")

        def ended() -> bool:
            if (said := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())) is not None:
                found[0] = int(said[1]) * 1024
            return program.poll() is not None

        wait_until(ended, "the move ends")
        assert program.returncode in {0, 3}, program.communicate()[1]
    return found[0]


def test_a_giant_message_is_refused_by_name_and_a_large_one_is_moved_in_little_memory(tmp_path: Path) -> None:
    for name in ("small", "large", "giant"):
        (tmp_path / name).mkdir()
    with between(tmp_path / "small", *LETTERS) as (move, _, _):
        usual = peak(move)
    with between(tmp_path / "large", *LETTERS, b"y" * 50_000_000) as (move, old, new):
        assert peak(move) - usual < 25_000_000
        assert held(new) == held(old)
    with between(tmp_path / "giant", *LETTERS) as (move, old, new):
        giant = old.boxes["INBOX"].mails[6]
        giant.size = 1_073_741_824
        giant.lies.extend([b"* 7 FETCH (UID 7 RFC822.SIZE 1073741824 BODY[] {1073741824}\r\n" + b"z" * 3_000_000] * 9)
        assert peak(move) - usual < 25_000_000
        assert held(new).total() == len(LETTERS) - 1
        assert len(giant.lies) >= 8  # it was asked for once
