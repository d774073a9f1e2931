"""Killed at random under load, again and again: everything answered 250 is found at the next hop.

Four clients send without pause; after a random number of answers the service is killed (SIGKILL) and started anew. Most
messages are handed over inside their session; one in fifty makes the next hop think for longer than a session waits.
A message may arrive twice where the kill fell between the next hop's answer and our settlement, and no more often.
"""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from pathlib import Path
from random import Random

import pytest

from tests.faults.service import Service
from tests.peers.smtp import Answer, Script, SmtpPeer
from tests.support.deadline import wait_until
from tests.support.programs import Program

SENDERS = 4
SEED = 20240131
BUDGET, THINKS, THINKING = 0.3, 0.45, 0.02  # seconds, seconds, of all messages


class Senders:
    """Clients that go on through every crash; `taken` are the subjects answered 250."""

    def __init__(self, house: Service) -> None:
        self._house = house
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(SENDERS)
        self.taken: set[str] = set()
        self._running = [self._threads.submit(self._send, number) for number in range(SENDERS)]

    def _send(self, number: int) -> None:
        sent = 0
        while not self._stop.is_set():
            subject, sent = f"m-{number}-{sent}", sent + 1
            code = self._house.send(subject, size=3000 + 2500 * (sent % 3))
            if code == 250:
                self.taken.add(subject)
            elif not code:  # nobody is there: that needs no asking as fast as it goes
                self._stop.wait(0.05)

    def stop(self) -> set[str]:
        self._stop.set()
        self._threads.shutdown()
        for one in self._running:
            one.result()
        return self.taken


def arrived(sink: SmtpPeer) -> Counter[str]:
    return Counter(str(message_from_bytes(mail.body)["Subject"]) for mail in list(sink.mails) if mail.taken)


def killed_again_and_again(house: Service, sink: SmtpPeer, kills: int) -> set[str]:
    random = Random(SEED)
    with house.serving() as program:
        senders = Senders(house)
        _kill_after(house, program, senders, random.randrange(1, 60))
    for _ in range(kills - 1):
        with house.serving() as program:
            _kill_after(house, program, senders, random.randrange(1, 60))
    with house.serving():
        taken = senders.stop()
        wait_until(lambda: taken <= arrived(sink).keys(), "everything taken is at the next hop")
    return taken


def _kill_after(house: Service, program: Program, senders: Senders, answers: int) -> None:
    enough = len(senders.taken) + answers
    wait_until(lambda: len(senders.taken) >= enough, "the load goes on")
    house.crash(program)


def thinking(random: Random) -> Script:
    """What the next hop answers, more often than it is ever asked."""
    return {"end": [Answer("250 2.0.0 taken", delay=THINKS * (random.random() < THINKING)) for _ in range(100_000)]}


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.long)])
async def test_random_kills_under_load_lose_nothing(tmp_path: Path, kills: int) -> None:
    async with SmtpPeer(thinking(Random(SEED))) as sink:
        url = f"smtp://127.0.0.1:{sink.port}?tls=none"
        house = Service(tmp_path, deliver=url, outbox={"handoff_budget": f"{BUDGET} s"})
        await asyncio.to_thread(house.prepare)
        taken = await asyncio.to_thread(killed_again_and_again, house, sink, kills)
        found = arrived(sink)
    doubles = found.total() - len(found)
    print(f"{kills} kills, {len(taken)} messages answered 250, {doubles} doubles")
    assert len(taken) > kills
    assert doubles <= kills, {subject: copies for subject, copies in found.items() if copies > 1}
