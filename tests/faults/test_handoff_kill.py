"""handoff-kill: kill -9 between the next hop's 250 and our own settlement and reply.

Three ways a message goes over: inside the session, from the queue, and begun inside the session by a next hop slower
than its budget. What was answered 250 is at the next hop; it is there at most once more than it was sent, with the same
Message-ID.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.faults.kill import REPLY, SYNC, Attached, Point
from tests.faults.service import Service
from tests.peers.smtp import Answer, SmtpPeer
from tests.peers.threaded import threaded
from tests.real.postgresql import postgresql
from tests.support.deadline import wait_until
from tests.support.programs import Program
from tests.support.run_folder import RunFolder

pytestmark = pytest.mark.real("strace")

CALLS = (*SYNC, *REPLY)
FEW, MOST = 4, 50
SLOW, BUDGET = 1.0, 0.3


@dataclass(frozen=True)
class Way:
    """How a message gets to the next hop: how long that takes to answer, and how long a session waits for it."""

    answers_after: float
    budget: float


WAYS: Mapping[str, Way] = {"session": Way(0, 30), "queue": Way(0, 0), "adopted": Way(SLOW, BUDGET)}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.fixture
def hop(way: Way) -> Iterator[SmtpPeer]:
    with threaded(SmtpPeer({"end": Answer("250 2.0.0 taken", delay=way.answers_after)})) as peer:
        yield peer


@pytest.fixture
def service(tmp_path: Path, way: Way, hop: SmtpPeer) -> Service:
    folder = tmp_path / "house"
    folder.mkdir()
    url = f"smtp://127.0.0.1:{hop.port}?tls=none"
    made = Service(folder, deliver=url, outbox={"handoff_budget": f"{way.budget} s"})
    made.prepare()
    return made


def copies(hop: SmtpPeer, subject: str) -> list[str]:
    """The Message-IDs of the copies that the next hop answered 250 for, or was about to."""
    found = [message_from_bytes(mail.body) for mail in list(hop.mails) if mail.taken]
    return [str(one["Message-ID"]) for one in found if one["Subject"] == subject]


def points_of_one_message(service: Service, hop: SmtpPeer, log: Path) -> list[Point]:
    """The kill points of one message, from its first command to its settlement."""
    with service.serving() as program, Attached(program.pid, log, None, calls=CALLS) as strace:
        assert service.send("watched") == 250
        wait_until(lambda: copies(hop, "watched"), "the mail at the next hop")
        wait_until(lambda: not service.waiting(), "the settlement")
        return strace.points()


def arrived(service: Service, hop: SmtpPeer, codes: Mapping[str, int]) -> None:
    """What must hold once it serves again; `codes` are what the clients saw, 0 for none."""
    sent = {subject: 1 + (code != 250) for subject, code in codes.items()}
    for subject, times in sent.items():
        assert times == 1 or service.send(subject) == 250
    wait_until(lambda: all(copies(hop, subject) for subject in codes), f"what was answered {codes}")
    wait_until(lambda: not service.waiting(), "everything is settled")
    for subject, times in sent.items():
        found = copies(hop, subject)
        assert len(found) <= times + 1, f"{len(found)} copies of {subject}, answered {codes}"
        assert set(found) == {f"<{subject}@world.example>"}


def check(service: Service, hop: SmtpPeer, tmp_path: Path, wanted: int | None) -> None:
    found = points_of_one_message(service, hop, tmp_path / "watched.log")
    assert any(point.call in SYNC for point in found)
    chosen = found if wanted is None else found[-wanted:]  # behind the dot is what matters most
    codes: Mapping[str, int] = {}
    for point in chosen:
        with service.serving() as program:
            arrived(service, hop, codes)
            codes = killed_at(service, program, point, tmp_path / f"{point}.log")
    with service.serving():
        arrived(service, hop, codes)


def killed_at(service: Service, program: Program, point: Point, log: Path) -> Mapping[str, int]:
    """Send one message after the other until the house dies at this point: a message may take a step less than another.

    The codes that the clients saw.
    """
    codes: dict[str, int] = {}
    with Attached(program.pid, log, point.kill(), calls=CALLS) as strace:
        while not strace.killed:
            assert len(codes) < MOST, f"{point} is never reached"
            subject = f"{point}-{len(codes)}"
            codes[subject] = service.send(subject)
            wait_until(lambda: strace.killed or not service.waiting(), "the kill or the settlement")
    service.crash(program)
    return codes


def test_a_few_kill_points(service: Service, hop: SmtpPeer, tmp_path: Path) -> None:
    check(service, hop, tmp_path, FEW)


@pytest.mark.long
def test_every_kill_point(service: Service, hop: SmtpPeer, tmp_path: Path) -> None:
    check(service, hop, tmp_path, None)


@pytest.mark.real("postgresql")
def test_on_postgresql_another_process_takes_over_what_a_killed_one_had_in_hand(
    short_tmp: Path, run_folder: RunFolder
) -> None:
    server = postgresql(run_folder)
    with threaded(SmtpPeer({"end": [Answer("250 2.0.0 taken", delay=30)]})) as hop:
        url, outbox = f"smtp://127.0.0.1:{hop.port}?tls=none", {"handoff_budget": f"{BUDGET} s"}
        service = Service(short_tmp, deliver=url, url=server.url(server.new_database()), outbox=outbox)
        service.prepare()
        with service.serving() as program:
            assert service.send("claimed") == 250
            service.crash(program)
        with service.serving():
            assert service.send("new") == 250
            wait_until(lambda: len(copies(hop, "claimed")) == 2, "its lease ends, and it is sent again")
        assert (len(copies(hop, "claimed")), len(copies(hop, "new"))) == (2, 1)
