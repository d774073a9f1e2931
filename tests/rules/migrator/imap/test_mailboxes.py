"""Mailboxes on servers of every kind: with all extensions, with some, and with plain IMAP4rev1."""

import asyncio
from pathlib import Path

import pytest

from migrator.imap.sessions import Access
from migrator.imap.source import ImapSource
from migrator.mailbox import INBOX, FolderState, MailFolder, Room, Shortfall, SpecialUse, StaleFolder, Wanted
from tests.faults.imap.ends import access, letter, listed, message, octets, read, source, target
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.proxy import CutProxy

ALL = "UIDPLUS LITERAL+ MULTIAPPEND UNSELECT NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE STATUS=SIZE ID"
CANS = {"everything": ALL, "some": "NAMESPACE UIDPLUS LITERAL-", "plain": ""}


def boxes() -> dict[str, Box]:
    return {
        "INBOX": Box([Mail(1, letter(1)), Mail(5, letter(5), "\\Seen Neu \\Recent")], subscribed=True),
        "Old/2019": Box([Mail(3, letter(3))], uidvalidity=9),
        "Old": Box(attributes="\\Noselect"),
        "Post": Box(attributes="\\Sent"),
    }


@pytest.mark.parametrize("can", CANS)
async def test_folders_and_their_counts(can: str, tmp_path: Path) -> None:
    async with BoxPeer(boxes(), can=CANS[can]) as peer, source(peer.port, tmp_path) as old:
        folders = {one.name: one for one in await old.folders()}
        assert folders[INBOX].state == FolderState(7, 6, 2)
        assert folders["Old", "2019"].state == FolderState(9, 4, 1)
        assert not folders["Old",].holds_messages
        assert folders["Old",].state is None
        assert [name for name, one in folders.items() if one.subscribed] == [INBOX]
        assert folders["Post",].special_use is SpecialUse.SENT
        assert (folders[INBOX].octets == len(letter(1)) * 2) == ("STATUS=SIZE" in CANS[can])
        items = await listed(old, INBOX)
        assert [(one.uid, one.flags) for one in items] == [(1, frozenset()), (5, {"\\Seen", "Neu"})]
        assert [octets(one) for one in await read(old)] == [letter(1), letter(5)]


async def test_a_look_at_a_mailbox_costs_one_login_and_one_list(tmp_path: Path) -> None:
    async with BoxPeer(boxes(), can=ALL) as peer, source(peer.port, tmp_path) as old:
        await old.folders()
        assert [one.text.split(b" ")[0] for one in peer.commands] == [
            b"LOGIN",
            b"CAPABILITY",
            b"ID",
            b"LIST",
            b"NAMESPACE",
        ]
        assert peer.connections == 1


class Waiting(BoxPeer):
    """Counts how often it has nothing to do until more is asked."""

    waits = 0

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Command | None:
        self.waits += not reader._buffer  # type: ignore[attr-defined] # what has come and was not read
        return await super()._command(reader, writer)


async def test_what_is_asked_of_many_folders_is_asked_at_once(tmp_path: Path) -> None:
    many = {f"f{number}": Box([Mail(1, letter(number))]) for number in range(60)}
    async with Waiting(many) as peer, CutProxy(peer.port, delay=0.15) as slow, source(slow.port, tmp_path) as old:
        await old.folders()
        peer.waits = 0
        found = [one async for one in old.messages([Wanted((name,)) for name in many])]
        assert peer.waits < 60, "one after the other each folder costs two round trips"
    assert [octets(one) for one in found] == [letter(number) for number in range(60)]
    assert peer.connections == 1


async def test_other_people_s_folders_are_left_out_and_named(tmp_path: Path) -> None:
    theirs = {"INBOX": Box(), "user/jiro/x": Box(), "shared/y": Box(), "mine": Box()}
    peer = BoxPeer(theirs, can=ALL, namespace='(("" "/")) (("user/" "/")) (("shared/" "/"))')
    async with peer, source(peer.port, tmp_path) as old:
        left_out = {one.name[0]: bool(one.left_out) for one in await old.folders()}
    assert left_out == {"INBOX": False, "user": True, "shared": True, "mine": False}


@pytest.mark.parametrize(
    ("quota", "counted", "room"),
    [
        (b'* QUOTA "" (STORAGE 10 100 MESSAGE 3 50)', (3, 10_240), Room(92_160, 47)),
        (b'* QUOTA "" (STORAGE 10 100)', (3, 10_240), Room(92_160)),
        (b'* QUOTA "" (STORAGE 120 100)', (3, 122_880), Room(0)),
        (b'* QUOTA "" (STORAGE 10 0)', (3, 10_240), Room()),
        (b'* QUOTA "" ()', (3, 3 * len(letter(1))), Room()),
    ],
)
async def test_quota_and_counts(quota: bytes, counted: tuple[int, int], room: Room, tmp_path: Path) -> None:
    peer = BoxPeer(boxes(), can=ALL + " QUOTA", script={"GETQUOTAROOT": Reply([b'* QUOTAROOT INBOX ""', quota])})
    async with peer, source(peer.port, tmp_path) as old, target(peer.port) as new:
        assert await old.counted() == counted
        assert await new.room() == room


async def test_nothing_is_counted_where_the_server_says_nothing(tmp_path: Path) -> None:
    async with BoxPeer(boxes(), can="") as peer, source(peer.port, tmp_path) as old:
        assert await old.counted() is None


