"""`fetch-lies`: a source that answers NIL, another size, another UID or nothing is noticed, asked again, and named."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrator.mailbox import Message, Missing
from tests.faults.imap.ends import letter, octets, read, source
from tests.peers.imap import Command, Reply, literal
from tests.peers.imap_box import DATE, Box, BoxPeer, Mail

NIL = b"* 1 FETCH (UID 2 FLAGS () RFC822.SIZE 40 BODY[] NIL)"
EVER = 9


def given(uid: int, octets: bytes, size: int) -> bytes:
    return b'* 1 FETCH (UID %d FLAGS () INTERNALDATE "%s" RFC822.SIZE %d BODY[] ' % (uid, DATE, size) + (
        literal(octets) + b")"
    )


def box(*lies: bytes) -> dict[str, Box]:
    return {"INBOX": Box([Mail(1, letter(1)), Mail(2, letter(2), lies=list(lies)), Mail(3, letter(3))])}


LIES = {
    "NIL": NIL,
    "nothing": b"",
    "another UID": given(77, letter(2), len(letter(2))),
    "another size": given(2, letter(2)[:9], len(letter(2))),
    "the first once more": given(1, letter(2), len(letter(2))),
    "flags alone": b"* 2 FETCH (UID 2 FLAGS (\\Seen))",
    "no UID": b"* 2 FETCH (BODY[] " + literal(letter(2)) + b")",
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_was_a_lie_once_is_read_when_it_is_asked_again(lie: str, tmp_path: Path) -> None:
    async with BoxPeer(box(LIES[lie])) as peer, source(peer.port, tmp_path) as old:
        found = await read(old, uids=(range(1, 4),))
    assert {one.item.uid: octets(one) for one in found if isinstance(one, Message)} == {
        1: letter(1),
        2: letter(2),
        3: letter(3),
    }
    assert len(found) == 3


@pytest.mark.parametrize("lie", [name for name in LIES if name != "another size"])
async def test_what_stays_a_lie_is_named_and_the_rest_is_read(lie: str, tmp_path: Path) -> None:
    async with BoxPeer(box(*[LIES[lie]] * EVER)) as peer, source(peer.port, tmp_path) as old:
        found = await read(old, uids=(range(1, 4),))
    assert [one.item.uid for one in found if isinstance(one, Message)] == [1, 3]
    (missing,) = [one for one in found if isinstance(one, Missing)]
    assert (missing.uid, missing.gone) == (2, False)
    assert missing.why


async def test_a_message_that_does_not_come_is_missed_where_all_are_wanted(tmp_path: Path) -> None:
    async with BoxPeer(box(*[b""] * EVER)) as peer, source(peer.port, tmp_path) as old:
        found = await read(old)
    assert [one.uid for one in found if isinstance(one, Missing)] == [2]


async def test_octets_that_change_with_every_reading_are_not_believed(tmp_path: Path) -> None:
    changing = [given(2, letter(2)[:cut], 99) for cut in range(5, 15)]
    async with BoxPeer(box(*changing)) as peer, source(peer.port, tmp_path) as old:
        found = await read(old, uids=(range(1, 4),))
    (missing,) = [one for one in found if isinstance(one, Missing)]
    assert "announces 99 octets" in missing.why


async def test_a_server_that_always_miscounts_is_believed_once_it_gives_the_same_twice(tmp_path: Path) -> None:
    mails = [Mail(uid, letter(uid), size=len(letter(uid)) + 20) for uid in range(1, 9)]
    async with BoxPeer({"INBOX": Box(mails), "b": Box(mails)}) as peer, source(peer.port, tmp_path) as old:
        found = await read(old)
        assert [octets(one) for one in found] == [letter(uid) for uid in range(1, 9)]
        assert all(one.item.size != one.content.size for one in found if isinstance(one, Message))
        asked = len(peer.said("UID FETCH"))
        assert len(await read(old, ("b",))) == 8
        assert len(peer.said("UID FETCH")) == asked + 1


@pytest.mark.parametrize("refused", [b"NO cannot be read", b"BAD never"])
async def test_a_fetch_that_is_refused_for_one_message_costs_that_one_alone(refused: bytes, tmp_path: Path) -> None:
    class Refusing(BoxPeer):
        def answer(self, command: Command, session: dict[str, str]) -> Reply:
            reply = super().answer(command, session)
            if command.text.startswith(b"UID FETCH") and b"BODY" in command.text:
                kept = [line for line in reply.untagged if b"(UID 2 " not in line]
                if len(kept) != len(reply.untagged):
                    return Reply(kept[:1], refused)
            return reply

    async with Refusing(box()) as peer, source(peer.port, tmp_path) as old:
        found = await read(old, uids=(range(1, 4),))
    assert sorted(one.item.uid for one in found if isinstance(one, Message)) == [1, 3]
    (missing,) = [one for one in found if isinstance(one, Missing)]
    assert (missing.uid, refused.split(b" ", 1)[1].decode() in missing.why) == (2, True)


async def test_a_date_that_is_none_is_taken_from_the_message(tmp_path: Path) -> None:
    dated = b"Date: Wed, 17 Jul 1996 02:44:25 -0700\r\n\r\n"
    mails = [
        Mail(1, dated, date=b"yesterday"),
        Mail(2, b"no date\r\n\r\n", date=b"?"),
        Mail(3, b"Date: x\r\n\r\n", date=b""),
    ]
    async with BoxPeer({"INBOX": Box(mails)}) as peer, source(peer.port, tmp_path) as old:
        found = await read(old)
    assert [one.date.year for one in found if isinstance(one, Message)] == [1996, 1970, 1970]


@pytest.mark.parametrize("zone", [b" -0000", b" +0000", b""])
async def test_a_date_that_names_no_zone_is_utc_wherever_it_is_read(
    zone: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        mails = [Mail(1, b"Date: Wed, 17 Jul 1996 02:44:25" + zone + b"\r\n\r\n", date=b"")]
        async with BoxPeer({"INBOX": Box(mails)}) as peer, source(peer.port, tmp_path) as old:
            (found,) = await read(old)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert isinstance(found, Message)
    assert found.date == datetime(1996, 7, 17, 2, 44, 25, tzinfo=UTC)
