"""A door on TCP for protocols of question and answer: bounded, patient within limits, closed in order.

    door = Door("policy", speech, limits, may_ask, log)
    endpoint = await door.open(where)
    await door.close(drain=5.0)

A `Speech` says how a question ends on the wire and what the answer is. Who sends what is no question is cut off and
logged; who asks too much at once is turned away; an answer that takes too long or fails is the speech's word for "ask
again". `close` lets answers that have begun be given. Raises CannotListen.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.net import listen
from mailsvc.kit.telemetry import Log

READ_AHEAD: Final = 32_768


class Garbled(ValueError):
    """What came is no question of this protocol; the message says why."""


class Speech(Protocol):
    """One protocol of question and answer."""

    async def hear(self, reader: asyncio.StreamReader) -> bytes | None:
        """The next question, None where nobody asks any more. Raises Garbled."""

    async def answer(self, heard: bytes) -> bytes:
        """The answer to it. Raises Garbled."""

    @property
    def ask_again(self) -> bytes:
        """The answer where there is none in time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may ask at once, and how long each step may take, in seconds."""

    connections: int
    idle: float = 1200.0  # longer than an MTA keeps a connection that it does not use (Postfix: 300 s)
    answer: float = 60.0  # shorter than an MTA waits for it (Postfix: 100 s)
    write: float = 30.0


class Door:
    """One listening socket and the connections through it."""

    def __init__(self, name: str, speech: Speech, limits: Limits, may_ask: Callable[[str], bool], log: Log) -> None:
        self._name = name
        self._speech = speech
        self._limits = limits
        self._may_ask = may_ask
        self._log = log
        self._server: asyncio.Server | None = None
        self._asking: dict[asyncio.Task[None], bool] = {}  # whether it waits for a question
        self._closing = False

    async def open(self, where: Endpoint) -> Endpoint:
        """Listen; the endpoint with the port the system gave. Raises CannotListen."""
        bound = listen(where.host, where.port)
        self._server = await asyncio.start_server(self._enter, sock=bound, limit=READ_AHEAD)
        host, port = bound.getsockname()[:2]
        self._log.info(f"{self._name}-listens", on=str(Endpoint(host, port)))
        return Endpoint(host, port)

    async def close(self, drain: float) -> None:
        """Ask nobody in any more; whoever has asked is answered within `drain` seconds."""
        self._closing = True
        if self._server is not None:
            self._server.close()
        for task, idle in tuple(self._asking.items()):
            if idle:
                task.cancel()
        if self._asking:
            _, late = await asyncio.wait(tuple(self._asking), timeout=drain)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        task = asyncio.current_task()
        if task is None or not self._admitted(peer):
            writer.transport.abort()
            return
        self._asking[task] = True
        try:
            await self._serve(reader, writer, task)
        except Garbled as why:
            self._log.warning(f"{self._name}-garbled", peer=peer, why=str(why))
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # gone, silent for too long, or closed from here: the MTA asks anew on another connection
        finally:
            del self._asking[task]
            writer.close()

    def _admitted(self, peer: str) -> bool:
        if self._closing:
            return False
        if not self._may_ask(peer):
            self._log.warning(f"{self._name}-stranger", peer=peer)
            return False
        if len(self._asking) >= self._limits.connections:
            self._log.warning(f"{self._name}-full", peer=peer, connections=len(self._asking))
            return False
        return True

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: "asyncio.Task[None]"
    ) -> None:
        while not self._closing:
            self._asking[task] = True
            async with asyncio.timeout(self._limits.idle):
                heard = await self._speech.hear(reader)
            if heard is None:
                return
            self._asking[task] = False
            writer.write(await self._answered(heard))
            async with asyncio.timeout(self._limits.write):
                await writer.drain()

    async def _answered(self, heard: bytes) -> bytes:
        try:
            async with asyncio.timeout(self._limits.answer):
                return await self._speech.answer(heard)
        except Garbled:
            raise
        except TimeoutError:
            self._log.error(f"{self._name}-late", seconds=self._limits.answer)
        except Exception as error:  # noqa: BLE001 - one question's fault must not end the service
            self._log.error(f"{self._name}-failed", exc_info=error)
        return self._speech.ask_again