async def test_folders_are_made_with_special_use_and_subscription_parents_first() -> None:
    wanted = [
        MailFolder(("a", "b"), subscribed=True),
        MailFolder(("a",), holds_messages=False),
        MailFolder(("Sent",), special_use=SpecialUse.SENT),
        MailFolder(INBOX, subscribed=True),
        MailFolder(("Post",), special_use=SpecialUse.SENT),
    ]
    async with BoxPeer(boxes(), can=ALL + " CREATE-SPECIAL-USE") as peer, target(peer.port) as new:
        await new.folders()
        assert await new.make(wanted) == {}
    made = [one.text for one in peer.said("CREATE")]
    assert made == [b'CREATE "Sent" (USE (\\Sent))', b'CREATE "a/b"']
    assert [one.text for one in peer.said("SUBSCRIBE")] == [b'SUBSCRIBE "a/b"']


async def test_what_a_folder_cannot_have_is_told_and_what_cannot_be_is_told_otherwise() -> None:
    script = {'CREATE "bad"': Reply(tagged=b"NO [CANNOT] no such name"), "SUBSCRIBE": Reply(tagged=b"NO never")}
    async with BoxPeer(script=script) as peer, target(peer.port) as new:
        await new.folders()
        short = await new.make(
            [
                MailFolder(("bad",)),
                MailFolder(("Sent",), special_use=SpecialUse.SENT),
                MailFolder(("x",), subscribed=True),
                MailFolder(("y",)),
            ]
        )
    assert short == {
        ("bad",): Shortfall("it could not be made: no such name"),
        ("Sent",): Shortfall("it is not marked as \\Sent", there=True),
        ("x",): Shortfall("it is not subscribed: never", there=True),
    }


async def test_a_server_that_refuses_a_special_use_makes_the_folder_without() -> None:
    class Strict(BoxPeer):
        def reply(self, text: bytes) -> Reply | None:
            return Reply(tagged=b"NO [USEATTR] there is one") if b"USE (" in text else super().reply(text)

    async with Strict(can=ALL + " CREATE-SPECIAL-USE") as peer, target(peer.port) as new:
        short = await new.make([MailFolder(("Sent",), special_use=SpecialUse.SENT)])
        assert short[("Sent",)].there
        assert "Sent" in peer.boxes


async def test_folders_go_below_the_prefix_that_the_server_wants() -> None:
    peer = BoxPeer(can=ALL, delimiter=".", namespace='(("INBOX." ".")) NIL NIL')
    async with peer, target(peer.port) as new:
        assert (await new.folders())[0].name == INBOX
        assert await new.make([MailFolder(("a", "b"))]) == {}
        assert await new.put(("a", "b"), [message(letter(1))])
        assert {one.name for one in await new.folders()} == {INBOX, ("a", "b")}
    assert list(peer.boxes) == ["INBOX", "INBOX.a.b"]


async def test_flags_are_set_as_they_are_and_what_is_not_kept_is_told() -> None:
    box = Box([Mail(uid, letter(uid), "\\Seen") for uid in (1, 2, 3, 7)], keeps="\\Seen \\Flagged")
    async with BoxPeer({"INBOX": box}) as peer, target(peer.port) as new:
        flags = {1: frozenset({"\\Flagged"}), 2: frozenset({"\\Flagged"}), 7: frozenset({"Neu"})}
        assert await new.reflag(INBOX, flags) == {"Neu"}
        assert [mail.flags for mail in box.mails] == ["\\Flagged", "\\Flagged", "\\Seen", ""]
        assert [one.text.split(b" ")[2] for one in peer.said("UID STORE")] == [b"1:2", b"7"]
        with pytest.raises(StaleFolder):
            await new.reflag(("gone",), flags)


async def test_what_came_since_belongs_to_the_numbers_known_then() -> None:
    async with BoxPeer({"INBOX": Box([Mail(1, letter(1)), Mail(2, letter(2))])}) as peer, target(peer.port) as new:
        with pytest.raises(StaleFolder, match="UIDVALIDITY"):
            [one async for one in new.since(INBOX, FolderState(8, 1, 0))]
        assert [one[0] async for one in new.since(INBOX, FolderState(7, 2, 1))] == [2]
        assert [one[:2] async for one in new.digests(INBOX, [2, 9])] == [(2, len(letter(2)))]


@pytest.mark.parametrize("header", ["Subject: ключ\r\n\r\n", "Subject: key\r\n\r\nключ"])
async def test_headers_in_utf_8_go_as_such_where_the_server_takes_them(header: str) -> None:
    async with BoxPeer(can="LITERAL+ ENABLE UTF8=ACCEPT UIDPLUS") as peer, target(peer.port) as new:
        await new.folders()
        await new.make([MailFolder(("台北",))])
        await new.put(("台北",), [message(header.encode())])
    assert peer.boxes["台北"].mails[0].octets == header.encode()
    assert (b"UTF8 (~{" in peer.said("APPEND")[0].text) == header.startswith("Subject: ключ")


async def test_the_mailbox_is_told_without_its_secret(tmp_path: Path) -> None:
    told: Access = access(143)
    assert ImapSource(told, tmp_path, largest=1, most=1).described == "hanako@closing.example at 127.0.0.1:143"
    assert "pw" not in repr(told)


@pytest.mark.parametrize("can", ["UIDPLUS LITERAL+", "UIDPLUS LITERAL+ MULTIAPPEND"])
async def test_messages_of_a_folder_are_numbered_in_the_order_of_their_coming(can: str) -> None:
    peer = BoxPeer({name: Box() for name in ("INBOX", "a", "b")}, can=can)
    async with peer, target(peer.port) as new:
        await new.folders()
        puts = [
            new.put((name,), [message(letter(number * 3 + one)) for one in range(3)])
            for number in range(5)
            for name in ("INBOX", "a", "b")
        ]
        await asyncio.gather(*puts)
    for box in peer.boxes.values():
        assert [mail.octets for mail in box.mails] == [letter(number) for number in range(15)]
    assert peer.connections == (1 if "MULTIAPPEND" in can else 2)
