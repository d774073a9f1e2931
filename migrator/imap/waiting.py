"""How long a server may take: silent for `patience` seconds, and ENDLESS times that while nothing comes that was asked.

    waiting = Waiting(60, loop.time)
    waiting.heard(); waiting.got()      # anything; something that was asked for, or an answer
    waiting.over()                      # why to wait no longer; "" while there is hope

So a server that says it is still there is given time, and one that chatters for ever, or gives an octet a minute, is
not. A large literal is what was asked for as long as it comes at RATE at least.
"""

from collections.abc import Callable

ENDLESS = 10
RATE = 1_000  # octets a second: a modem of long ago


class Waiting:
    """For one connection, while something is asked."""

    def __init__(self, patience: float, now: Callable[[], float]) -> None:
        self._patience = patience
        self._now = now
        self._poured = 0  # octets of a large literal that are not counted as progress yet
        self._heard_at = self._got_at = now()

    def heard(self) -> None:
        """Something came."""
        self._heard_at = self._now()

    def got(self) -> None:
        """What was asked for came, or some of what we send went; or there was nothing to wait for until now."""
        self._heard_at = self._got_at = self._now()
        self._poured = 0

    def poured(self, octets: int) -> None:
        """So much of a large literal came."""
        self._poured += octets
        if self._poured >= RATE * (self._now() - self._got_at):
            self.got()

    def over(self) -> str:
        """What the server has done for too long."""
        now, endless = self._now(), ENDLESS * self._patience
        if now - self._heard_at > self._patience:
            return f"said nothing for {self._patience:g} s"
        if now - self._got_at > endless:
            return f"gave nothing of what it was asked for in {endless:g} s"
        return ""
