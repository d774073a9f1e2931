"""The outbox under fault: next hops, disks, leases and clocks. Nothing lost, nothing settled twice."""

import asyncio
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

import mailsvc.outbox.attempts as attempts_module
from mailsvc.kit.net import client_tls
from mailsvc.kit.targets import HopTls
from mailsvc.outbox.maildir import drop as drop_into_maildir
from mailsvc.outbox.maildir import return_path
from mailsvc.records import deliveries
from mailsvc.records.deliveries import Deferred, DeliveryState
from mailsvc.records.store import Connection, RecordsAway
from migrator.maildir.delivery import MaildirError
from tests.peers.proxy import Cut, CutProxy
from tests.peers.smtp import Answer, SmtpPeer
from tests.rules.outbox.parcels import BODY, HANAKO, JIRO, hand, parcel
from tests.rules.outbox.test_outbox import way
from tests.rules.outbox.world import PACE, TRACE, at_work, world
from tests.support.deadline import until

DELIVERED, QUEUED, NEVER = DeliveryState.DELIVERED, DeliveryState.QUEUED, DeliveryState.UNDELIVERABLE
UNKNOWN = DeliveryState.UNKNOWN
HOUR = timedelta(hours=1)


def unsure(script: dict[str, list[Answer]]) -> bool:
    """Whether the reply to the final dot is none at all."""
    return not script["end"][0].octets[:3].isdigit()


@pytest.mark.parametrize(
    ("script", "taken"),
    [
        ({"end": [Answer("451 4.3.0 later")]}, 1),
        ({"MAIL": [Answer("421 4.3.2 closing", close=True)]}, 1),
        ({"RCPT": [Answer("421 4.3.2 closing", close=True)]}, 1),
        ({"DATA": [Answer.CUT]}, 1),
        ({"end": [Answer(b"garbage\r\n")]}, 1),
        ({"connect": [Answer("554 5.3.2 closed")]}, 1),
        ({"connect": [Answer(b"220 " + b"x" * 100_000 + b"\r\n")]}, 1),
        # The hop took it and its reply was lost: once more, the same message, and one settlement.
        ({"end": [Answer(b"", close=True)]}, 1),
    ],
)
async def test_nexthop_faults_end_in_one_delivery(tmp_path: Path, script: dict[str, list[Answer]], taken: int) -> None:
    async with SmtpPeer(script) as peer, world(tmp_path, way(peer)) as here:
        outbox = here.outbox()
        async with at_work(outbox):
            message = await here.accept(JIRO)
            await until(lambda: here.deliveries(message)[0].last_reply, "the first attempt")
            assert here.states(message) == [UNKNOWN if "end" in script and unsure(script) else QUEUED]
            here.clock.advance(HOUR)
            await here.until_state(message, DELIVERED)
    assert len(peer.taken) == taken
    assert len(here.log.named("delivered")) == 1
    assert not here.log.named("undeliverable")


async def session_length() -> int:
    """How many octets a hop says in a whole session up to the reply to the final dot."""
    async with SmtpPeer() as peer, CutProxy(peer.port) as proxy:
        await hand(proxy.port, parcel(JIRO))
        await until(lambda: proxy.passed[0].to_client, "the session is over")
        return proxy.passed[0].to_client - len(b"250 2.0.0 taken\r\n221 2.0.0 bye\r\n")


@pytest.mark.parametrize("heard", [0, 3, 12])
async def test_a_lost_answer_is_repeated_once_with_the_same_octets(tmp_path: Path, heard: int) -> None:
    cut = Cut(after=await session_length() + heard)
    async with (
        SmtpPeer() as peer,
        CutProxy(peer.port, to_client=cut, times=1) as proxy,
        world(tmp_path, f"smtp://127.0.0.1:{proxy.port}?tls=none") as here,
        at_work(here.outbox()),
    ):
        message = await here.accept(JIRO)
        await until(lambda: here.deliveries(message)[0].last_reply, "the first attempt")
        assert here.deliveries(message)[0].last_reply.startswith("perhaps taken already")
        here.clock.advance(HOUR)
        await here.until_state(message, DELIVERED)
    assert [mail.body for mail in peer.taken] == [TRACE + BODY] * 2
    assert here.deliveries(message)[0].attempts == 2


