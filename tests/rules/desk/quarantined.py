"""Messages in quarantine for tests of acts, and scanners that answer as they are told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from filters.scan import Octets, Scan, ScanAway, ScanClean, ScanInfected, ScanUnread, Unreadable
from filters.verdict import Because
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.quarantine_acts import release
from mailsvc.kit.content_hash import content_sha256
from mailsvc.records import deliveries, quarantine
from mailsvc.records.bodies import BodyWriter, read_body
from mailsvc.records.cases import INFECTED, Case, Kept, Recipient
from mailsvc.records.deliveries import Delivery
from tests.rules.desk.world import NOW, World

HEADER = b"From: a@b.example\r\nSubject: =?utf-8?b?44GT?=\r\n =?utf-8?b?44KT?=\r\nX-Evil: \x1b[2J\r\n"
OCTETS = HEADER + b"\r\nsecret words\x00\r\n"
ID = "01K9ZEXAMPLE00000000000ONE"
HANAKO = Recipient("hanako@closing.example", "Hanako+x@closing.example", Because.LIVE, told=True)
AWAY = Recipient("jiro@elsewhere.example", "jiro@closing.example", Because.FORWARDED)
CLEAN = ScanClean("clamd 1.4/27001")
INFECTED_STILL = ScanInfected("Win.Test.EICAR_HDB-1", "clamd 1.4/27001")
ENCRYPTED = ScanUnread(Unreadable.ENCRYPTED, "a zip with a password", "clamd 1.4/27001")
GONE = ScanAway("no answer from clamd within 20 s")


class Says:
    """A scanner that answers this, and keeps what it read."""

    def __init__(self, answer: Scan, more: int = 0) -> None:
        self.answer = answer
        self.more = more  # octets in front of the message
        self.read: list[bytes] = []

    async def scan(self, content: Octets, size: int) -> Scan:
        octets = b"".join([chunk async for chunk in _chunks(content)])
        assert len(octets) == size + self.more
        self.read.append(octets)
        return self.answer

    async def close(self) -> None:
        """Nothing is held."""


async def _chunks(content: Octets) -> AsyncIterator[bytes]:
    async for chunk in content():
        yield chunk


async def kept(world: World, case_id: str = ID, octets: bytes = OCTETS, **facts: object) -> Kept:
    """A message put into quarantine."""
    records = world.desk.records
    writer = BodyWriter(records, lambda: f"body-{case_id}", world.clock.now)
    async with records.committer.running():
        await writer.write(octets)
    staged = await writer.finish()
    made = replace(_case(case_id, octets), **facts)  # type: ignore[arg-type]
    records.act(lambda conn: quarantine.keep_in(conn, made, staged, NOW + timedelta(days=61)))
    found = again(world, case_id)
    assert found is not None
    return found


def _case(case_id: str, octets: bytes) -> Case:
    return Case(
        id=case_id,
        at=NOW,
        client_kind="world",
        client_ip="192.0.2.7",
        helo="mx.b.example",
        mail_from="a@b.example",
        smtputf8=False,
        eight_bit=True,
        sender_local=False,
        accepted=False,
        reply="554 5.7.1 Message refused",
        why=INFECTED,
        threat="Win.Test.EICAR_HDB-1",
        scanner="clamd 1.4/27000",
        recipients=(HANAKO, AWAY),
        trace=b"Received: from mx.b.example\r\n",
        content_sha256=content_sha256(octets),
    )


def again(world: World, case_id: str = ID) -> Kept | None:
    with world.desk.records.read() as conn:
        return quarantine.find(conn, case_id)


def sent(world: World, message_id: str = ID) -> list[Delivery]:
    with world.desk.records.read() as conn:
        return list(deliveries.of_message(conn, message_id))


async def let_go(world: World, answer: Scan, *, despite: bool = False, case_id: str = ID) -> bool:
    """Release it; whether it was queued by this call."""
    done = await release(world.desk, case_id, "he asked for it", Says(answer), despite_threat=despite)
    return not done.already


def acts(world: World, subject: str = ID) -> list[object]:
    return [row["act"] for row in list_acts(world.desk, subject, 10)]


async def body(world: World, body_id: str) -> bytes:
    return b"".join([chunk async for chunk in read_body(world.desk.records, body_id)])
