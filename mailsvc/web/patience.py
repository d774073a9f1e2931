"""How many HTTP connections there may be, and how long one may stay without asking for anything.

uvicorn bounds neither: a client that opens connections and says nothing, or a request or its body octet by octet, or
reads nothing of an answer, would keep the descriptors that mail needs. `bounded(limits)` is its HTTP/1.1 protocol with
these bounds. Where all places are taken the connection that has waited longest without a whole request makes room, so
that health can still be asked.
"""

import asyncio
from dataclasses import dataclass

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


@dataclass(frozen=True, slots=True)
class Limits:
    """`connections` at once, and the `seconds` from a connection's start, or its last answer, to the next request.

    A client that lets an answer wait for `unread` seconds without reading any of it is gone.
    """

    connections: int = 200
    seconds: float = 15.0
    unread: float = 60.0


class _Bounded(H11Protocol):
    limits = Limits()
    since = 0.0
    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether no whole request is being answered."""
        cycle: object = self.cycle  # None before the first request
        return not isinstance(cycle, RequestResponseCycle) or cycle.response_complete or cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._goes_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._goes_on()
        self._stalled = self.loop.call_later(self.limits.unread, self.transport.abort)

    def resume_writing(self) -> None:
        self._goes_on()
        super().resume_writing()

    def on_response_complete(self) -> None:
        self._wait()
        super().on_response_complete()

    def _goes_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _wait(self) -> None:
        self.since = self.loop.time()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(self.limits.seconds, self._time_is_over)

    def _time_is_over(self) -> None:
        if self.idle:
            self.transport.abort()

    def _make_room(self) -> None:
        idle = [one for one in self.connections if isinstance(one, _Bounded) and one.idle and one is not self]
        leaving = min(idle, key=lambda one: one.since, default=self)
        self.connections.discard(leaving)
        leaving.transport.abort()


def bounded(limits: Limits) -> type[H11Protocol]:
    """Give uvicorn's protocol for HTTP/1.1 within `limits`."""

    class Within(_Bounded):
        pass

    Within.limits = limits
    return Within
