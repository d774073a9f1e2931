"""A house that is saved under load, crashes, and goes on from its backup: nothing leaves before it is let go."""

import json
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.faults.service import Service
from tests.faults.test_signals import Load
from tests.peers.smtp import SmtpPeer
from tests.peers.threaded import away, threaded
from tests.support.deadline import wait_until


@pytest.fixture
def hop() -> Iterator[SmtpPeer]:
    with threaded(SmtpPeer()) as peer:
        yield peer


def subjects(hop: SmtpPeer) -> Counter[str]:
    return Counter(str(message_from_bytes(mail.body)["Subject"]) for mail in list(hop.taken))


def last_array(said: str) -> list[dict[str, object]]:
    """The last array in a command's log, which holds what it says to people besides."""
    found: list[dict[str, object]] = json.JSONDecoder().raw_decode("[" + f"\n{said}".rpartition("\n[")[2])[0]
    return found


def test_a_backup_made_under_load_is_restored_after_a_crash_and_waits_for_a_word(tmp_path: Path, hop: SmtpPeer) -> None:
    house = Service(tmp_path, deliver=f"smtp://127.0.0.1:{hop.port}?tls=none", outbox={"handoff_budget": "0 s"})
    house.prepare()
    file = str(tmp_path / "monday.backup")
    with away(hop):
        before = saved_and_crashed(house, file)
        house.lastpost("restore", file, "--replace", "--reason", "it crashed")
    with house.serving():
        nothing_leaves(house, hop, before)
        house.lastpost("release", "--reason", "looked through")
        wait_until(lambda: not house.waiting(), "the queue is empty")
        left = subjects(hop)
    assert before | {"new"} <= left.keys()
    assert max(left.values()) == 1


def saved_and_crashed(house: Service, file: str) -> set[str]:
    """Make a backup while mail comes in, then kill the house; what was taken before the backup began."""
    with house.serving() as program:
        load = Load(house)
        wait_until(lambda: len(load.taken) >= 20, "some load")
        before = set(load.taken)
        house.lastpost("backup", file)
        wait_until(lambda: len(load.taken) > len(before) + 10, "mail comes in meanwhile")
        house.crash(program)
        load.stop()
    return before


def nothing_leaves(house: Service, hop: SmtpPeer, before: set[str]) -> None:
    """It serves, takes new mail, and keeps everything."""
    waits = house.waiting()
    assert waits >= len(before)
    assert house.send("new") == 250
    (held,) = last_array(house.lastpost("release", "--json"))
    assert str(held["why"]).startswith("restored from monday.backup")
    lanes = held["lanes"]
    assert isinstance(lanes, dict)
    assert sum(lanes.values()) == waits + 1
    assert (house.waiting(), len(hop.mails)) == (waits + 1, 0)
