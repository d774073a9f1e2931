"""From a real Dovecot by POP3 into IMAP, a Maildir and mbox files: every octet, once, however often it is cut."""

import asyncio
import hashlib
import imaplib
import os
import poplib
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from migrator.imap.login import Password
from migrator.imap.session import Security, Server
from migrator.imap.sessions import Access
from migrator.mailbox import INBOX, MailboxAway, MailboxLimited, Message, Source, Target, Wanted
from migrator.maildir.source import MaildirSource
from migrator.maildir.target import MaildirTarget
from migrator.mbox.source import MboxSource
from migrator.mbox.target import MboxTarget
from migrator.pop3.source import Pop3Source
from tests.peers.proxy import Cut, CutProxy
from tests.real.dovecot import Dovecot
from tests.real.mailboxes import PASSWORD, PATIENCE, Place, client, moved, told

pytestmark = pytest.mark.real("dovecot", "dovecot-pop3")


ROOT = Path(__file__).parents[2]


def letter(number: int) -> bytes:
    head = b"Received: from a by b; Wed, 17 Jul 1996 02:44:%02d -0700\r\nSubject: %d\r\n\r\n" % (number % 60, number)
    if number == 1:
        return head + (b"." + b"z" * 997 + b"\r\n") * 700
    return head + b"From me\r\n>From you\r\n.\r\n..\r\n\xff\xfe\r\n"


TWIN = b"Subject: twin\r\n\r\n.\r\n"


def filled(dovecot: Dovecot, user: str, count: int) -> Place:
    """A mailbox of so many messages, two of them twins."""
    dovecot.add_user(user, PASSWORD)
    place = Place(dovecot.imap, user)
    with client(place) as server:
        for octets in (TWIN, TWIN, *(letter(number) for number in range(count - 2))):
            assert server.append("INBOX", "(\\Seen)", imaplib.Time2Internaldate(1), octets)[0] == "OK"
    return place


@asynccontextmanager
async def drop(port: int, user: str, spool: Path) -> AsyncIterator[Pop3Source]:
    access = Access(Server("127.0.0.1", port, Security.NONE), Password(user, PASSWORD), patience=PATIENCE)
    source = await Pop3Source.open(access, spool=spool, now=lambda: datetime.now(UTC))
    try:
        yield source
    finally:
        await source.close()


async def digests(source: Source) -> Counter[bytes]:
    await source.folders()
    found = Counter[bytes]()
    async for one in source.messages([Wanted(INBOX)]):
        assert isinstance(one, Message), one
        found[one.content.sha256] += 1
        one.content.forget()
    await source.close()
    return found


def expected(place: Place) -> Counter[bytes]:
    return Counter(bytes.fromhex(sha256) for sha256, _, _ in told(place).messages["INBOX"])


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
async def test_into_files_twice_and_what_came_between_comes_alone(dovecot: Dovecot, tmp_path: Path, kind: str) -> None:
    user = f"pop-{kind}@moves.example"
    old, root = filled(dovecot, user, 40), tmp_path / "new"

    def target() -> Target:
        return MaildirTarget(root, move="x") if kind == "maildir" else MboxTarget(root, source="x")

    def there() -> Source:
        return MaildirSource(root) if kind == "maildir" else MboxSource(root)

    async with drop(dovecot.pop3, user, tmp_path) as source:
        receipt = await moved(source, target(), tmp_path)
    assert receipt.complete
    assert receipt.independent is not None
    assert receipt.independent[0] == 40
    assert await digests(there()) == expected(old)
    with client(old) as server:
        server.append("INBOX", "", imaplib.Time2Internaldate(1), letter(99))
    async with drop(dovecot.pop3, user, tmp_path) as source:
        again = await moved(source, target(), tmp_path)
    assert [one.copied for one in again.folders] == [41]
    assert await digests(there()) == expected(old)
    assert sum(expected(old).values()) == 41
    assert any("no dates of arrival" in note for note in again.folders[0].notes)


async def test_into_imap_with_dates_and_the_drop_as_it_was(dovecot: Dovecot, tmp_path: Path) -> None:
    old = filled(dovecot, "pop-a@moves.example", 30)
    before = told(old)
    dovecot.add_user("pop-b@moves.example", PASSWORD)
    new = Place(dovecot.imap, "pop-b@moves.example")
    for _ in range(2):
        async with drop(dovecot.pop3, old.user, tmp_path) as source:
            assert (await moved(source, new, tmp_path)).complete
    found = told(new).messages["INBOX"]
    assert Counter(one[0] for one in found) == Counter(one[0] for one in before.messages["INBOX"])
    dates = {sha256: date for sha256, _, date in found}
    assert dates[hashlib.sha256(letter(7)).hexdigest()] == datetime(1996, 7, 17, 9, 44, 7, tzinfo=UTC)
    assert told(old) == before


@pytest.mark.parametrize("seed", range(3))
async def test_cut_anywhere_it_ends_with_everything_there_once(dovecot: Dovecot, tmp_path: Path, seed: int) -> None:
    random, user = Random(seed), f"pop-cut-{seed}@moves.example"
    old = filled(dovecot, user, 60)
    for _ in range(4):
        async with CutProxy(dovecot.pop3, to_client=Cut(random.randrange(900, 720_000)), times=1) as line:
            try:
                async with drop(line.port, user, tmp_path) as source:
                    await moved(source, MboxTarget(tmp_path / "new", source="x"), tmp_path, pauses=())
            except (MailboxAway, MailboxLimited):
                continue
    async with drop(dovecot.pop3, user, tmp_path) as source:
        receipt = await moved(source, MboxTarget(tmp_path / "new", source="x"), tmp_path, pauses=(0.1, 0.5))
    assert receipt.complete
    assert await digests(MboxSource(tmp_path / "new")) == expected(old)


async def test_killed_in_the_middle_the_same_command_goes_on(dovecot: Dovecot, tmp_path: Path) -> None:
    user, secret = "pop-kill@moves.example", tmp_path / "secret"
    old = filled(dovecot, user, 120)
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    url = f"pop3://{user.replace('@', '%40')}@127.0.0.1:{dovecot.pop3}?tls=none"
    words = ["migrate", "mailbox", "--from", url, "--from-secret", str(secret), "--to", f"mbox:{tmp_path / 'new'}"]

    async def ran(kill_at: int) -> int:
        run = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.move_killed", str(kill_at), *words,
            cwd=ROOT, env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}, stdout=subprocess.PIPE,
        )  # fmt: skip
        await run.communicate()
        assert run.returncode is not None
        return run.returncode

    for point in (12, 20, 31):
        assert await ran(point) == -9
        assert not list((tmp_path / "new").glob("*.mbox")) or await digests(MboxSource(tmp_path / "new"))
    assert await ran(0) == 0
    assert await digests(MboxSource(tmp_path / "new")) == expected(old)


async def test_python_s_own_client_sees_the_same_drop_before_and_after(dovecot: Dovecot, tmp_path: Path) -> None:
    user = "pop-same@moves.example"
    filled(dovecot, user, 12)

    def seen() -> list[bytes]:
        server = poplib.POP3("127.0.0.1", dovecot.pop3, timeout=60)
        server.user(user)
        server.pass_(PASSWORD)
        listed = [*server.uidl()[1], *server.list()[1]]
        server.quit()
        return listed

    before = seen()
    async with drop(dovecot.pop3, user, tmp_path) as source:
        assert await digests(source)
    assert seen() == before
