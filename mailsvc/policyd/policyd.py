"""The policy service: two doors for MTAs that ask instead of relaying through the gateway.

    policyd = Policyd(lambda: settings, verdicts, routes, metrics, log)
    policy, socketmap = await policyd.start()     # endpoints with the ports the system gave; None where not served
    await policyd.stop()

Only this machine and the networks of the settings may ask; others are cut off. Where it listens is settled at the
start, what it answers is asked of the settings each time. Raises CannotListen.
"""

import ipaddress
from collections.abc import Callable
from typing import Final, Self

from filters.mail import ClientKind
from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.settings import Settings
from mailsvc.kit.telemetry import Log
from mailsvc.policyd.door import Door, Limits, Speech
from mailsvc.policyd.policy import PolicySpeech, Recipients, Terms
from mailsvc.policyd.socketmap import SocketmapSpeech, Ways

DRAIN_SECONDS: Final = 5.0


class Policyd:
    """Both doors of one process; started once, stopped once."""

    def __init__(
        self, settings: Callable[[], Settings], verdicts: Recipients, ways: Ways, metrics: Metrics, log: Log
    ) -> None:
        self._settings = settings
        self._log = log
        self._policy = PolicySpeech(verdicts, lambda: _terms(settings()), metrics, log)
        self._socketmap = SocketmapSpeech(verdicts, ways, lambda domain: settings().domain(domain) is not None)
        self._doors: list[Door] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> tuple[Endpoint | None, Endpoint | None]:
        """Open the doors that the settings name, or none where one cannot be opened."""
        policy = self._settings().policy
        try:
            return (
                await self._open("policy", self._policy, policy.listen),
                await self._open("socketmap", self._socketmap, policy.socketmap),
            )
        except BaseException:
            await self.stop(drain=0)
            raise

    async def stop(self, drain: float = DRAIN_SECONDS) -> None:
        """Close the doors; whoever has asked is answered within `drain` seconds."""
        for door in self._doors:
            await door.close(drain)

    async def _open(self, name: str, speech: Speech, where: Endpoint | None) -> Endpoint | None:
        if where is None:
            return None
        gateway = self._settings().gateway
        limits = Limits(connections=gateway.sessions_limit, answer=gateway.handler_deadline.total_seconds())
        door = Door(name, speech, limits, self._may_ask, self._log)
        self._doors.append(door)
        return await door.open(where)

    def _may_ask(self, ip: str) -> bool:
        address = ipaddress.ip_address(ip.partition("%")[0])
        return address.is_loopback or any(address in network for network in self._settings().policy.networks)


def _terms(settings: Settings) -> Terms:
    returning = settings.forwarding.srs_domain  # bounces of forwarded mail are judged like mail for us
    return Terms(
        ours=lambda domain: settings.domain(domain) is not None or domain.ascii == returning,
        asked_for=ClientKind(settings.policy.asked_for),
        size_limit=settings.gateway.size_limit,
        recipients_limit=settings.gateway.recipients_limit,
        soft_bounce=settings.soft_bounce,
        closed=settings.gateway.closed,
    )
