"""How full mailboxes are that live on a server elsewhere: asked when it must be known, and remembered.

    servers = AskedServers(ask, monotonic, away=log)
    counting = servers.mailbox(Question(url, secret), age=60, deadline=2)      # a Counting for the usage book
    await servers.close()

A mailbox is asked about once at a time, whoever waits; nobody waits longer than `deadline` seconds, while the answer
still comes for those who ask later. A server that was too slow is waited for no more until it has answered in time, or
some seconds are over; one that fails again and again is left alone for as long. What was known last counts then, with
its age. Nothing is raised.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Final

from mailsvc.kit.mailbox_urls import ImapUrl
from mailsvc.kit.secrets import SecretSource
from mailsvc.standing.usage_counts import Counted

# How long a server that is slow or away is left in peace, and a mailbox that it does not open.
_REST_SECONDS: Final = 30.0
# An answer this young is not asked for again before mail is put off.
_MOMENT_SECONDS: Final = 5.0
# So many in a row are the server's: Dovecot may close the connection of a mailbox that is not there.
_FAILURES: Final = 5
_AT_ONCE: Final = 4  # connections to one server
_NEVER: Final = float("-inf")


class CannotAsk(Exception):
    """A server did not say what a mailbox holds; `of_server` where it would say so of every mailbox."""

    def __init__(self, why: str, *, of_server: bool) -> None:
        super().__init__(why)
        self.of_server = of_server


@dataclass(frozen=True, slots=True)
class Question:
    """A mailbox to be asked about, and the secret that opens it."""

    url: ImapUrl
    secret: SecretSource

    @property
    def server(self) -> str:
        """Who is asked, for people."""
        return f"{self.url.host}:{self.url.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mailbox holds, and how its server came to know."""

    octets: int
    told_by: str


Ask = Callable[[Question], Awaitable[Answer]]  # raises CannotAsk
Away = Callable[[str, str], None]  # hears which server did not answer, and why


@dataclass(slots=True)
class _Server:
    """What is known of a server; times are monotonic seconds."""

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    away_until: float = _NEVER
    slow_until: float = _NEVER
    told_at: float = _NEVER
    failures: int = 0  # in a row


class AskedServers:
    """Asks servers about mailboxes. `away` hears, once in a while, why one did not say."""

    def __init__(self, ask: Ask, monotonic: Callable[[], float], *, away: Away = lambda _, __: None) -> None:
        self._ask = ask
        self._away = away
        self._servers: dict[str, _Server] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self.monotonic = monotonic

    def mailbox(self, question: Question, *, age: float, deadline: float) -> "AskedCounting":
        """One mailbox. `age`: for how many seconds an answer is good; `deadline`: how many one is waited for."""
        return AskedCounting(self, question, age, deadline)

    async def close(self) -> None:
        """Ask no more."""
        asking = list(self._asking)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def is_away(self, server: str) -> bool:
        """Whether a server is left alone for now."""
        return self.monotonic() < self._server(server).away_until

    async def wait(self, task: asyncio.Task[None], server: str, deadline: float) -> None:
        """Wait for what is asked of a server, for so many seconds; not at all while it is slow."""
        known = self._server(server)
        if self.monotonic() < known.slow_until:
            deadline = 0
        done, _ = await asyncio.wait({task}, timeout=deadline)
        if not done and deadline:
            known.slow_until = self.monotonic() + _REST_SECONDS

    def begin(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Ask in the background, until `close`."""
        task = asyncio.create_task(work)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        return task

    async def answer(self, question: Question, deadline: float) -> Answer | None:
        """What the server says; None where it does not, or did not say so to others just now."""
        known = self._server(question.server)
        async with known.room:
            begun = self.monotonic()
            if begun < known.away_until:
                return None
            try:
                answer = await self._ask(question)
            except CannotAsk as why:
                self._failed(question.server, known, why)
                return None
        known.failures = 0
        if self.monotonic() - begun <= deadline:
            known.slow_until = _NEVER
        return answer

    def _failed(self, name: str, known: _Server, why: CannotAsk) -> None:
        now = self.monotonic()
        known.failures = known.failures + 1 if why.of_server else 0
        if known.failures >= _FAILURES:
            known.away_until = now + _REST_SECONDS
        if now - known.told_at >= _REST_SECONDS:
            known.told_at = now
            self._away(name, str(why))

    def _server(self, name: str) -> _Server:
        return self._servers.setdefault(name, _Server())


class AskedCounting:
    """What one mailbox on a server holds: a Counting."""

    def __init__(self, servers: AskedServers, question: Question, age: float, deadline: float) -> None:
        self._servers = servers
        self._question = question
        self._age = age
        self._deadline = deadline
        self._counted: Counted | None = None
        self._asked_at = _NEVER  # when the question was asked that was answered last, in monotonic seconds
        self._rests_until = _NEVER
        self._begun = 0  # questions so far
        self._answered = 0  # the last one that was answered
        self._task: asyncio.Task[None] | None = None

    async def held(self) -> Counted | None:
        """What it holds; asked where nothing is known that is young enough."""
        return await self._not_older(self._age)

    async def checked(self) -> Counted | None:
        """What it held a moment ago."""
        return await self._not_older(min(self._age, _MOMENT_SECONDS))

    async def anew(self) -> Counted | None:
        """What it holds now: an answer that is on its way already may be older than what the subscriber just did."""
        before = self._begun
        await self._wait()
        await self._asked()
        return self._known() if self._answered > before else None

    async def _not_older(self, seconds: float) -> Counted | None:
        if self._servers.monotonic() - self._asked_at > seconds:
            await self._asked()
        return self._known()

    def _known(self) -> Counted | None:
        age = self._servers.monotonic() - self._asked_at
        return replace(self._counted, age=max(0.0, age)) if self._counted else None

    async def _asked(self) -> None:
        """Ask, or wait with whoever has asked."""
        now, server = self._servers.monotonic(), self._question.server
        if not self._is_asking():
            if now < self._rests_until or self._servers.is_away(server):
                return
            self._begun += 1
            self._task = self._servers.begin(self._ask(self._begun))
        await self._wait()

    async def _wait(self) -> None:
        if self._task is not None and self._is_asking():
            await self._servers.wait(self._task, self._question.server, self._deadline)

    def _is_asking(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _ask(self, number: int) -> None:
        asked_at = self._servers.monotonic()
        answer = await self._servers.answer(self._question, self._deadline)
        if answer is None:
            self._rests_until = self._servers.monotonic() + _REST_SECONDS
            return
        self._counted = Counted(answer.octets, f"{self._question.server} ({answer.told_by})")
        self._asked_at, self._answered = asked_at, number
