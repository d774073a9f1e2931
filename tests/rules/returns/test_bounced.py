"""Bounces that come back: the sender hears of the address that was written to, never of the new one."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message as Parsed
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from filters.verdict import Because
from mailsvc.kit.ids import id_maker
from mailsvc.kit.secrets import Secret
from mailsvc.kit.srs import Srs
from mailsvc.records import messages
from mailsvc.records.bodies import BodyWriter, StagedBody
from mailsvc.records.deliveries import NewDelivery
from mailsvc.records.messages import Message
from mailsvc.records.store import Records
from mailsvc.returns.bounce_reading import BOUNCE_LIMIT
from mailsvc.returns.bounced import AsItCame, Bounced, Rewritten, Unrecognised
from schedules.clock import MovableClock
from schedules.names import Address, DomainName
from tests.rules.returns.bounces import HANAKO, HOME, JIRO, ORIGINAL, group, header, report

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SRS = Srs(DomainName("srs.surviving.example"), [Secret("a secret")])


class World:
    """Records with messages that were forwarded, and the bounces of their next hops."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.new_id = id_maker(MovableClock(AT), Random(5))
        self.bounced = Bounced(
            records, SRS, author=Address.parse("postmaster@mx.closing.example"), hostname="mx.closing.example",
            zone=ZoneInfo("Asia/Tokyo"),
        )  # fmt: skip

    async def staged(self, octets: bytes) -> StagedBody:
        writer = BodyWriter(self.records, self.new_id, lambda: AT)
        await writer.write(octets)
        return await writer.finish()

    async def forwarded(self, *news: NewDelivery, sender: str = JIRO) -> str:
        """The id of a message that went on to these."""
        staged, name = await self.staged(ORIGINAL + b"\r\nHello\r\n"), self.new_id()
        message = Message(
            name, staged.id, staged.size, staged.sha256, AT, "world", "192.0.2.1", "a.example", sender,
            smtputf8=False, eight_bit=False, trace=b"", origin="smtp", envid="QQ314159",
        )  # fmt: skip
        await messages.accept(self.records, message, news or (forward(),), staged)
        return name

    async def back(self, bounce: bytes, asked: str | None = None) -> AsItCame | Rewritten | Unrecognised:
        address = Address.parse(asked or SRS.forward(JIRO, at=AT))
        return await self.bounced.back(await self.staged(bounce), address, key="K1", now=AT)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with Records.open(f"sqlite:///{tmp_path / 'records.db'}", create=True) as records:
        async with records.committer.running():
            yield World(records)


def forward(original: str = HANAKO, to: str = HOME, because: Because = Because.FORWARDED) -> NewDelivery:
    return NewDelivery(to, original, because, "smtp://x")


def parts(octets: bytes) -> Sequence[Parsed]:
    found = message_from_bytes(octets)
    assert found.get_content_type() == "multipart/report"
    return [part for part in found.walk() if not part.is_multipart()]


def text_of(octets: bytes) -> str:
    """Everything a person or a program can read in it."""
    payloads = [part.get_payload(decode=True) for part in parts(octets)]
    return octets.decode() + "".join(one.decode() for one in payloads if isinstance(one, bytes))


def status_fields(octets: bytes) -> Parsed:
    found = next(
        part for part in message_from_bytes(octets).walk() if part.get_content_type() == "message/delivery-status"
    )
    payload = found.get_payload()
    assert isinstance(payload, list)
    second = payload[1]
    assert not isinstance(second, str)
    return second


async def test_a_report_is_written_anew_and_names_the_address_that_was_written_to(world: World) -> None:
    name = await world.forwarded()
    found = await world.back(report(header(name), group()))
    assert isinstance(found, Rewritten)
    fields = status_fields(found.octets)
    assert fields["Final-Recipient"] == f"rfc822; {HANAKO}"
    assert (fields["Action"], fields["Status"], fields["Diagnostic-Code"]) == ("failed", "5.1.1", None)
    told = text_of(found.octets)
    assert HANAKO in told
    assert "Subject: lunch" in told
    assert "home.example" not in told
    whole = message_from_bytes(found.octets)
    assert (whole["To"], whole["In-Reply-To"]) == (JIRO, "<1@world.example>")
    assert "QQ314159" in found.octets.decode()
    assert not found.smtputf8


@pytest.mark.parametrize("because", [Because.FORWARDED, Because.FORWARDED_DISCLOSED])
async def test_one_forwarded_message_is_no_way_to_write_to_its_sender_without_end(
    world: World, because: Because
) -> None:
    name = await world.forwarded(forward(because=because))
    found = [await world.back(report(header(name), group())) for _ in range(20)]
    assert len([one for one in found if not isinstance(one, Unrecognised)]) == 8
    other = await world.forwarded()
    assert isinstance(await world.back(report(header(other), group())), Rewritten)


