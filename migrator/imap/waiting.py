"""How long a server may take: silent for `patience` seconds, and ENDLESS times that while nothing comes that was asked.

    waiting = Waiting(60, loop.time)
    waiting.heard(); waiting.got()      # anything; something that was asked for, or an answer
    waiting.over("UID FETCH")           # Silent or Stalled, where to wait no longer; None while there is hope

Servers that work for long say that they are still there (Dovecot: `* OK Hang in there..`), so that nobody leaves: they
are given time. One that chatters for ever, or gives an octet a minute, is not: only what was asked for and is new, an
answer, or what we send going out makes the time begin anew. A large literal is what was asked for as long as it comes
at RATE at least. Who is left by Stalled has had all its time, so a job does not try it again while it keeps its place
(`steps/pausing.py`): it goes back to the queue and waits there, longer each time.
"""

from collections.abc import Callable

from migrator.imap.errors import Silent, Stalled

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

    def over(self, command: str) -> Silent | None:
        """What ends the line, once the server takes longer over `command` than it may."""
        now, endless = self._now(), ENDLESS * self._patience
        if now - self._heard_at > self._patience:
            return Silent(f"the server said nothing for {self._patience:g} s, asked for {command}")
        if now - self._got_at > endless:
            return Stalled(f"the server gave nothing of what it was asked for in {endless:g} s, asked for {command}")
        return None
