"""`export-kill`: a move between servers that is killed at any step goes on, with nothing lost and nothing twice."""

from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tests.faults.kill import sample
from tests.faults.moves import Move, doubled, named_twice, url
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.threaded import threaded
from tests.real.dovecot import Dovecot
from tests.real.dovecot import dovecot as shared_dovecot
from tests.real.mailboxes import PASSWORD, Contents, Place, client, fill, octets, told
from tests.support.run_folder import RunFolder

COUNTS = {"INBOX": 6, "Sent": 4, "Sent/old": 3, "none": 0}
LATE = ((20, "(\\Seen)"), (2, ""), (2, ""), (21, "($Label1)"))  # twins of what is there, and further ones of one id
POINTS = 5  # in a short run


def unordered(contents: Contents) -> dict[str, Counter[object]]:
    return {name: Counter(found) for name, found in contents.messages.items()}


@pytest.fixture
def dovecot(run_folder: RunFolder) -> Dovecot:
    return shared_dovecot(run_folder)


class Servers:
    """A source that is filled, and as many targets as a test needs."""

    def __init__(self, dovecot: Dovecot, folder: Path) -> None:
        self._dovecot = dovecot
        self._folder = folder
        self._name = folder.name.replace("_", "-").lower()
        self._numbers = count(1)
        self.old = self.user("old")
        fill(self.old, COUNTS)

    def user(self, name: str) -> Place:
        address = f"{name}@{self._name}.example"
        self._dovecot.add_user(address, PASSWORD)
        return Place(self._dovecot.imap, address)

    def target(self) -> tuple[Place, Move]:
        number = next(self._numbers)
        new = self.user(f"new-{number}")
        return new, Move(self._folder / str(number), url(self.old.user, self.old.port), url(new.user, new.port))


@pytest.fixture
def servers(dovecot: Dovecot, tmp_path: Path) -> Servers:
    return Servers(dovecot, tmp_path)


def killed_first(servers: Servers, point: int) -> bool:
    """A first run killed at a step, then one to the end; whether it came as far as to be killed."""
    before = told(servers.old)
    new, move = servers.target()
    killed = move.run(point)
    assert killed.returncode in {0, -9}, killed.stderr
    so_far = unordered(told(new))
    assert all(not some - unordered(before)[name] for name, some in so_far.items())  # nothing half, nothing twice
    receipt = move.receipt()
    assert doubled(receipt) == []
    after = told(new)
    assert unordered(after) == unordered(before)
    assert after.subscribed == before.subscribed
    assert told(servers.old) == before
    return killed.returncode != 0


def grow(place: Place) -> None:
    """Mail that comes to the source meanwhile, and a flag that changes there."""
    with client(place) as server:
        for number, flags in LATE:
            assert server.append('"Sent"', flags, '"05-Feb-2002 00:00:00 +0900"', octets(number, ended=True))[0] == "OK"
        server.select('"Sent"')
        server.uid("store", "1", "FLAGS", "(\\Answered)")


def killed_in_delta(servers: Servers, point: int) -> bool:
    """A whole run, then mail that comes, a delta that is killed, and one to the end."""
    new, move = servers.target()
    move.receipt()
    grow(servers.old)
    killed = move.run(point)
    assert killed.returncode in {0, -9}, killed.stderr
    assert doubled(move.receipt()) == []
    assert unordered(told(new)) == unordered(told(servers.old))
    return killed.returncode != 0


@pytest.mark.real("dovecot")
def test_killed_at_some_steps_a_move_goes_on(servers: Servers) -> None:
    _, watched = servers.target()
    steps = watched.steps()
    assert steps > 60
    assert all(killed_first(servers, point) for point in sample(range(1, steps * 9 // 10), POINTS))


@pytest.mark.real("dovecot")
@pytest.mark.long
def test_killed_at_every_step_a_move_goes_on(servers: Servers) -> None:
    assert next(point for point in count(1) if not killed_first(servers, point)) > 60


@pytest.mark.real("dovecot")
def test_killed_at_some_steps_of_a_delta_it_goes_on(servers: Servers) -> None:
    _, watched = servers.target()
    watched.receipt()
    grow(servers.old)
    steps = watched.steps()
    assert all(killed_in_delta(servers, point) for point in sample(range(1, steps * 3 // 4), POINTS // 2))


@pytest.mark.real("dovecot")
@pytest.mark.long
def test_killed_at_every_step_of_a_delta_it_goes_on(servers: Servers) -> None:
    assert next(point for point in count(1) if not killed_in_delta(servers, point)) > 30


LETTERS = [octets(number, ended=True) for number in (1, 2, 3, 4, 5, 2, 6, 7)]


def killed_between_plain_servers(can: str, folder: Path, point: int) -> bool:
    """A first run killed at a step, then one to the end, between servers that can little."""
    mails = [Mail(uid, one, "\\Seen") for uid, one in enumerate(LETTERS, 1)]
    old = BoxPeer({"INBOX": Box(mails), "Sent": Box(mails[2:5])})
    with threaded(old), threaded(BoxPeer(can=can)) as new:
        move = Move(folder, url("a@b.example", old.port), url("a@b.example", new.port))
        killed = move.run(point)
        assert killed.returncode in {0, -9}, killed.stderr
        receipt = move.receipt()
        here, there = (
            Counter((name, one.octets) for name, box in peer.boxes.items() for one in box.mails) for peer in (old, new)
        )
        assert not here - there
        assert (there - here).total() <= named_twice(receipt)
        assert "UIDPLUS" not in can or named_twice(receipt) == 0
    return killed.returncode != 0


@pytest.mark.parametrize("can", ["UIDPLUS LITERAL+", "LITERAL-", ""])
def test_killed_at_some_steps_between_servers_that_can_little_a_move_goes_on(can: str, tmp_path: Path) -> None:
    for point in range(12, 130, 30):
        killed_between_plain_servers(can, tmp_path / str(point), point)


@pytest.mark.long
@pytest.mark.parametrize("can", ["UIDPLUS LITERAL+", "LITERAL-", ""])
def test_killed_at_every_step_between_servers_that_can_little_a_move_goes_on(can: str, tmp_path: Path) -> None:
    assert next(point for point in count(1) if not killed_between_plain_servers(can, tmp_path / str(point), point)) > 60