async def test_a_refusal_is_final_however_often_the_outbox_starts(tmp_path: Path) -> None:
    async with SmtpPeer({"RCPT": Answer("550 5.1.1 nobody")}) as peer, world(tmp_path, way(peer)) as here:
        message = await here.accept(JIRO)
        for _ in range(2):
            async with at_work(here.outbox()):
                await here.until_state(message, NEVER)
                here.clock.advance(HOUR)
                await asyncio.sleep(3 * PACE.poll)
    assert sum(command.startswith("RCPT") for command in peer.commands) == 1


async def test_a_stale_fence_settles_nothing(tmp_path: Path) -> None:
    held_back = Event()
    late = {"end": [Answer("554 5.0.0 too late", held=held_back)]}
    async with SmtpPeer(late) as peer, world(tmp_path, way(peer)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO)
        await until(lambda: peer.mails and peer.mails[0].body, "the first attempt hangs")
        now = here.clock.now() + PACE.lease

        def steal(connection: Connection) -> bool:
            (taken,) = deliveries.claim(connection, "two", now, PACE.lease, 1)
            return deliveries.settle(connection, taken, Deferred(now + HOUR, "mine"), now)

        assert await here.records.committer.commit(steal)
        held_back.set()
        await until(lambda: here.log.named("stale"), "the first attempt ends")
        assert here.deliveries(message)[0].last_reply == "mine"
        assert here.states(message) == [QUEUED]


async def test_a_clock_that_jumps_over_the_lease_starts_nothing_twice(tmp_path: Path) -> None:
    held_back = Event()
    slow = {"end": [Answer("250 ok", held=held_back)]}
    async with SmtpPeer(slow) as peer, world(tmp_path, way(peer)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO)
        await until(lambda: peer.mails and peer.mails[0].body, "the attempt hangs")
        here.clock.wall += timedelta(days=1)
        await until(lambda: here.deliveries(message)[0].fence == 2, "the lease was claimed again")
        held_back.set()
        await here.until_state(message, DELIVERED)
    assert peer.connections == 1
    assert len(peer.taken) == 1


async def test_leases_are_renewed_while_a_slow_delivery_runs(tmp_path: Path) -> None:
    held_back = Event()
    async with SmtpPeer({"end": [Answer("250 ok", held=held_back)]}) as peer, world(tmp_path, way(peer)) as here:
        outbox = here.outbox(pace=replace(PACE, lease=timedelta(seconds=3)))
        async with at_work(outbox):
            message = await here.accept(JIRO)
            await until(lambda: peer.mails and peer.mails[0].body, "the attempt hangs")
            here.clock.advance(timedelta(seconds=2))
            await outbox.renew()
            here.clock.advance(timedelta(seconds=2))
            assert (
                await here.records.committer.commit(
                    lambda connection: deliveries.claim(connection, "two", here.clock.now(), PACE.lease, 9)
                )
                == []
            )
            held_back.set()
            await here.until_state(message, DELIVERED)
    assert peer.connections == 1


async def test_a_lease_that_ran_out_stops_before_the_final_dot(tmp_path: Path) -> None:
    held_back = Event()
    async with SmtpPeer({"DATA": [Answer("354 go on", held=held_back)]}) as peer, world(tmp_path, way(peer)) as here:
        async with at_work(here.outbox()):
            message = await here.accept(JIRO)
            await until(lambda: "DATA" in peer.commands, "DATA is asked")
            here.clock.seconds += PACE.lease.total_seconds()
            held_back.set()
            await until(lambda: here.deliveries(message)[0].last_reply, "the attempt ends")
        assert "lease" in here.deliveries(message)[0].last_reply
    assert not peer.taken


@pytest.mark.parametrize("full", [True, False])
async def test_a_disk_that_is_full_is_a_deferral(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool) -> None:
    real, failures = drop_into_maildir, [MaildirError("No space left on device", full=full)]

    def drop(*given: object, **named: object) -> object:
        if failures:
            raise failures.pop()
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(attempts_module, "drop", drop)
    async with world(tmp_path) as here, at_work(here.outbox()):
        message = await here.accept()
        await until(lambda: here.deliveries(message)[0].last_reply, "the first attempt")
        assert here.deliveries(message)[0].last_reply.startswith("4.3.1" if full else "4.3.0")
        here.clock.advance(HOUR)
        await here.until_state(message, DELIVERED)
    assert len(here.mailbox("hanako")) == 1


