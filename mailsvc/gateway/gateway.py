"""The gateway: every listener, every session, and how they end together.

    gateway = Gateway(settings, reception, clock, metrics, log)
    endpoints = await gateway.start()        # bound, in the order of the settings
    await gateway.stop(drain=20.0)           # seconds; also at the end of `async with gateway:`

`start` raises CannotListen or BadTls, which say what to do. `stop` lets messages that are being received or kept
finish within the drain time, says 421 4.3.2 to everybody else, and waits for every commit that has begun.
"""

import asyncio
import ssl
from typing import Final, Self

from mailsvc.gateway.clients import Doorman
from mailsvc.gateway.deadline import Deadline
from mailsvc.gateway.limits import Admission
from mailsvc.gateway.reception import Reception
from mailsvc.gateway.server import GatewayServer, Patience, Porch
from mailsvc.gateway.terms import Terms
from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.net import listen, server_tls, use_certificate
from mailsvc.kit.settings import Settings
from mailsvc.kit.settings.gateway import BareNewline, GatewaySettings, Listener
from mailsvc.kit.telemetry import Log
from schedules.clock import Clock

DRAIN_SECONDS: Final = 20.0


class Gateway:
    """All listeners of one process; started once, stopped once."""

    def __init__(self, settings: Settings, reception: Reception, clock: Clock, metrics: Metrics, log: Log) -> None:
        self._settings = settings.gateway
        self._hostname = settings.service.hostname
        self._metrics = metrics
        self._log = log
        self._deadline = Deadline(self._settings.handler_deadline.total_seconds(), log)
        self._admission = _admission(self._settings, clock)
        self._reception = reception
        self._contexts: list[ssl.SSLContext] = []
        self._servers: list[asyncio.Server] = []
        self._open: set[GatewayServer] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.endpoints: tuple[Endpoint, ...] = ()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> tuple[Endpoint, ...]:
        """Open every listener, or none; the endpoints with the ports the system gave."""
        try:
            for listener in self._settings.listeners:
                await self._open_listener(listener)
        except BaseException:
            await self.stop(drain=0)
            raise
        self._log.info("gateway-listens", on=[str(endpoint) for endpoint in self.endpoints])
        return self.endpoints

    def renew_certificate(self) -> None:
        """Read certificate and key again, for sessions that begin from now on; unusable ones change nothing."""
        certificate, key = self._settings.certificate, self._settings.key
        if certificate is None or key is None:
            return
        for context in self._contexts:
            unusable = use_certificate(context, certificate, key)
            if unusable is not None:
                self._log.error("certificate-not-reloaded", why=str(unusable))

    async def stop(self, drain: float = DRAIN_SECONDS) -> None:
        """Close the doors, let messages under way finish within `drain` seconds, then end what is left."""
        for server in self._servers:
            server.close()
        for session in tuple(self._open):
            session.depart()
        await self._emptied(drain)
        for session in tuple(self._open):
            session.abort()
        await self._empty.wait()
        await self._deadline.settle()

    async def _emptied(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            self._log.warning("sessions-cut", sessions=len(self._open))

    async def _open_listener(self, listener: Listener) -> None:
        porch = self._porch(listener)
        bound = listen(listener.listen.host, listener.listen.port)
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(lambda: GatewayServer(porch, loop), sock=bound, backlog=512))
        host, port = bound.getsockname()[:2]
        self.endpoints += (Endpoint(host, port),)

    def _porch(self, listener: Listener) -> Porch:
        settings, doorman = self._settings, Doorman(listener)
        terms = self._terms(self._tls(ask=doorman.certificates_matter))
        patience = Patience(
            settings.command_timeout.total_seconds(), settings.data_timeout.total_seconds(), settings.refusals_limit
        )
        return Porch(terms, doorman, self._admission, patience, self._log, begun=self._began, ended=self._ended)

    def _tls(self, *, ask: bool) -> ssl.SSLContext | None:
        """Clients are asked for a certificate only where one matters: asked, whoever shows a foreign one is cut off."""
        settings = self._settings
        if settings.certificate is None or settings.key is None:
            return None
        context = server_tls(settings.certificate, settings.key, client_ca=settings.client_ca if ask else None)
        self._contexts.append(context)
        return context

    def _terms(self, tls: ssl.SSLContext | None) -> Terms:
        settings = self._settings
        return Terms(
            reception=self._reception,
            deadline=self._deadline,
            hostname=self._hostname,
            size_limit=settings.size_limit,
            recipients_limit=settings.recipients_limit,
            normalise=settings.bare_newline is BareNewline.NORMALISE,
            tls=tls,
        )

    def _began(self, session: GatewayServer) -> None:
        self._open.add(session)
        self._empty.clear()
        self._metrics.sessions.inc()

    def _ended(self, session: GatewayServer) -> None:
        self._open.discard(session)
        self._metrics.sessions.dec()
        if not self._open:
            self._empty.set()


def _admission(settings: GatewaySettings, clock: Clock) -> Admission:
    return Admission(
        sessions=settings.sessions_limit,
        per_client=settings.sessions_per_client,
        per_second=settings.connections_per_client_second,
        monotonic=clock.monotonic,
    )
