"""Quota of mailboxes behind an IMAP server: what it says becomes replies, and what it does not say refuses nobody."""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from filters import judge
from filters.mail import Client, ClientKind, Sender, Usage
from mailsvc.kit.settings import Settings
from mailsvc.records import usage as kept
from mailsvc.records.directory import Entry
from mailsvc.standing import Standings, UsageBook
from mailsvc.standing.standings import mailbox_folders
from mailsvc.standing.usage import Claim
from mailsvc.standing.usage_asked import Answer, AskedServers, CannotAsk, Question
from mailsvc.standing.usage_counts import Counted
from mailsvc.standing.usage_imap import ImapAsking, counting_of, question_of
from schedules.clock import MovableClock
from tests.peers.imap import Reply
from tests.peers.imap_box import Box, BoxPeer, Mail
from tests.rules.standing.world import BEFORE, LIMIT, World, address, make_world, settings_in
from tests.support.ports import free_port

GRACE = timedelta(days=14)
HANAKO = address("hanako")
CLIENT = Client(ClientKind.WORLD, "192.0.2.1", 4000)
FOR_NOW, FOR_GOOD, TAKEN = "452 4.2.2", "550 5.2.2", "250 2.1.5"


def storage(octets: int) -> Reply:
    return Reply([b'* QUOTAROOT INBOX ""', b'* QUOTA "" (STORAGE %d 99999)' % (octets // 1024)])


def settings_for(folder: Path, port: int) -> Settings:
    words = settings_in(folder).redacted()
    words["domains"] = {
        "closing.example": {
            "deliver": "lmtp://127.0.0.1:24",
            "mailboxes": f"imap://lastpost@127.0.0.1:{port}?tls=none&authz={{user}}@{{domain}}",
            "mailboxes_secret": {"file": str(folder / "secret")},
        }
    }
    quota = words["quota"]
    assert isinstance(quota, dict)
    quota["imap"]["deadline"] = "30 s"
    (folder / "secret").write_text("geheim\n")
    (folder / "secret").chmod(0o600)
    return Settings.model_validate(words)


@dataclass
class Behind:
    """A world whose mailboxes are behind a scripted IMAP server."""

    world: World
    settings: Settings
    clock: MovableClock
    told: list[str]

    def __post_init__(self) -> None:
        self.book, self.standings = self.again()

    def again(self) -> tuple[UsageBook, Standings]:
        """The book of a service that has just begun."""
        records, settings = self.world.records, self.settings
        servers = AskedServers(
            ImapAsking(os.environ).ask, self.clock.monotonic, away=lambda *why: self.told.append(": ".join(why))
        )
        book = UsageBook(
            records,
            lambda: settings.quota,
            mailbox_folders(settings),
            asked=lambda mailbox: counting_of(settings, mailbox, servers),
            stamp=self.clock.now,
            monotonic=self.clock.monotonic,
        )
        return book, Standings(records, self.world.almanac, book, settings)

    async def reply(self) -> str:
        standing = await self.standings.of(HANAKO, self.clock.now())
        return str(judge.recipient(CLIENT, Sender(None), standing).reply)[:9]

    async def usage(self) -> Usage | None:
        return await self.book.of(HANAKO, None, self.clock.now())

    def later(self, by: timedelta) -> None:
        self.clock.advance(by)


def behind(folder: Path, port: int) -> Behind:
    world = make_world(folder)
    world.publish(Entry(HANAKO))
    world.apply()
    return Behind(world, settings_for(folder, port), MovableClock(BEFORE - 100 * GRACE), [])


Opening = Callable[[int], Behind]


@pytest.fixture
async def open_(tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens a world whose mailboxes are at a port."""
    opened: list[Behind] = []

    def opening(port: int) -> Behind:
        opened.append(behind(tmp_path, port))
        return opened[-1]

    yield opening
    for one in opened:
        one.world.records.close()


def peer(*replies: Reply) -> BoxPeer:
    return BoxPeer(can="QUOTA AUTH=PLAIN SASL-IR", script={"GETQUOTAROOT": list(replies), "AUTHENTICATE": Reply()})


async def test_a_mailbox_with_room_takes_mail_and_is_asked_about_as_its_subscriber(open_: Opening) -> None:
    async with peer(storage(512_000)) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            assert await here.reply() == TAKEN
            assert await here.reply() == TAKEN
            assert await here.usage() == Usage(512_000, LIMIT, None, grace_over=False, fresh=False)
            told_by = f"127.0.0.1:{server.port} (QUOTA)"
            assert await here.book.held(HANAKO, here.clock.now()) == Counted(512_000, told_by)
    (said,) = server.said("AUTHENTICATE PLAIN")
    assert said.text.split()[2] == b"aGFuYWtvQGNsb3NpbmcuZXhhbXBsZQBsYXN0cG9zdABnZWhlaW0="
    assert server.connections == 1


async def test_a_full_one_has_its_grace_time_and_then_a_question_asked_anew(open_: Opening) -> None:
    full = storage(1_024_000)
    async with BoxPeer(
        can="QUOTA AUTH=PLAIN SASL-IR", script={"GETQUOTAROOT": full, "AUTHENTICATE": Reply()}
    ) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            assert await here.reply() == FOR_NOW
            here.later(GRACE - timedelta(seconds=1))
            assert await here.reply() == FOR_NOW
            here.later(timedelta(seconds=1))
            asked = server.connections
            assert await here.reply() == FOR_GOOD
            assert await here.reply() == FOR_GOOD
            assert server.connections == asked + 2  # never by what was heard before


async def test_mail_is_not_put_off_by_an_answer_that_is_not_of_this_moment(open_: Opening) -> None:
    async with peer(storage(1_024_000), storage(0)) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            assert await here.reply() == FOR_NOW
            here.later(timedelta(seconds=10))
            assert await here.reply() == TAKEN
            with here.world.records.read() as connection:
                row = kept.get(connection, HANAKO)
    assert row is not None
    assert (row.octets, row.over_since) == (0, None)


async def test_whoever_has_cleared_the_mailbox_is_not_refused_for_good(open_: Opening) -> None:
    async with peer(storage(1_024_000), storage(1_024_000), storage(0)) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            await here.reply()
            here.later(GRACE)
            found = await here.usage()
    assert found == Usage(0, LIMIT, None, grace_over=False, fresh=True)


async def test_what_is_promised_counts_too(open_: Opening) -> None:
    async with peer(storage(900_096)) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            await here.book.of(HANAKO, None, here.clock.now(), claim=Claim("a", 60_000))
            assert await here.book.still_fits("a", 150_000)
            assert await here.reply() == FOR_NOW
            await here.book.of(HANAKO, None, here.clock.now(), claim=Claim("b", 10))
            assert not await here.book.still_fits("b", 100)


async def test_a_server_that_is_away_refuses_nobody_that_it_has_not_spoken_of(open_: Opening) -> None:
    here = open_(free_port())
    async with here.world.records.committer.running():
        assert (await here.reply(), await here.usage()) == (TAKEN, None)
    assert len(here.told) == 1
    assert "cannot be reached" in here.told[0]


async def test_what_it_said_last_counts_while_it_is_away_but_never_for_good(open_: Opening) -> None:
    async with peer(storage(1_024_000)) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            assert await here.reply() == FOR_NOW
    async with here.world.records.committer.running():
        here.later(2 * GRACE)
        assert await here.reply() == FOR_NOW
        assert await here.usage() == Usage(1_024_000, LIMIT, BEFORE - 100 * GRACE, grace_over=True, fresh=False)
        counted = await here.book.held(HANAKO, here.clock.now())
        assert counted is not None
        assert counted.age == (2 * GRACE).total_seconds()


async def test_and_after_a_restart_what_the_records_know_of_it(open_: Opening) -> None:
    async with peer(storage(1_024_000)) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            await here.reply()
    async with here.world.records.committer.running():
        here.later(timedelta(hours=1))
        here.book, here.standings = here.again()
        assert await here.reply() == FOR_NOW
        assert await here.book.held(HANAKO, here.clock.now()) == Counted(1_024_000, "an earlier count", 3600)


async def test_settings_that_were_read_again_hold_from_then_on(open_: Opening, tmp_path: Path) -> None:
    async with peer(storage(1_024_000)) as server:
        here = open_(server.port)
        async with here.world.records.committer.running():
            assert await here.reply() == FOR_NOW
            here.book._asked = lambda _: None
            assert await here.reply() == FOR_NOW
            here.book.renew()
            assert await here.reply() == TAKEN


async def test_each_way_that_a_server_does_not_say_is_told_apart(tmp_path: Path) -> None:
    async def why(server: BoxPeer, secret: str = "geheim\n") -> CannotAsk | Answer:
        async with server:
            asked = question_of(settings_for(tmp_path, server.port), HANAKO)
            assert asked is not None
            (tmp_path / "secret").write_text(secret)
            try:
                return await ImapAsking(os.environ).ask(asked)
            except CannotAsk as error:
                return error

    for code in (b"AUTHENTICATIONFAILED", b"UNAVAILABLE"):
        refusing = BoxPeer(can="AUTH=PLAIN", script={"AUTHENTICATE": Reply(tagged=b"NO [%s] x" % code)})
        no_user = await why(refusing)
        assert isinstance(no_user, CannotAsk)
        assert not no_user.of_server
    crowded = BoxPeer(can="AUTH=PLAIN SASL-IR", script={"AUTHENTICATE": Reply([b"* BYE too many"], close=True)})
    for server, secret in (
        (crowded, "geheim\n"),
        (BoxPeer(can="IDLE"), "geheim\n"),
        (BoxPeer(can="AUTH=PLAIN"), "two\nlines\n"),
    ):
        error = await why(server, secret)
        assert isinstance(error, CannotAsk), server.can
        assert (error.of_server, "geheim" in str(error)) == (True, False), error
    counted = BoxPeer({"INBOX": Box([Mail(1, b"x" * 77)])}, can="AUTH=PLAIN SASL-IR", script={"AUTHENTICATE": Reply()})
    assert await why(counted) == Answer(77, "RFC822.SIZE")


def test_only_domains_that_name_a_server_are_asked_about(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 143)
    found = question_of(settings, HANAKO)
    assert isinstance(found, Question)
    assert (found.server, found.url.authz) == ("127.0.0.1:143", "hanako@closing.example")
    assert question_of(settings_in(tmp_path), HANAKO) is None
    assert question_of(settings, address("a@elsewhere.example")) is None
