"""`append-refused`: what a target does not take is named message by message, and the rest goes on."""

import asyncio
from dataclasses import replace

import pytest

from migrator.mailbox import INBOX, MailboxAway, MailboxLimited, Outcome, Refused, StaleFolder, Stored
from tests.faults.imap.ends import letter, message, target
from tests.peers.imap import Command, Reply
from tests.peers.imap_box import Box, BoxPeer
from tests.support.deadline import movable_loop, until

CANS = {
    "several at once": "UIDPLUS LITERAL+ MULTIAPPEND UNSELECT",
    "one by one": "UIDPLUS LITERAL+",
    "small ones unasked": "UIDPLUS LITERAL-",
    "only when asked": "",
}


@pytest.mark.parametrize("can", CANS)
@pytest.mark.parametrize(("said", "code"), [(b"NO [TOOBIG] too big", "TOOBIG"), (b"NO never", ""), (b"BAD what", "")])
async def test_a_message_that_is_refused_is_named_and_the_rest_is_stored(can: str, said: bytes, code: str) -> None:
    peer = BoxPeer(can=CANS[can], refuse=lambda octets: said if octets == letter(3) else b"")
    async with peer, target(peer.port) as new:
        outcomes = await new.put(INBOX, [message(letter(uid)) for uid in range(6)])
    assert [type(one) for one in outcomes] == [Stored, Stored, Stored, Refused, Stored, Stored]
    assert outcomes[3] == Refused(said.decode().split(" ", 1)[1].removeprefix("[TOOBIG] "), code)
    assert sorted(mail.octets for mail in peer.boxes["INBOX"].mails) == [letter(uid) for uid in (0, 1, 2, 4, 5)]
    if "UIDPLUS" in CANS[can]:
        uids = [one.uid for one in outcomes if isinstance(one, Stored)]
        assert [mail.octets for uid in uids for mail in peer.boxes["INBOX"].mails if mail.uid == uid] == [
            letter(uid) for uid in (0, 1, 2, 4, 5)
        ]


@pytest.mark.parametrize("can", CANS)
async def test_a_folder_that_is_gone_is_stale(can: str) -> None:
    peer = BoxPeer({"INBOX": Box(), "Sent": Box()}, can=CANS[can])
    async with peer, target(peer.port) as new:
        await new.folders()
        del peer.boxes["Sent"]
        with pytest.raises(StaleFolder):
            await new.put(("Sent",), [message(letter(1)), message(letter(2))])
        with pytest.raises(StaleFolder):
            await new.mark(("Sent",))


async def test_an_answer_that_never_comes_leaves_the_target_away() -> None:
    peer = BoxPeer(script={"APPEND": Reply(tagged=None)})
    pass_by = movable_loop()
    async with peer, target(peer.port) as new:
        putting = asyncio.create_task(new.put(INBOX, [message(letter(1))]))
        await until(lambda: peer.said("APPEND"), "it is asked")
        pass_by(61)
        with pytest.raises(MailboxAway, match="asked for APPEND"):
            await putting


@pytest.mark.parametrize("can", CANS)
async def test_a_connection_that_breaks_leaves_the_target_away_and_the_next_call_connects_anew(can: str) -> None:
    peer = BoxPeer(can=CANS[can], script={"APPEND": [Reply(cut=0)]})
    async with peer, target(peer.port) as new:
        with pytest.raises(MailboxAway):
            await new.put(INBOX, [message(letter(1)), message(letter(2))])
        state = await new.mark(INBOX)
        assert (state.uidvalidity, state.messages) == (7, len(peer.boxes["INBOX"].mails))
        assert [type(one) for one in await new.put(INBOX, [message(letter(3))])] == [Stored]


async def test_a_full_target_says_so_of_each_message() -> None:
    for said in (b"NO [OVERQUOTA] full", b"NO Quota exceeded (mailbox for user is full)"):
        peer = BoxPeer(refuse=lambda _, said=said: said)  # type: ignore[misc]
        async with peer, target(peer.port) as new:
            outcomes: list[Outcome] = list(await new.put(INBOX, [message(letter(1)), message(letter(2))]))
        assert [one.code for one in outcomes if isinstance(one, Refused)] == ["OVERQUOTA", "OVERQUOTA"]


async def test_a_target_that_asks_for_patience_is_limited() -> None:
    for code in ("THROTTLED", "INUSE", "UNAVAILABLE", "LIMIT"):
        peer = BoxPeer(script={"APPEND": Reply(tagged=f"NO [{code}] wait".encode())})
        async with peer, target(peer.port) as new:
            with pytest.raises(MailboxLimited) as limited:
                await new.put(INBOX, [message(letter(1))])
            assert limited.value.code == code


@pytest.mark.parametrize("why", ["Mail size is larger than the maximum size", "Too many identical messages"])
async def test_a_limit_on_one_message_is_no_call_for_patience(why: str) -> None:
    peer = BoxPeer(refuse=lambda octets: f"NO [LIMIT] {why}".encode() if octets == letter(2) else b"")
    async with peer, target(peer.port) as new:
        outcomes = await new.put(INBOX, [message(letter(number)) for number in (1, 2, 3)])
    assert [isinstance(one, Stored) for one in outcomes] == [True, False, True]
    assert outcomes[1] == Refused(why, "LIMIT")


