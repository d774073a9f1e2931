"""A server that means harm: numbers, dates, names and floods that no honest one sends end nothing but themselves."""

import tracemalloc
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from migrator.journals.file import JournalFile
from migrator.mailbox import INBOX, MailboxAway, MailboxError, Message, Source, Target, Wanted
from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from schedules.clock import SystemClock
from tests.faults.imap.ends import letter, octets, read, source, target
from tests.peers.imap import Reply, Script, literal
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.rules.migrator.maildir.trees import folder, lay


async def moved(old: Source, new: Target, tmp_path: Path) -> Receipt:
    with JournalFile.open(tmp_path / "j", source="a", target="b") as journal:
        return await move(old, new, journal, clock=SystemClock())


async def moved_here(boxes: dict[str, Box], tmp_path: Path, script: Script | None = None) -> Receipt:
    """From a scripted server into a Maildir."""
    async with BoxPeer(boxes, script=script) as peer, source(peer.port, tmp_path) as old:
        return await moved(old, maildir(tmp_path), tmp_path)


def top(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


def maildir(tmp_path: Path) -> MaildirTarget:
    return MaildirTarget(tmp_path / "new", move="m", host="store")


async def test_numbers_that_were_never_given_have_not_vanished(tmp_path: Path) -> None:
    box = Box([Mail(1, letter(1)), Mail(2, letter(2))])
    async with BoxPeer({"INBOX": box}) as peer, source(peer.port, tmp_path) as old:
        new = maildir(tmp_path)
        await moved(old, new, tmp_path)
        box.mails += [Mail(20, letter(20)), Mail(30, letter(30)), Mail(4_000_000_000, letter(3))]
        receipt = await moved(old, new, tmp_path)
        assert len(peer.said("UID SEARCH")) == 0
    (inbox,) = receipt.folders
    assert (inbox.found, inbox.copied, inbox.vanished, receipt.complete) == (5, 5, (), True)


@pytest.mark.parametrize("date", ["01-Jan-0001 00:00:00 +0900", "31-Dec-9999 23:59:59 -0900", "00-Jan-0000 1:1:1 +9"])
async def test_a_date_at_the_edge_of_time_is_kept(date: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as ends:
        here = await ends.enter_async_context(BoxPeer({"INBOX": Box([Mail(1, letter(1), date=date.encode())])}))
        there = await ends.enter_async_context(BoxPeer())
        old = await ends.enter_async_context(source(here.port, tmp_path))
        new = await ends.enter_async_context(target(there.port))
        assert (await moved(old, new, tmp_path)).complete
        (mail,) = there.boxes["INBOX"].mails
    assert mail.date.decode() == (date if "0000" not in date else "01-Jan-1970 00:00:00 +0000")


@pytest.mark.parametrize("uids", ["9" * 30, "4294967296", "0", "1:4294967295", "4294967295:1", "1,2", "9" * 4_500])
async def test_an_appenduid_that_no_message_has_is_not_believed(uids: str, tmp_path: Path) -> None:
    script = {"APPEND": Reply(tagged=f"OK [APPENDUID 7 {uids}] taken".encode())}
    lay(folder(tmp_path / "old"), "1.a")
    async with BoxPeer(script=script) as peer, target(peer.port) as new:
        receipt = await moved(MaildirSource(tmp_path / "old"), new, tmp_path)
    assert [one.no_longer_there for one in receipt.folders] == [1]
    assert receipt.findings


@pytest.mark.parametrize("uidnext", ["9223372036854775807", "18446744073709551616", "9" * 4_500])
async def test_a_uidnext_beyond_all_numbers_is_none(uidnext: str, tmp_path: Path) -> None:
    lay(folder(tmp_path / "old"), "1.a")
    said = Reply([f'* STATUS "INBOX" (MESSAGES 0 UIDNEXT {uidnext} UIDVALIDITY 7)'.encode()])
    async with BoxPeer(script={"STATUS": said}) as peer, target(peer.port) as new:
        receipt = await moved(MaildirSource(tmp_path / "old"), new, tmp_path)
        assert not peer.said("APPEND")
    assert any("does not say how it is numbered" in finding for finding in receipt.findings)


@pytest.mark.parametrize("uidvalidity", [0, 2**40, 2**63 - 1])
async def test_an_odd_uidvalidity_is_a_number_like_any_other(uidvalidity: int, tmp_path: Path) -> None:
    receipt = await moved_here({"INBOX": Box([Mail(1, letter(1))], uidvalidity=uidvalidity)}, tmp_path)
    assert (receipt.found, receipt.complete) == (1, True)


async def test_sizes_that_no_message_has_overflow_nothing(tmp_path: Path) -> None:
    boxes = {"INBOX": Box(), "A": Box([Mail(uid, letter(uid), size=2**62) for uid in range(1, 5)])}
    async with AsyncExitStack() as ends:
        here = await ends.enter_async_context(BoxPeer(boxes))
        there = await ends.enter_async_context(BoxPeer(script={"CREATE": Reply(tagged=b"NO never")}))
        old = await ends.enter_async_context(source(here.port, tmp_path))
        new = await ends.enter_async_context(target(there.port))
        assert (await moved(old, new, tmp_path)).refused == 4


async def test_a_folder_opened_without_its_number_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = {"EXAMINE": Reply([b"* 1 EXISTS"])}
    with pytest.raises(MailboxAway, match="without saying how it is numbered"):
        await moved_here({"INBOX": Box([Mail(1, letter(1))])}, tmp_path, script)
    assert "Stream._ask" not in caplog.text


async def test_names_that_are_none_become_some(tmp_path: Path) -> None:
    names = (b'""', b'"/"', b'"//a"', b"NIL", b"inbox", b'"../../x"', b'"\x1b[2J\xe2\x80\xae"', b'"a\x00b"', b'"~root"')
    script = {"LIST": Reply([b'* LIST () "/" INBOX', *(b'* LIST () "/" ' + name for name in names)])}
    counts = Reply([b'* STATUS "x" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1)'])
    receipt = await moved_here({"INBOX": Box()}, tmp_path, {**script, "STATUS": counts, "LSUB": Reply()})
    assert len(receipt.folders) == len(names) + 1
    assert top(tmp_path) == ["j", "new"]
    assert all(name.startswith(".") or name in {"cur", "new", "tmp"} for name in top(tmp_path / "new"))


async def test_a_delimiter_of_many_signs_ends_the_line(tmp_path: Path) -> None:
    script = {"LIST": Reply([b'* LIST () "xx" "axxb"'])}
    with pytest.raises(MailboxAway, match="part the levels"):
        await moved_here({"INBOX": Box()}, tmp_path, script)


async def test_a_server_that_lists_folders_for_ever_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.imap.folders.FOLDERS_LIMIT", 50)
    script = {"LIST": Reply([b'* LIST () "/" "n%d"' % number for number in range(51)])}
    with pytest.raises(MailboxAway, match="more than 50 folders"):
        await moved_here({"INBOX": Box()}, tmp_path, script)


@pytest.mark.parametrize(
    "lie",
    [
        b"* 1 FETCH (X " + b"a" * 16_000_000 + b")",
        b"* 1 FETCH (" + b"()" * 4_000_000 + b")",
        b'* 1 FETCH (X "' + b"\\a" * 4_000_000 + b'")',
        b"* 1 FETCH (UID 1" + (b" " + literal(b"x" * 200_000)) * 200 + b")",
    ],
    ids=["atom", "lists", "quoted", "literals"],
)
async def test_one_response_takes_little_memory(lie: bytes, tmp_path: Path) -> None:
    mail = Mail(1, letter(1), lies=[lie])
    async with BoxPeer({"INBOX": Box([mail])}) as peer, source(peer.port, tmp_path) as old:
        tracemalloc.start()
        with pytest.raises(MailboxAway):
            await read(old)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 150_000_000  # the line itself, and what the scripted server has of it


async def test_flags_alone_do_not_pile_up(tmp_path: Path) -> None:
    """What has no content weighs something too: the line is held while nobody takes it."""
    flags = " ".join(f"k{number}" for number in range(1_000))
    mails = [Mail(uid, b"", flags) for uid in range(1, 500)]
    async with BoxPeer({"INBOX": Box(mails)}) as peer, source(peer.port, tmp_path) as old:
        found = [one async for one in old.messages([Wanted(INBOX)])]
    assert len(found) == 499
    assert all(isinstance(one, Message) and len(one.item.flags) == 1_000 for one in found)


async def test_more_capabilities_than_fit_a_screen_count() -> None:
    can = " ".join(f"X-OF-THIS-SERVER-ALONE-{number}" for number in range(60)) + " LITERAL+"
    logged_in = Reply(tagged=b"OK [CAPABILITY IMAP4rev1 " + can.encode() + b"] in")
    async with BoxPeer(can="", script={"LOGIN": logged_in}) as peer, target(peer.port) as new, new.asking() as session:
        assert "LITERAL+" in session.can


async def test_more_keywords_than_fit_a_screen_are_kept(tmp_path: Path) -> None:
    keeps = " ".join(f"a-keyword-of-many-signs-{number}" for number in range(60)) + " \\*"
    async with AsyncExitStack() as ends:
        mails = [Mail(uid, letter(uid), "$mine") for uid in (1, 2)]
        here = await ends.enter_async_context(BoxPeer({"INBOX": Box(mails)}))
        there = await ends.enter_async_context(BoxPeer({"INBOX": Box(keeps=keeps)}))
        old = await ends.enter_async_context(source(here.port, tmp_path))
        new = await ends.enter_async_context(target(there.port))
        (inbox,) = (await moved(old, new, tmp_path)).folders
        assert [mail.flags for mail in there.boxes["INBOX"].mails] == ["$mine"] * 2
    assert inbox.notes == ()


async def test_keywords_without_number_are_named_up_to_a_hundred(tmp_path: Path) -> None:
    flags = " ".join(f"k{number}" for number in range(2_000))
    (inbox,) = (await moved_here({"INBOX": Box([Mail(1, letter(1), flags)])}, tmp_path)).folders
    assert len(inbox.notes) == 101
    assert inbox.notes[-1] == "the target does not keep more flags than are named here"


async def test_a_flood_of_challenges_is_answered_once(tmp_path: Path) -> None:
    flood = Reply([b"+ " + b"A" * 1_000] * 500, tagged=b"NO no")
    async with BoxPeer(can="AUTH=PLAIN SASL-IR", script={"AUTHENTICATE": flood}) as peer:
        with pytest.raises(MailboxError, match=r"answers what nobody asked|AUTHENTICATE PLAIN was refused"):
            async with source(peer.port, tmp_path):
                pytest.fail("there is no way in")
        assert len(peer.commands) <= 3


@pytest.mark.parametrize("can", ["", "AUTH=PLAIN SASL-IR", "AUTH=PLAIN"])
async def test_a_server_that_repeats_the_password_is_not_repeated(can: str, tmp_path: Path) -> None:
    whole = b"AGhhbmFrb0BjbG9zaW5nLmV4YW1wbGUAcHctc2VjcmV0"
    no = Reply(tagged=b"NO [AUTHENTICATIONFAILED] pw-secret, or " + whole + b", is wrong")
    script = {"LOGIN": no, "AUTHENTICATE PLAIN ": no, "AUTHENTICATE": Reply([b"+ "], tagged=no.tagged)}
    async with BoxPeer(can=can, script=script) as peer:
        with pytest.raises(MailboxError) as told:
            async with source(peer.port, tmp_path, password="pw-secret"):
                pytest.fail("there is no way in")
    assert "pw-secret" not in str(told.value)
    assert whole.decode() not in str(told.value)
    assert "is wrong" in str(told.value) or can == "AUTH=PLAIN"


async def test_a_message_given_for_another_is_not_taken(tmp_path: Path) -> None:
    lie = b"* 1 FETCH (UID 9 FLAGS () RFC822.SIZE 1 BODY[] {1}\r\nx)"
    twice = b"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 1 BODY[] {1}\r\na)"
    boxes = {"INBOX": Box([Mail(1, b"a", lies=[lie + b"\r\n" + twice + b"\r\n" + twice])])}
    async with BoxPeer(boxes) as peer, source(peer.port, tmp_path) as old:
        assert [octets(one) for one in await read(old, uids=(range(1, 2),))] == [b"a"]
