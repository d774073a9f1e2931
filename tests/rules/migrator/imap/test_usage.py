"""What a mailbox holds, by the cheapest way that its server offers."""

import pytest

from migrator.imap.login import Password
from migrator.imap.session import Security, Server, session
from migrator.imap.usage import ToldBy, Usage, usage
from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer, Mail


def boxes() -> dict[str, Box]:
    return {
        "INBOX": Box([Mail(1, b"x" * 100), Mail(7, b"x" * 23)]),
        "Sent": Box([Mail(2, b"x" * 1000)]),
        "Empty": Box(),
        "Level": Box(attributes="\\Noselect"),
        "All": Box([Mail(1, b"x" * 100)], attributes="\\All"),
        "Shared/x": Box([Mail(1, b"x" * 5000)]),
    }


def told(*quotas: bytes) -> dict[str, Reply]:
    roots = [b'* QUOTAROOT INBOX ""', *(b'* QUOTA "" (' + one + b")" for one in quotas)]
    return {"GETQUOTAROOT": Reply(roots)}


async def asked(can: str, script: dict[str, Reply] | None = None) -> tuple[Usage, BoxPeer]:
    peer = BoxPeer(boxes(), can=can + " NAMESPACE", script=script, namespace='(("" "/")) NIL (("Shared/" "/"))')
    async with peer:
        server = Server("127.0.0.1", peer.port, Security.NONE)
        async with session(server, Password("h", "pw"), patience=5) as open_:
            return await usage(open_), peer


async def test_a_quota_says_it_in_one_question() -> None:
    found, peer = await asked("QUOTA", told(b"STORAGE 10 512 MESSAGE 3 10"))
    assert found == Usage(10_240, ToldBy.QUOTA)
    assert not peer.said("LIST")


async def test_of_several_roots_the_smallest_is_the_mailbox_and_the_others_are_everybodys() -> None:
    found, _ = await asked("QUOTA", told(b"STORAGE 9999999 99999999", b"STORAGE 10 512"))
    assert found.octets == 10_240


@pytest.mark.parametrize("quotas", [told(), told(b""), told(b"MESSAGE 3 10"), {"GETQUOTAROOT": Reply(tagged=b"NO")}])
async def test_where_none_is_kept_the_sizes_of_the_own_folders_are_summed(quotas: dict[str, Reply]) -> None:
    found, peer = await asked("QUOTA STATUS=SIZE", quotas)
    assert found == Usage(1123, ToldBy.STATUS)
    assert not peer.said("UID FETCH")


async def test_else_the_size_of_each_message_and_nothing_changes() -> None:
    found, peer = await asked("")
    assert found == Usage(1123, ToldBy.MESSAGES)
    assert (len(peer.said("EXAMINE")), peer.said("SELECT")) == (2, [])


async def test_a_folder_whose_size_is_not_told_is_counted_and_one_that_cannot_be_opened_is_left_out() -> None:
    refused = Reply(tagged=b"NO [NOPERM] never")
    found, _ = await asked("STATUS=SIZE", {'STATUS "INBOX"': refused})
    assert found == Usage(1123, ToldBy.MESSAGES)
    found, _ = await asked("STATUS=SIZE", {'STATUS "INBOX"': refused, 'EXAMINE "INBOX"': refused})
    assert found.octets == 1000
