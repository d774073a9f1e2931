"""Mailboxes on a server elsewhere: asked once at a time, remembered, and never waited for longer than may be."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from mailsvc.kit.mailbox_urls import ImapUrl, MailboxTls
from mailsvc.kit.secrets import SecretSource
from mailsvc.standing.usage_asked import Answer, AskedCounting, AskedServers, CannotAsk, Question
from mailsvc.standing.usage_counts import Counted
from schedules.clock import MovableClock
from tests.rules.standing.world import BEFORE
from tests.support.deadline import settle

SERVER = "imap.provider.example:993"
SECRET = SecretSource(env="IMAP")


def question(user: str = "hanako") -> Question:
    url = ImapUrl("lastpost", "imap.provider.example", 993, MailboxTls.TLS, authz=f"{user}@provider.example")
    return Question(url, SECRET)


@dataclass
class Server:
    """Answers `octets`, or raises; while its door is shut questions wait."""

    octets: int = 100
    error: CannotAsk | None = None
    door: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    clock: MovableClock = field(default_factory=lambda: MovableClock(BEFORE))

    def __post_init__(self) -> None:
        self.door.set()
        self.servers = AskedServers(self.ask, self.clock.monotonic, away=lambda *why: self.told.append(": ".join(why)))

    async def ask(self, asked: Question) -> Answer:
        self.asked.append(asked.url.authz.partition("@")[0])
        octets = self.octets  # as it is when the question comes
        await self.door.wait()
        if self.error is not None:
            raise self.error
        return Answer(octets, "QUOTA")

    def mailbox(self, user: str = "hanako", deadline: float = 60.0) -> AskedCounting:
        return self.servers.mailbox(question(user), age=60, deadline=deadline)

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))


def by(octets: int, age: float = 0.0) -> Counted:
    return Counted(octets, f"{SERVER} (QUOTA)", age)


async def together(*work: Callable[[], Awaitable[Counted | None]]) -> list[Counted | None]:
    return list(await asyncio.gather(*(one() for one in work)))


async def test_an_answer_is_remembered_for_as_long_as_it_is_good() -> None:
    server = Server()
    mailbox = server.mailbox()
    assert await mailbox.held() == by(100)
    server.octets = 200
    server.later(60)
    assert await mailbox.held() == by(100, 60)
    assert len(server.asked) == 1
    server.later(0.1)
    assert await mailbox.held() == by(200)


async def test_before_mail_is_put_off_a_moment_is_all_that_is_remembered() -> None:
    server = Server()
    mailbox = server.mailbox()
    await mailbox.held()
    server.octets = 200
    assert await mailbox.checked() == by(100)
    server.later(5.1)
    assert await mailbox.checked() == by(200)


async def test_whoever_asks_meanwhile_waits_for_the_same_answer() -> None:
    server = Server()
    mailbox = server.mailbox()
    assert await together(*[mailbox.held] * 20, *[mailbox.checked] * 20) == [by(100)] * 40
    assert server.asked == ["hanako"]


async def test_a_count_made_anew_is_never_one_that_was_asked_for_before() -> None:
    server = Server()
    mailbox = server.mailbox()
    server.door.clear()
    early = asyncio.create_task(mailbox.held())
    await settle()
    server.octets = 3  # the subscriber clears the mailbox while the first question is on its way
    fresh = asyncio.gather(*(mailbox.anew() for _ in range(5)))
    await settle()
    server.door.set()
    assert (await early, await fresh) == (by(100), [by(3)] * 5)
    assert len(server.asked) == 2


async def test_nobody_waits_longer_than_the_deadline_and_the_answer_still_comes() -> None:
    server = Server()
    mailbox, other = server.mailbox(deadline=0.02), server.mailbox("jiro", deadline=60)
    server.door.clear()
    assert await mailbox.held() is None
    async with asyncio.timeout(60):
        assert await other.held() is None  # a slow server is not waited for at all, for now
        assert await other.anew() is None
    server.door.set()
    await settle()
    assert await together(mailbox.held, other.held) == [by(100), by(100)]
    assert server.asked == ["hanako", "jiro"]


async def test_one_that_answers_in_time_again_is_waited_for_again() -> None:
    server = Server()
    server.door.clear()
    assert await server.mailbox(deadline=0.02).held() is None
    server.door.set()
    await settle()
    assert await server.mailbox("jiro").held() == by(100)


async def test_one_that_stays_slow_is_waited_for_again_after_a_while() -> None:
    server = Server()
    server.door.clear()
    assert await server.mailbox(deadline=0.02).held() is None
    server.later(31)
    waiting = asyncio.create_task(server.mailbox("jiro").held())
    await settle()
    assert not waiting.done()
    server.door.set()
    assert await waiting == by(100)


async def test_while_a_server_is_away_what_was_known_last_counts_with_its_age() -> None:
    server = Server()
    mailbox, unknown = server.mailbox(), server.mailbox("unknown")
    await mailbox.held()
    server.error = CannotAsk("nobody there", of_server=True)
    server.later(3600)
    assert await mailbox.held() == by(100, 3600)
    assert (await mailbox.checked(), await mailbox.anew()) == (by(100, 3600), None)
    for other in ("a", "b", "c", "d"):
        assert await server.mailbox(other).held() is None
    assert await unknown.held() is None  # nobody asks any more
    assert server.asked == ["hanako", "hanako", "a", "b", "c", "d"]
    assert server.told == [f"{SERVER}: nobody there"]
    server.error = None
    assert await server.mailbox("e").held() is None
    server.later(31)
    assert (await mailbox.held(), await unknown.held()) == (by(100), by(100))


async def test_a_mailbox_that_is_not_opened_leaves_the_others_as_they_are() -> None:
    server = Server(error=CannotAsk("no such user", of_server=False))
    assert await server.mailbox().held() is None
    server.error = None
    assert await server.mailbox("jiro").held() == by(100)


async def test_nor_does_a_single_one_that_ends_its_connection() -> None:
    server = Server(error=CannotAsk("the server closed the connection", of_server=True))
    assert await server.mailbox().held() is None
    server.error = None
    assert await server.mailbox("jiro").held() == by(100)
    for number in range(4):
        server.error = CannotAsk("the server closed the connection", of_server=True)
        assert await server.mailbox(f"{number}").held() is None
    server.error = None
    assert await server.mailbox("saburo").held() == by(100)


async def test_a_mailbox_that_is_not_opened_is_left_alone_for_a_while() -> None:
    server = Server(error=CannotAsk("no such user", of_server=False))
    mailbox = server.mailbox()
    for _ in range(9):
        assert await mailbox.held() is None
    assert (len(server.asked), len(server.told)) == (1, 1)
    server.later(31)
    await mailbox.held()
    assert (len(server.asked), len(server.told)) == (2, 2)


async def test_a_server_is_asked_a_few_things_at_once() -> None:
    server = Server()
    server.door.clear()
    asking = [asyncio.create_task(server.mailbox(f"user{number}").held()) for number in range(30)]
    await settle()
    assert len(server.asked) == 4
    server.error = CannotAsk("gone", of_server=True)
    server.door.set()
    assert await asyncio.gather(*asking) == [None] * 30
    assert len(server.asked) < 10  # those behind see that it is away


async def test_at_the_end_nothing_is_asked_any_more() -> None:
    server = Server()
    server.door.clear()
    waiting = asyncio.create_task(server.mailbox().held())
    await settle()
    await server.servers.close()
    assert await waiting is None


@pytest.mark.parametrize("seconds", [0.5, 3.0])
async def test_an_answer_good_for_less_than_a_moment_is_asked_for_again(seconds: float) -> None:
    server = Server()
    mailbox = server.servers.mailbox(question(), age=0.1, deadline=5)
    await mailbox.held()
    server.later(seconds)
    await mailbox.checked()
    assert len(server.asked) == 2