async def test_a_mailbox_in_the_way_is_a_deferral(tmp_path: Path) -> None:
    place = tmp_path / "mail/closing.example/hanako"
    place.parent.mkdir(parents=True)
    place.write_text("a file where a folder should be")
    async with world(tmp_path) as here, at_work(here.outbox()):
        message = await here.accept()
        await until(lambda: here.deliveries(message)[0].last_reply, "the first attempt")
        assert here.states(message) == [QUEUED]
        place.unlink()
        here.clock.advance(HOUR)
        await here.until_state(message, DELIVERED)


async def test_a_maildir_delivery_whose_settlement_was_lost_is_found_and_not_doubled(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        message = await here.accept()
        real = deliveries.settle
        lost = here.outbox()
        lost._settling._written = _nowhere  # type: ignore[method-assign,assignment]
        async with at_work(lost):
            await until(lambda: (tmp_path / "mail").exists() and here.mailbox("hanako"), "it has landed")
        assert deliveries.settle is real
        assert here.states(message) != [DELIVERED]
        here.clock.advance(HOUR)
        async with at_work(here.outbox(owner="two")):
            await here.until_state(message, DELIVERED)
    assert len(here.mailbox("hanako")) == 1
    assert "already" in here.deliveries(message)[0].last_reply


async def _nowhere(*_: object) -> object:
    raise RecordsAway("killed between the delivery and its settlement")


async def test_a_settlement_waits_for_records_that_are_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SmtpPeer() as peer, world(tmp_path, way(peer)) as here:
        failures = [RecordsAway("locked")] * 3
        real = deliveries.settle

        def settle(*given: object) -> bool:
            if failures:
                raise failures.pop()
            return real(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(deliveries, "settle", settle)
        async with at_work(here.outbox()):
            message = await here.accept(JIRO)
            await here.until_state(message, DELIVERED)
        assert len(here.log.named("a settlement waits for the records")) == 3
    assert len(peer.taken) == 1


async def test_records_away_while_the_body_is_read_is_a_deferral(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> object:
        yield b"Subject: half\r\n"
        raise RecordsAway("the disk is slow")

    monkeypatch.setattr(attempts_module, "read_body", away)
    async with SmtpPeer() as peer, world(tmp_path, way(peer)) as here, at_work(here.outbox()):
        message = await here.accept(JIRO)
        await until(lambda: here.deliveries(message)[0].last_reply, "the attempt")
        assert here.states(message) == [QUEUED]
    assert not peer.taken


async def test_a_fault_of_the_program_costs_no_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, faults = drop_into_maildir, [ZeroDivisionError()]

    def drop(*given: object, **named: object) -> object:
        if faults:
            raise faults.pop()
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(attempts_module, "drop", drop)
    async with world(tmp_path) as here, at_work(here.outbox()):
        message = await here.accept(HANAKO)
        await until(lambda: here.deliveries(message)[0].last_reply, "the first attempt")
        assert here.log.named("an attempt failed by a fault of the program")
        here.clock.advance(HOUR)
        await here.until_state(message, DELIVERED)


async def test_a_hop_whose_tls_is_broken_gets_its_mail_in_clear_where_tls_is_a_courtesy(tmp_path: Path) -> None:
    broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate no handshake succeeds
    async with SmtpPeer(starttls=broken) as peer, world(tmp_path, f"smtp://127.0.0.1:{peer.port}") as here:
        means = replace(here.means(), contexts={HopTls.STARTTLS: client_tls(verify=False)})
        async with at_work(here.outbox(means=means)):
            message = await here.accept(JIRO)
            await here.until_state(message, DELIVERED)
    assert peer.connections == 2


def test_a_return_path_cannot_add_a_header() -> None:
    assert return_path("a@x.example") == b"Return-Path: <a@x.example>\r\n"
    assert return_path("a@x.example\r\nBcc: b@y.example") == b"Return-Path: <>\r\n"
