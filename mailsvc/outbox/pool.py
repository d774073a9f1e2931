"""Sessions with next hops, kept open between messages: the greeting is paid once for many.

    pool = Pool(hello="mx.provider.example", timeouts=Timeouts())
    answers = await pool.hand_over(hop, parcel)
    await pool.close()

A session is used again only after a clean transaction; one that the hop has closed meanwhile is replaced by a fresh
one, and nobody's attempt has failed. `hand_over` raises `HopAway` where the hop cannot be reached or does not serve,
and what the parcel's content raises.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from mailsvc.outbox.hop_hello import Hop, Session, greet
from mailsvc.outbox.parcel import Answer, Parcel
from mailsvc.outbox.smtp import Timeouts, Transaction
from mailsvc.outbox.wire import BarePolicy

IDLE = 30.0  # seconds a session waits for its next message
MOST = 100  # transactions in one session: some servers count them


@dataclass(slots=True)
class _Idle:
    session: Session
    timer: asyncio.TimerHandle


class Pool:
    """The open sessions of a process, by hop; `hello` is our host name for EHLO."""

    def __init__(
        self, *, hello: str, timeouts: Timeouts, bare: BarePolicy = "refuse", idle: float = IDLE, most: int = MOST
    ) -> None:
        self._hello = hello
        self._timeouts = timeouts
        self._bare: BarePolicy = bare
        self._idle_for = idle
        self._most = most
        self._idle: dict[Hop, list[_Idle]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def hand_over(self, hop: Hop, parcel: Parcel) -> Mapping[str, Answer]:
        """Offer the parcel to the next hop and tell each recipient's answer. Raises HopAway."""
        while True:
            waiting = self._waiting(hop)
            session = waiting or await greet(hop, self._hello, self._timeouts)
            transaction = Transaction(session, parcel, self._timeouts, self._bare)
            try:
                await transaction.run()
            except BaseException:
                session.line.drop()
                raise
            session.used += 1
            self._keep(hop, session, clean=transaction.clean)
            if transaction.clean or transaction.begun or waiting is None:
                return transaction.answers
            # It was closed while it waited and has not heard of this message: a fresh one begins.

    def _waiting(self, hop: Hop) -> Session | None:
        """A session that is still good; those that the hop has closed, or speaks in unasked, are dropped."""
        idle = self._idle.get(hop, [])
        while idle:
            found = idle.pop()
            found.timer.cancel()
            if not idle:
                del self._idle[hop]
            if not found.session.line.broken and not found.session.line.speaks:
                return found.session
            found.session.line.drop()
        return None

    def _keep(self, hop: Hop, session: Session, *, clean: bool) -> None:
        if not clean or session.line.broken:
            session.line.drop()
        elif session.used >= self._most:
            self._leave(session)
        else:
            timer = asyncio.get_running_loop().call_later(self._idle_for, self._retire, hop, session)
            self._idle.setdefault(hop, []).append(_Idle(session, timer))

    def _retire(self, hop: Hop, session: Session) -> None:
        rest = [one for one in self._idle.pop(hop, []) if one.session is not session]
        if rest:
            self._idle[hop] = rest
        self._leave(session)

    def _leave(self, session: Session) -> None:
        """Say QUIT without keeping anybody waiting."""
        task = asyncio.create_task(session.line.quit(within=self._timeouts.quit))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Leave every hop with a QUIT."""
        while self._idle:
            _, idle = self._idle.popitem()
            for one in idle:
                one.timer.cancel()
                self._leave(one.session)
        await asyncio.gather(*self._leaving)