class Small(BoxPeer):
    """Says for each folder how large a message may be."""

    def _status(self, command: Command, session: dict[str, str]) -> Reply:
        if b"APPENDLIMIT" not in command.text:
            return super()._status(command, session)
        return Reply([b'* STATUS "' + self._named(command).encode() + b'" (APPENDLIMIT 100)'])


@pytest.mark.parametrize("limit", ["APPENDLIMIT=100", "APPENDLIMIT"])
@pytest.mark.parametrize("can", CANS)
async def test_what_is_larger_than_the_target_takes_is_named_and_never_sent(can: str, limit: str) -> None:
    large, small = letter(1, lines=10), letter(2)
    async with Small(can=f"{CANS[can]} {limit}") as peer, target(peer.port) as new:
        outcomes = await new.put(INBOX, [message(one) for one in (small, large, small)])
        assert await new.put(INBOX, [message(large)]) == [outcomes[1]]
    assert [type(one) for one in outcomes] == [Stored, Refused, Stored]
    assert outcomes[1] == Refused(f"it has {len(large)} octets, and the target takes 100 at most", "TOOBIG")
    assert {octets for command in peer.said("APPEND") for octets in command.literals} == {small}
    asked = [command for command in peer.said("STATUS") if b"APPENDLIMIT" in command.text]
    assert len(asked) == (limit == "APPENDLIMIT")


async def test_keywords_that_a_folder_does_not_keep_are_named() -> None:
    peer = BoxPeer({"INBOX": Box(keeps="\\Seen \\Flagged $Known")})
    async with peer, target(peer.port) as new:
        sent = [message(letter(1), "\\Seen", "$Known", "Neu"), message(letter(2), "Neu")]
        assert [one.dropped for one in await new.put(INBOX, sent) if isinstance(one, Stored)] == [{"Neu"}, {"Neu"}]
        again = await new.put(INBOX, [message(letter(3), "Neu", "\\Seen")])
        assert [one.dropped for one in again if isinstance(one, Stored)] == [{"Neu"}]
    assert peer.boxes["INBOX"].mails[-1].flags == "\\Seen"


class Strict(BoxPeer):
    """Takes no keyword, though it says it does."""

    def __init__(self, said: bytes) -> None:
        super().__init__()
        self.said_no = said

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        if b"Neu" in command.text:
            return Reply(tagged=self.said_no)
        return super().answer(command, session)


@pytest.mark.parametrize("said", [b"NO no such flag", b"NO [LIMIT] too many flags", b"BAD what"])
async def test_what_is_refused_for_its_keywords_goes_without_them(said: bytes) -> None:
    async with (peer := Strict(said)), target(peer.port) as new:
        outcomes = await new.put(INBOX, [message(letter(1), "\\Seen", "Neu"), message(letter(2))])
        assert [one.dropped for one in outcomes if isinstance(one, Stored)] == [{"Neu"}, set()]
        flags = {1: frozenset({"\\Flagged", "Neu"}), 2: frozenset({"\\Seen"})}
        assert await new.reflag(INBOX, flags) == {"Neu"}
    assert [mail.flags for mail in peer.boxes["INBOX"].mails] == ["\\Flagged", "\\Seen"]


@pytest.mark.parametrize(
    "said", [b"BAD Request is throttled. Suggested Backoff Time: 299468 milliseconds", b"NO [LIMIT] slow down"]
)
async def test_who_asks_for_patience_is_not_sent_the_same_without_keywords(said: bytes) -> None:
    async with BoxPeer(script={"APPEND": Reply(tagged=said)}) as peer, target(peer.port) as new:
        with pytest.raises(MailboxLimited):
            await new.put(INBOX, [message(letter(1), "Neu"), message(letter(2), "Neu")])
        assert len(peer.said("APPEND")) == 1


async def test_flags_that_a_server_never_takes_are_named_and_patience_is_kept() -> None:
    never = BoxPeer({"INBOX": Box()}, script={"UID STORE": Reply(tagged=b"NO read-only")})
    async with never, target(never.port) as new:
        assert await new.reflag(INBOX, {1: frozenset({"\\Seen", "Neu"})}) == {"\\Seen", "Neu"}
    for code in ("THROTTLED", "LIMIT"):
        said = Reply(tagged=f"NO [{code}] wait".encode())
        async with BoxPeer({"INBOX": Box()}, script={"UID STORE": said}) as peer, target(peer.port) as new:
            with pytest.raises(MailboxLimited):
                await new.reflag(INBOX, {1: frozenset({"\\Seen", "Neu"})})


async def test_what_is_no_flag_never_becomes_a_command() -> None:
    bad = frozenset({"\\Important", "a b", "a)", "x{3}\r\nA1 DELETE INBOX", "ключ", ""})
    async with (peer := BoxPeer()), target(peer.port) as new:
        one = message(letter(1), "\\Seen")
        (stored,) = await new.put(INBOX, [replace(one, item=replace(one.item, flags=one.item.flags | bad))])
    assert isinstance(stored, Stored)
    assert stored.dropped == bad
    assert peer.boxes["INBOX"].mails[0].flags == "\\Seen"
