"""Promise `nexthop-faults`, outbox and reports together: whatever a next hop does, retry or one bounce, never both."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from functools import partial
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from filters.auth.judge import Authenticator
from filters.auth.organisations import Organisations
from filters.verdict import Because
from mailsvc.kit.ids import id_maker
from mailsvc.records import deliveries
from mailsvc.records.delivery import DeliveryState, NewDelivery
from mailsvc.records.store import Connection
from mailsvc.returns.addressee import Addressees
from mailsvc.returns.dsns import Dsns
from mailsvc.returns.returner import Pace, Returner
from schedules.names import Address
from tests.peers.smtp import Answer, SmtpPeer, TakenMail
from tests.rules.outbox.world import World, at_work, world
from tests.support.deadline import until
from tests.support.names import NameTable

OUTSIDE = "jiro@elsewhere.example"
SENDER = "taro@world.example"
# Mail that outbox worlds take comes from here.
HERE = {"world.example": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]}}
FORGED = {"world.example": {"TXT": ["v=spf1 -all"]}}


class Outward:
    """Every sender lives elsewhere."""

    def __init__(self, house: World) -> None:
        self._house = house

    async def to(self, sender: Address) -> Sequence[NewDelivery]:
        lane = self._house.routes.lane(sender)
        return [NewDelivery(str(sender), str(sender), Because.OUTWARD, lane)]


@asynccontextmanager
async def returning(house: World, names: object) -> AsyncIterator[None]:
    """A returner at work, with authentication over `names`."""
    with ThreadPoolExecutor(1) as threads:
        judge = Authenticator(
            NameTable(names),  # type: ignore[arg-type]
            Organisations(),
            threads,
            is_ours=lambda _: False,
            authserv_ids=(),
        )
        postmaster = Address.parse("postmaster@lastpost.example")
        new_id = id_maker(house.clock, Random(11))
        dsns = Dsns(house.records, postmaster, "lastpost.example", ZoneInfo("Asia/Tokyo"), new_id)
        returner = Returner(
            house.records,
            Addressees(house.records, judge.of, Outward(house)),
            dsns,
            now=house.clock.now,
            pace=Pace(look=0.01),
            sent=lambda _: None,
            log=house.log,
        )
        role = asyncio.create_task(returner.run())
        yield
        role.cancel()
        with suppress(asyncio.CancelledError):
            await role


@asynccontextmanager
async def house_before(peer: SmtpPeer, folder: Path, names: object) -> AsyncIterator[World]:
    async with (
        world(folder, f"smtp://127.0.0.1:{peer.port}?tls=none") as house,
        at_work(house.outbox()),
        returning(house, names),
    ):
        yield house


def bounces(peer: SmtpPeer) -> list[TakenMail]:
    return [mail for mail in peer.mails if mail.taken and mail.sender == "" and mail.recipients == [SENDER]]


REFUSED = Answer("550 5.1.1 No such user <secret@hidden.example>")
LATER, CLOSING = Answer("450 4.2.0 later"), Answer("421 4.3.2 closing", close=True)


@pytest.mark.parametrize(
    ("script", "retried", "bounced"),
    [
        ({f"RCPT TO:<{OUTSIDE.upper()}": REFUSED}, 0, 1),
        ({f"RCPT TO:<{OUTSIDE.upper()}": [LATER]}, 1, 0),
        ({f"RCPT TO:<{OUTSIDE.upper()}": [LATER, REFUSED]}, 1, 1),
        ({"end": [CLOSING]}, 1, 0),
        ({"end": [Answer.CUT]}, 1, 0),
        ({"end": [Answer("554 5.7.1 no")]}, 0, 1),
        ({}, 0, 0),
    ],
    ids=["550", "450", "450-then-550", "421", "closes-before-its-reply", "554-at-the-dot", "250"],
)
async def test_retry_or_one_bounce_never_both(
    tmp_path: Path, script: dict[str, object], retried: int, bounced: int
) -> None:
    async with SmtpPeer(script) as peer, house_before(peer, tmp_path, HERE) as house:  # type: ignore[arg-type]
        message = await house.accept(OUTSIDE, sender=SENDER)
        for attempt in range(1, retried + 1):
            await until(partial(_rests, house, message, attempt), "put off")
            assert bounces(peer) == []
            house.clock.advance(timedelta(hours=1))
        end = DeliveryState.RETURNED if bounced else DeliveryState.DELIVERED
        await house.until_state(message, end)
        await until(lambda: len(bounces(peer)) >= bounced, "the bounce")
        house.clock.advance(timedelta(hours=2))
        await until(partial(house.records.ask, _all_settled), "an empty queue")
        assert len(bounces(peer)) == bounced
        assert len([mail for mail in peer.mails if mail.taken and mail.sender == SENDER]) == 1 - bounced


async def test_the_bounce_of_an_authenticated_sender_is_a_report(tmp_path: Path) -> None:
    script = {f"RCPT TO:<{OUTSIDE.upper()}": REFUSED}
    async with SmtpPeer(script) as peer, house_before(peer, tmp_path, HERE) as house:
        await house.accept(OUTSIDE, sender=SENDER)
        await until(lambda: bounces(peer), "the bounce")
        message = message_from_bytes(bounces(peer)[0].body, policy=SMTP)
        assert message.get_content_type() == "multipart/report"
        assert message["Auto-Submitted"] == "auto-replied"


async def test_a_forged_sender_is_never_written_to(tmp_path: Path) -> None:
    script = {f"RCPT TO:<{OUTSIDE.upper()}": REFUSED}
    async with SmtpPeer(script) as peer, house_before(peer, tmp_path, FORGED) as house:
        message = await house.accept(OUTSIDE, sender=SENDER)
        await until(lambda: house.deliveries(message)[0].report, "a decision")
        assert house.deliveries(message)[0].report.startswith("nobody: authentication failed: spf=fail")
        assert house.states(message) == [DeliveryState.UNDELIVERABLE]
        assert bounces(peer) == []


def _rests(house: World, message: str, attempts: int) -> bool:
    one = house.deliveries(message)[0]
    waits = one.state in {DeliveryState.QUEUED, DeliveryState.UNKNOWN} and one.next_at is not None
    return one.attempts == attempts and waits


def _all_settled(connection: Connection) -> bool:
    return not deliveries.lanes(connection)
