"""What a sender wants to be told travels with the mail (RFC 3461 5.2), and who will tell it is written down."""

from dataclasses import replace
from pathlib import Path

import pytest

from filters.verdict import Because
from mailsvc.outbox.parcel import Asked, Parcel
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter
from mailsvc.records.deliveries import DeliveryState, NewDelivery
from mailsvc.records.messages import Message
from schedules.names import Address
from tests.peers.smtp import EXTENSIONS, SmtpPeer
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO, hand, parcel
from tests.rules.outbox.world import TRACE, World, at_work, world

KNOWS = (*EXTENSIONS, "DSN")
GORO = "goro@closing.example"


def asking(ret: str = "hdrs", envid: str = "QQ+3D1", **asked: Asked) -> Parcel:
    return replace(
        parcel(HANAKO, GORO), ret=ret, envid=envid, asked={f"{who}@closing.example": one for who, one in asked.items()}
    )


async def test_a_hop_that_knows_dsn_hears_what_was_asked() -> None:
    async with SmtpPeer(extensions=KNOWS) as peer:
        answers = await hand(peer.port, asking(hanako=Asked("success,failure", "rfc822;h+2B@x.example")))
    assert peer.commands[1].endswith(" RET=HDRS ENVID=QQ+3D1")
    assert peer.commands[2:4] == [
        f"RCPT TO:<{HANAKO}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;h+2B@x.example",
        f"RCPT TO:<{GORO}>",
    ]
    assert all(answer.dsn_passed for answer in answers.values())


async def test_a_lesser_hop_hears_nothing_of_it() -> None:
    async with SmtpPeer() as peer:
        answers = await hand(peer.port, asking(hanako=Asked("never", "rfc822;h@x.example")))
    assert not [command for command in peer.commands if "NOTIFY" in command or "RET" in command]
    assert not any(answer.dsn_passed for answer in answers.values())


@pytest.mark.parametrize(
    ("ret", "envid", "asked"),
    [
        ("all", "a b", Asked("sometimes", "rfc822;a b@x.example")),
        ("FULL\r\nDATA", "x\r\nRSET", Asked("never\r\n", "rfc822;a\r\nRSET")),
        ("", "あ", Asked("", "utf-8;あ@x.example")),
    ],
)
async def test_what_may_not_stand_in_a_parameter_is_left_out(ret: str, envid: str, asked: Asked) -> None:
    async with SmtpPeer(extensions=KNOWS) as peer:
        await hand(peer.port, asking(ret, envid, hanako=asked))
    assert len(peer.taken) == 1
    assert not [one for one in peer.commands if any(word in one for word in ("RET=", "ENVID", "NOTIFY", "ORCPT"))]


async def accepted(here: World, *news: NewDelivery) -> str:
    writer = BodyWriter(here.records, here._new_id, here.clock.now)
    await writer.write(BODY)
    staged = await writer.finish()
    message = Message(
        here._new_id(), staged.id, staged.size, staged.sha256, here.clock.now(), "submission", "192.0.2.1", "a.example",
        JIRO, smtputf8=False, eight_bit=False, trace=TRACE, origin="smtp", ret="full", envid="Q1",
    )  # fmt: skip
    await messages.accept(here.records, message, news, staged)
    return message.id


def new(here: World, recipient: str, notify: str) -> NewDelivery:
    lane = here.routes.lane(Address.parse(recipient))
    return NewDelivery(recipient, recipient, Because.LIVE, lane, notify, f"rfc822;{recipient}")


@pytest.mark.parametrize(("extensions", "told_by_us"), [(KNOWS, False), (EXTENSIONS, True)])
async def test_success_is_told_by_the_hop_or_else_by_us(
    tmp_path: Path, extensions: tuple[str, ...], told_by_us: bool
) -> None:
    async with (
        SmtpPeer(extensions=extensions) as peer,
        world(tmp_path, f"smtp://127.0.0.1:{peer.port}?tls=none") as here,
    ):
        async with at_work(here.outbox()):
            message = await accepted(here, new(here, JIRO, "success"), new(here, "b@x.example", "failure"))
            await here.until_state(message, DeliveryState.DELIVERED, DeliveryState.DELIVERED)
        success, failure = here.deliveries(message)
        assert (success.relayed_at == here.clock.now()) is told_by_us
        assert failure.relayed_at is None
    assert (" RET=FULL ENVID=Q1" in peer.commands[1]) is not told_by_us


async def test_a_mailbox_of_ours_writes_no_dsn_so_that_we_must(tmp_path: Path) -> None:
    async with world(tmp_path) as here, at_work(here.outbox()):
        message = await accepted(here, new(here, HANAKO, "success"))
        await here.until_state(message, DeliveryState.DELIVERED)
        assert here.deliveries(message)[0].relayed_at is not None
