"""signals: SIGTERM while next hops are being asked inside the session: it drains, and nothing is lost or sent twice."""

from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from signal import Signals

import pytest

from tests.faults.service import Service
from tests.faults.test_signals import Load
from tests.peers.smtp import Answer, SmtpPeer
from tests.peers.threaded import threaded
from tests.support.deadline import wait_until


@pytest.fixture
def hop() -> Iterator[SmtpPeer]:
    with threaded(SmtpPeer()) as peer:
        yield peer


def arrived(hop: SmtpPeer) -> Counter[str]:
    return Counter(str(message_from_bytes(mail.body)["Subject"]) for mail in list(hop.mails) if mail.taken)


LONG = pytest.param(25.0, 28.0, id="for long", marks=pytest.mark.long)  # seconds, longer than sessions usually get


@pytest.mark.parametrize(
    ("answers_after", "budget"),
    [pytest.param(0.3, 30.0, id="inside the session"), pytest.param(1.0, 0.2, id="adopted"), LONG],
)
def test_it_drains_while_the_next_hop_thinks(
    tmp_path: Path, hop: SmtpPeer, answers_after: float, budget: float
) -> None:
    hop.follow({"end": Answer("250 2.0.0 taken", delay=answers_after)})
    url = f"smtp://127.0.0.1:{hop.port}?tls=none"
    service = Service(tmp_path, deliver=url, outbox={"handoff_budget": f"{budget} s"})
    service.prepare()
    with service.serving() as program:
        load = Load(service, patience=60.0)
        wait_until(lambda: len(load.taken) >= 8 or hop.mails, "some load")
        program.send(Signals.SIGTERM)
        try:
            assert program.wait() == 0
        finally:
            taken = load.stop()
        assert "Traceback" not in program.output()
    hop.follow({})
    with service.serving():
        wait_until(lambda: taken <= arrived(hop).keys() and not service.waiting(), "everything taken")
    assert max(arrived(hop).values()) == 1
    assert arrived(hop).keys() == taken, "what went out was answered 250"
