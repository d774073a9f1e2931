"""A forward that is refused for good rests, its subscriber is told once, and mail is judged as if there were none."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from filters.mail import Forwarding
from filters.verdict import Because
from mailsvc.kit.ids import id_maker
from mailsvc.letters.post import Post
from mailsvc.notices.forward_paused import ForwardPauses, speaks_of_the_address
from mailsvc.outbox.routes import NoRoute
from mailsvc.records import audit, forward_pauses
from mailsvc.records.bodies import read_body
from mailsvc.records.deliveries import Delivery, DeliveryState
from mailsvc.records.entries import Entry
from mailsvc.records.messages import Message
from mailsvc.records.store import Records, RecordsAway
from mailsvc.records.tables import deliveries, messages
from schedules.clock import MovableClock
from schedules.names import Address
from tests.rules.gateway.house import QuietLog

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HANAKO = Address.parse("hanako@closing.example")
HOME = Address.parse("hanako.new@home.example")
CONTACT = "hanako@phone.example"
MESSAGE = Message(
    "01", "b", 3, "", NOW, "world", "192.0.2.1", "a.example", "jiro@world.example", smtputf8=False, eight_bit=False,
    trace=b"", origin="smtp",
)  # fmt: skip
DELIVERY = Delivery(
    "01-0", "01", 0, str(HOME), "Hanako+shop@closing.example", Because.FORWARDED, "smtp://x",
    DeliveryState.CLAIMED, 1, NOW, "", 1,
)  # fmt: skip
UNKNOWN = "550 5.1.1 <hanako.new@home.example>: EVILWORDS"


@dataclass
class World:
    """Pauses over real records, and the one holder of a forward."""

    records: Records
    holder: Entry | None = field(
        default_factory=lambda: Entry(
            HANAKO, contact=CONTACT, forwarding=Forwarding(HOME, confirmed=True, disclose=False, keep=False)
        )
    )
    way: bool = True

    def pauses(self) -> ForwardPauses:
        post = Post(
            self.records, sender=Address.parse("postmaster@mx.closing.example"), hostname="mx.closing.example",
            zone=ZoneInfo("Asia/Tokyo"), new_id=id_maker(MovableClock(NOW), Random()), lane=self.lane,
        )  # fmt: skip
        return ForwardPauses(
            self.records, post, self.forwarder, QuietLog(), host="mx.closing.example", zone=ZoneInfo("Asia/Tokyo")
        )

    async def forwarder(self, original: Address, target: Address) -> Entry | None:
        assert (original.domain, target) == (HANAKO.domain, HOME)
        return self.holder

    def lane(self, _: Address) -> str:
        if not self.way:
            raise NoRoute("no way outward")
        return "lane"

    async def refused(self, reply: str = UNKNOWN, delivery: Delivery = DELIVERY, *, at_rcpt: bool = True) -> bool:
        return await self.pauses().refused(delivery, MESSAGE, reply, at_rcpt=at_rcpt, now=NOW)

    def paused(self) -> list[tuple[str, str]]:
        with self.records.read() as connection:
            return [(f"{one.key}@{one.domain}", one.target) for one in forward_pauses.listing(connection)]

    def letters(self) -> list[tuple[str, str]]:
        """Recipient and body id of every letter."""
        query = select(deliveries.c.recipient, messages.c.body_id, messages.c.mail_from).join(messages)
        with self.records.read() as connection:
            rows = connection.execute(query).all()
        assert {row.mail_from for row in rows} <= {""}
        return [(row.recipient, row.body_id) for row in rows]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with Records.open(f"sqlite:///{tmp_path / 'records.db'}", create=True) as records:
        async with records.committer.running():
            yield World(records)


@pytest.mark.parametrize(
    ("reply", "at_rcpt", "anywhere"),
    [
        ("550 5.1.1 no such user", True, True),
        ("550 5.2.1 mailbox disabled", True, True),
        ("551 5.1.6 moved", True, True),
        ("556 5.1.10 null MX", True, True),
        ("553 5.1.3 bad address", True, True),
        ("550-5.1.1 several lines", True, True),
        ("550 5.7.1 not for you", True, False),
        ("550 no such user", True, False),
        ("550", True, False),
        ("551 gone", True, False),
        ("554 5.7.1 spam", True, False),
        ("550 5.2.2 mailbox full", False, False),
        ("552 5.3.4 too big", False, False),
        ("553 5.1.7 bad sender", False, False),
        ("550 5.1.8 bad sender's system", False, False),
        ("554 no", False, False),
        ("550 5.4.6 loop", False, False),
        ("550 5.7.26 unauthenticated", False, False),
        ("450 4.1.1 later", False, False),
        ("250 2.0.0 yes", False, False),
        ("4.4.1 nobody there", False, False),
        ("", False, False),
    ],
)
def test_what_speaks_of_the_address_itself(reply: str, *, at_rcpt: bool, anywhere: bool) -> None:
    assert speaks_of_the_address(reply, at_rcpt=True) == at_rcpt
    assert speaks_of_the_address(reply, at_rcpt=False) == anywhere


async def test_the_forward_rests_and_the_subscriber_is_told_by_the_contact_address(world: World) -> None:
    """KY-13: what the subscriber must know goes to the registered contact address."""
    assert await world.refused()
    assert world.paused() == [(str(HANAKO), str(HOME))]
    ((to, body_id),) = world.letters()
    assert to == CONTACT
    octets = b"".join([chunk async for chunk in read_body(world.records, body_id)])
    letter = message_from_bytes(octets, policy=default)
    text = letter.get_content()
    for words in (
        str(HOME),
        str(HANAKO),
        "5.1.1",
        "2026-11-22 12:00 JST",
        "転送を停止しました",
        "nothing is forwarded",
    ):
        assert words in text
    assert "EVILWORDS" not in text
    assert letter["Auto-Submitted"] == "auto-generated"
    with world.records.read() as connection:
        (row,) = audit.listing(connection)
    assert (row.act, row.subject, row.reason, row.detail["target"]) == (
        "forward-pause", str(HANAKO), UNKNOWN, str(HOME),
    )  # fmt: skip


async def test_it_is_told_once_however_many_are_refused_at_once(world: World) -> None:
    paused = await asyncio.gather(*(world.refused(delivery=replace(DELIVERY, number=n)) for n in range(10)))
    assert sorted(paused) == [False] * 9 + [True]
    assert len(world.letters()) == 1
    assert len(world.paused()) == 1


async def test_what_is_resumed_and_refused_again_is_told_again(world: World) -> None:
    assert await world.refused()
    resumed = world.records.act(lambda connection: forward_pauses.resume(connection, HANAKO))
    assert [(one.target, one.reply) for one in resumed] == [(str(HOME), UNKNOWN)]
    assert world.paused() == []
    assert await world.refused(delivery=replace(DELIVERY, id="02-0", message_id="02"))
    assert len(world.letters()) == 2


@pytest.mark.parametrize("contact", ["", "by telephone", str(HOME).upper()])
async def test_without_a_contact_address_that_works_it_is_told_in_the_mailbox(world: World, contact: str) -> None:
    """KY-13: a contact that cannot be reached is no reason to tell nobody."""
    assert world.holder is not None
    world.holder = replace(world.holder, contact=contact)
    assert await world.refused()
    assert [to for to, _ in world.letters()] == [str(HANAKO)]


async def test_where_no_letter_can_leave_the_forward_rests_all_the_same(world: World) -> None:
    world.way = False
    assert await world.refused()
    assert world.paused() == [(str(HANAKO), str(HOME))]
    assert world.letters() == []


@pytest.mark.parametrize("because", [one for one in Because if not one.startswith("forwarded")])
async def test_only_forwards_rest(world: World, because: Because) -> None:
    assert not await world.refused(delivery=replace(DELIVERY, because=because))
    assert world.paused() == []


async def test_a_target_that_was_changed_meanwhile_does_not_rest(world: World) -> None:
    world.holder = None
    assert not await world.refused()
    assert (world.paused(), world.letters()) == ([], [])


async def test_what_speaks_of_the_message_lets_nothing_rest(world: World) -> None:
    assert not await world.refused("554 5.7.1 spam", at_rcpt=False)
    assert world.paused() == []


async def test_records_that_are_away_cost_nothing_but_the_pause(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> bool:
        raise RecordsAway("the records are away")

    monkeypatch.setattr(world.records.committer, "commit", away)
    assert not await world.refused()
    monkeypatch.undo()
    assert (world.paused(), world.letters()) == ([], [])
    assert await world.refused()


def test_a_pause_is_of_one_address_and_one_target(world: World) -> None:
    def act(connection: object) -> list[bool]:
        paused = forward_pauses.pause(connection, HANAKO, HOME, since=NOW, reply="550 no")  # type: ignore[arg-type]
        again = forward_pauses.pause(connection, HANAKO, HOME, since=NOW + timedelta(1), reply="551")  # type: ignore[arg-type]
        return [paused, again]

    assert world.records.act(act) == [True, False]
    others = [(Address.parse("taro@closing.example"), HOME), (HANAKO, Address.parse("h@other.example"))]
    with world.records.read() as connection:
        assert forward_pauses.is_paused(
            connection, Address.parse("HANAKO@closing.example"), Address.parse(str(HOME).upper())
        )
        assert not any(forward_pauses.is_paused(connection, *one) for one in others)
