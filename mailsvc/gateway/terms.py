"""What a session stands on: the terms all sessions share, and the connection under it."""

import ssl
from dataclasses import dataclass
from typing import Protocol

from mailsvc.gateway.deadline import Deadline
from mailsvc.gateway.reception import Reception
from mailsvc.gateway.wire import Wire


@dataclass(frozen=True, slots=True)
class Terms:
    """What all sessions of a gateway share. Sizes are octets, 0 means none."""

    reception: Reception
    deadline: Deadline
    hostname: str
    size_limit: int
    recipients_limit: int
    normalise: bool
    tls: ssl.SSLContext | None


class Line(Protocol):
    """The connection under a session."""

    wire: Wire

    def say(self, answer: bytes) -> None:
        """Send this, soon."""

    def receiving(self, *, content: bool) -> None:
        """Content follows, or commands again: they have different time limits."""

    def fruitless(self) -> None:
        """This command leads to no mail; too many of them end the session."""

    def fruitful(self) -> None:
        """A message was taken."""

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Answer 220 and go on encrypted; the client is a new one afterwards."""
