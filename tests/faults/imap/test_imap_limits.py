"""`imap-limits`: what servers say when they want patience, and that nobody insists."""

from datetime import timedelta
from pathlib import Path

import pytest

from migrator.mailbox import MailboxLimited, MailboxRefused
from tests.faults.imap.ends import letter, message, read, source, target
from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer, Mail

BACKOFF = b"BAD Request is throttled. Suggested Backoff Time: 299468 milliseconds"
BOX = {"INBOX": Box([Mail(1, letter(1))])}


@pytest.mark.parametrize("command", ["LOGIN", "LIST", "EXAMINE", "UID FETCH"])
@pytest.mark.parametrize("code", ["THROTTLED", "LIMIT", "INUSE", "UNAVAILABLE"])
async def test_patience_that_a_source_asks_for(command: str, code: str, tmp_path: Path) -> None:
    async with BoxPeer(BOX, script={command: Reply(tagged=f"NO [{code}] later".encode())}) as peer:
        with pytest.raises(MailboxLimited, match="later") as limited:
            async with source(peer.port, tmp_path) as old:
                await read(old)
        assert (limited.value.code, limited.value.host) == (code, "127.0.0.1")
        assert len(peer.said(command)) == 1


async def test_how_long_to_wait_is_told_where_the_server_says_it(tmp_path: Path) -> None:
    async with BoxPeer(BOX, script={"UID FETCH": Reply(tagged=BACKOFF)}) as peer, source(peer.port, tmp_path) as old:
        with pytest.raises(MailboxLimited) as limited:
            await read(old)
    assert (limited.value.code, limited.value.wait) == ("THROTTLED", timedelta(seconds=299, milliseconds=468))


@pytest.mark.parametrize("code", ["AUTHENTICATIONFAILED", "EXPIRED", "AUTHORIZATIONFAILED", "PRIVACYREQUIRED", "X"])
async def test_a_login_that_fails_is_refused_and_not_tried_again(code: str, tmp_path: Path) -> None:
    async with BoxPeer(script={"LOGIN": Reply(tagged=f"NO [{code}] no".encode())}) as peer:
        with pytest.raises(MailboxRefused, match=code) as refused:
            async with source(peer.port, tmp_path):
                pytest.fail("there is no way in")
        assert "pw" not in repr(refused.value)
        assert len(peer.said("LOGIN")) == 1


async def test_fewer_connections_carry_where_the_server_lets_no_more_in() -> None:
    logins = [Reply(), Reply(), *[Reply(tagged=b"NO [LIMIT] too many connections")] * 9]
    peer = BoxPeer(can="UIDPLUS", script={"LOGIN": logins})
    async with peer, target(peer.port, most=8) as new:
        await new.put(("INBOX",), [message(letter(uid)) for uid in range(40)])
        await new.put(("INBOX",), [message(letter(uid)) for uid in range(40)])
        assert len(peer.said("LOGIN")) == 7  # one more may read
    assert len(peer.boxes["INBOX"].mails) == 80