async def test_what_failed_for_good_is_told_to_whoever_pauses_forwards(world: World) -> None:
    name = await world.forwarded()
    found = await world.back(report(header(name), group(status="5.1.1")))
    assert isinstance(found, Rewritten)
    assert found.refused is not None
    assert (found.refused.message.id, found.refused.delivery.recipient) == (name, HOME)
    assert found.refused.reply.startswith("550 5.1.1 ")
    delayed = await world.back(report(header(name), group("delayed", "4.4.1")))
    assert isinstance(delayed, Rewritten)
    assert delayed.refused is None
    assert status_fields(delayed.octets)["Action"] == "delayed"


async def test_with_consent_it_passes_as_it_came(world: World) -> None:
    name = await world.forwarded(forward(because=Because.FORWARDED_DISCLOSED))
    found = await world.back(report(header(name), group()))
    assert isinstance(found, AsItCame)
    assert found.refused is not None


async def test_one_who_consents_does_not_speak_for_another(world: World) -> None:
    taro = "taro@closing.example"
    name = await world.forwarded(forward(because=Because.FORWARDED_DISCLOSED), forward(taro, "taro@home.example"))
    silent = await world.back(report(header(name, taro), group(recipient="taro@home.example")))
    assert isinstance(silent, Rewritten)
    assert status_fields(silent.octets)["Final-Recipient"] == f"rfc822; {taro}"
    assert isinstance(await world.back(report(header(name, HANAKO), group())), AsItCame)


async def test_two_that_forward_to_one_address_are_told_apart(world: World) -> None:
    taro = "taro@closing.example"
    name = await world.forwarded(forward(), forward(taro))
    found = await world.back(report(header(name, taro), group()))
    assert isinstance(found, Rewritten)
    assert status_fields(found.octets)["Final-Recipient"] == f"rfc822; {taro}"


async def test_a_bounce_in_plain_words_says_5_0_0(world: World) -> None:
    name = await world.forwarded()
    bounce = (
        b"From: MAILER-DAEMON@home.example\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program.\r\n"
        b"<" + HOME.encode() + b">:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        b"--- Below this line is a copy of the message.\r\n\r\n" + header(name) + b"\r\nHello\r\n"
    )
    found = await world.back(bounce)
    assert isinstance(found, Rewritten)
    assert status_fields(found.octets)["Status"] == "5.0.0"
    assert HOME not in text_of(found.octets)
    assert found.refused is None


async def test_a_bounce_that_another_rewriting_host_sends_on_is_known_too(world: World) -> None:
    name = await world.forwarded()
    twice = SRS.forward(SRS.forward(JIRO, at=AT), at=AT)
    assert isinstance(await world.back(report(header(name), group()), twice), Rewritten)


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
async def test_line_ends_do_not_matter(world: World, newline: bytes) -> None:
    name = await world.forwarded()
    found = await world.back(report(header(name), group("failed", "5.2.1"), newline=newline))
    assert isinstance(found, Rewritten)
    assert status_fields(found.octets)["Status"] == "5.2.1"


async def test_what_is_about_no_forward_of_ours_is_refused(world: World) -> None:
    name = await world.forwarded()
    other = await world.forwarded(sender="taro@world.example")
    never = await world.forwarded(NewDelivery(HOME, HOME, Because.OUTWARD, "smtp://x"))
    for bounce in (
        b"Subject: out of office\r\n\r\nI am away, write to " + HOME.encode() + b"\r\n",
        report(header(other), group()),
        report(header(never), group()),
        report(header("01ARZ3NDEKTSV4RRFFQ69G5FAV"), group()),
        b"",
    ):
        found = await world.back(bounce)
        assert isinstance(found, Unrecognised)
        assert str(found.reply).startswith("550 5.7.1 ")
    forged = SRS.forward(JIRO, at=AT).replace("jiro", "taro")
    assert isinstance(await world.back(report(header(name), group()), forged), Unrecognised)


async def test_a_returned_field_that_holds_the_new_address_is_left_out(world: World) -> None:
    name = await world.forwarded()
    returned = header(name).replace(b"To: hanako@closing.example", b"To: Hanako.New@home.example")
    found = await world.back(report(returned, group()))
    assert isinstance(found, Rewritten)
    assert "hanako.new" not in text_of(found.octets).lower()


async def test_returned_octets_cannot_break_the_report(world: World) -> None:
    name = await world.forwarded()
    returned = header(name).replace(b"Subject: lunch", b"Subject: \r\x00\xff --B lunch\r\n folded")
    found = await world.back(report(returned, group()))
    assert isinstance(found, Rewritten)
    assert b"\r" not in found.octets.replace(b"\r\n", b"")
    assert b"\n" not in found.octets.replace(b"\r\n", b"")
    assert len(parts(found.octets)) >= 3


async def test_a_giant_bounce_is_read_at_its_start_only(world: World) -> None:
    name = await world.forwarded()
    assert isinstance(await world.back(report(header(name), group()) + b"x" * 3_000_000), Rewritten)
    assert isinstance(await world.back(b"x" * BOUNCE_LIMIT + b"\r\n\r\n" + header(name)), Unrecognised)


async def test_the_same_bounce_is_the_same_report(world: World) -> None:
    name = await world.forwarded()
    first, second = [await world.back(report(header(name), group())) for _ in range(2)]
    assert first == second
