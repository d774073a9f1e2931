"""signals: SIGTERM and SIGHUP under load, and clients that close their half early: drained, nothing lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import Signals

import pytest

from tests.faults.service import DOMAIN, Service
from tests.support.deadline import wait_until
from tests.support.programs import Program


class Load:
    """Clients that send until told to stop; `taken` are the subjects answered 250."""

    def __init__(self, house: Service, clients: int = 4, patience: float = 60.0) -> None:
        self.house = house
        self._patience = patience  # seconds for each reply
        self.taken: set[str] = set()
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(clients)
        self._clients = [self._threads.submit(self._client, number) for number in range(clients)]

    def _client(self, number: int) -> None:
        sent = 0
        while not self._stop.is_set():
            subject = f"load-{number}-{sent}"
            sent += 1
            code = self.house.send(subject, size=20_000, within=self._patience)
            if code == 250:
                self.taken.add(subject)
            elif not code:  # nobody is there: that needs no asking as fast as it goes
                self._stop.wait(0.05)

    def stop(self) -> set[str]:
        self._stop.set()
        self._threads.shutdown()
        for client in self._clients:
            client.result()
        return self.taken


@pytest.mark.parametrize("signal", [Signals.SIGTERM, Signals.SIGINT], ids=lambda one: one.name)
def test_it_drains_and_ends_with_0_under_load(house: Service, signal: Signals) -> None:
    with house.serving() as program:
        load = Load(house)
        wait_until(lambda: len(load.taken) >= 10, "some load")
        program.send(signal)
        try:
            assert program.wait() == 0
        finally:
            taken = load.stop()
        assert "Traceback" not in program.output()
    with house.serving():
        wait_until(lambda: taken <= set(house.kept()), "everything taken")
        assert len(house.kept()) <= len(taken) + 4, "at most one unanswered mail of each client"


def test_a_hangup_under_load_loses_nothing(house: Service) -> None:
    with house.serving() as program:
        load = Load(house)
        wait_until(lambda: len(load.taken) >= 10, "some load")
        program.send(Signals.SIGHUP)
        before = len(load.taken)
        wait_until(lambda: len(load.taken) > before + 5 or not program.running, "it goes on or ends")
        taken = load.stop()
    with house.serving():
        wait_until(lambda: taken <= set(house.kept()), "everything taken")


@pytest.mark.real("postfix")
@pytest.mark.parametrize(
    ("signal", "messages"), [(Signals.SIGTERM, 100_000), (Signals.SIGHUP, 1000)], ids=["SIGTERM", "SIGHUP"]
)
def test_smtp_source_loses_nothing(house: Service, tmp_path: Path, signal: Signals, messages: int) -> None:
    """Twenty sessions as fast as they go; what counts as taken is what the client was told."""
    with house.serving() as program:
        command = ["smtp-source", "-d", "-s", "20", "-m", str(messages), "-l", "10240", "-f", "a@world.example"]
        command += ["-t", f"hanako@{DOMAIN}", "-v", f"inet:127.0.0.1:{house.smtp}"]
        with Program(command, tmp_path / "source") as source:
            wait_until(lambda: acknowledged(source) >= 100, "some load")
            program.send(signal)
            if signal is Signals.SIGTERM:
                assert program.wait() == 0
            else:
                assert source.wait(600) == 0
                assert program.running
        assert "Traceback" not in program.output()
    taken = acknowledged(source)
    assert taken < messages if signal is Signals.SIGTERM else taken == messages
    with house.serving():
        wait_until(lambda: len(house.names()) >= taken, f"all of {taken}", within=600)
        assert len(house.names()) <= taken + 20, "at most one unanswered mail of each session"


def acknowledged(source: Program) -> int:
    """How many messages smtp-source has seen taken."""
    return source.output().count(" 250 2.6.0")


def test_a_half_closed_client_is_answered_and_its_mail_kept(house: Service) -> None:
    # DATA is a synchronisation point (RFC 2920 3.1), so the message goes by BDAT (RFC 3030), all in one piece.
    mail = b"From: a@world.example\r\nSubject: half\r\n\r\nhello\r\n"
    said = b"EHLO world.example\r\nMAIL FROM:<a@world.example>\r\nRCPT TO:<hanako@%s>\r\n" % DOMAIN.encode()
    with house.serving():
        heard = house.say(said + b"BDAT %d LAST\r\n" % len(mail) + mail)
        taken = heard.splitlines()[-1].startswith(b"250")
        assert taken, heard
        wait_until(lambda: "half" in house.kept(), "the mail of a half-closed client")


def test_a_client_gone_in_mid_message_leaves_nothing(house: Service) -> None:
    said = b"EHLO world.example\r\nMAIL FROM:<a@world.example>\r\nRCPT TO:<hanako@%s>\r\nDATA\r\n" % DOMAIN.encode()
    with house.serving():
        house.say(said + b"Subject: broken\r\n\r\nno end")
        assert house.send("whole") == 250
        wait_until(lambda: "whole" in house.kept(), "the whole mail")
        assert house.kept() == ["whole"]
