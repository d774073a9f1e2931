"""What every source owes a move, whatever it is: the same list each time, octets as they are, and nothing changed."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from migrator.imap.source import ImapSource
from migrator.mailbox import INBOX, Item, MailFolder, Message, Source, StaleFolder, Wanted
from tests.faults.imap.ends import access
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.peers.pop3 import Pop3Peer
from tests.rules.migrator.archive.made import message, octets
from tests.rules.migrator.pop3 import drops
from tests.rules.migrator.targets.test_contract import HERS, SOURCES, TARGETS

LETTERS = [b"Subject: one\r\n\r\nFrom here\r\n>From there\r\n", b"Subject: two\r\n\r\n.\r\n", b"three\xff\r\n"]
CHANGES = ("STORE", "UID STORE", "SELECT", "EXPUNGE", "APPEND", "CREATE", "DELE")


@dataclass(frozen=True)
class Place:
    """A source, and by what it is seen whether anything was changed there."""

    source: Source
    seen: Callable[[], object]


def files(root: Path) -> dict[str, str]:
    return {str(one): hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(root.rglob("*")) if one.is_file()}


@pytest.fixture(params=[*SOURCES, "imap", "pop3"])
async def there(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    kind: str = request.param
    async with AsyncExitStack() as stack:
        match kind:
            case "imap":
                mails = [Mail(uid, one) for uid, one in enumerate(LETTERS, 1)]
                imap = await stack.enter_async_context(BoxPeer({"INBOX": Box(mails)}))
                yield Place(
                    await ImapSource.open(access(imap.port), spool=tmp_path),
                    lambda: ([replace(one) for one in mails], [one for word in CHANGES for one in imap.said(word)]),
                )
            case "pop3":
                pop = await stack.enter_async_context(Pop3Peer(LETTERS))
                source = await stack.enter_async_context(drops.source(pop.port, tmp_path))
                yield Place(source, lambda: ([*pop.mails], [one for one in pop.commands if "DELE" in str(one)]))
            case _:
                root = tmp_path / "there" / ("box.zip" if kind == "zip" else "box")
                await filled(kind, root)
                yield Place(SOURCES[kind](root), lambda: files(root.parent))


async def filled(kind: str, root: Path) -> None:
    root.parent.mkdir()
    target = TARGETS[kind](root, HERS)
    await target.folders()
    await target.make([MailFolder(INBOX)])
    await target.put(INBOX, [message(uid, one) for uid, one in enumerate(LETTERS, 1)])
    await target.finish()
    await target.close()


@pytest.fixture
async def place(there: Place) -> AsyncIterator[Place]:
    yield there
    await there.source.close()


async def listed(source: Source) -> tuple[Sequence[MailFolder], list[Item]]:
    return await source.folders(), [one async for one in source.items(INBOX)]


async def test_it_is_listed_the_same_each_time_and_by_rising_numbers(place: Place) -> None:
    folders, items = await listed(place.source)
    assert (folders, items) == await listed(place.source)
    assert [one.uid for one in items] == sorted({one.uid for one in items})
    (inbox,) = (one for one in folders if one.name == INBOX)
    assert inbox.state is not None
    assert (inbox.state.messages, inbox.state.uidnext > items[-1].uid) == (len(LETTERS), True)


async def test_what_is_asked_for_comes_octet_by_octet_and_nothing_is_changed(place: Place) -> None:
    before = place.seen()
    _, items = await listed(place.source)
    for _ in range(2):
        found = [one async for one in place.source.messages([Wanted(INBOX)])]
        assert sorted(map(octets, found)) == sorted(LETTERS)
    one = items[1].uid
    (alone,) = [found async for found in place.source.messages([Wanted(INBOX, uids=(range(one, one + 1),))])]
    assert isinstance(alone, Message)
    assert (alone.item.uid, octets(alone) in LETTERS) == (one, True)
    assert place.seen() == before


async def test_a_folder_that_is_gone_or_numbered_otherwise_is_stale(place: Place) -> None:
    folders, _ = await listed(place.source)
    (state,) = (one.state for one in folders if one.name == INBOX)
    assert state is not None
    for wanted in (Wanted(("gone",)), Wanted(INBOX, uidvalidity=state.uidvalidity + 1)):
        with pytest.raises(StaleFolder):
            await anext(aiter(place.source.messages([wanted])))
