"""What the demo world says on the terminal: where its doors are, what to type next, a line per message, the countdown.

Plain lines, so that they read the same without a terminal. `TellingLog` passes every log line on to the log file
and turns the few that a spectator wants to see into sentences.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Self

from mailsvc.demo.people import PEOPLE
from mailsvc.demo.world import World
from mailsvc.kit.telemetry import Log

Say = Callable[[str], None]
# Seconds before the end at which the countdown speaks.
_COUNTS = (3600, 1800, 900, 600, 300, 180, 120, 60, 30, 10, 5, 4, 3, 2, 1)


def greet(world: World, say: Say) -> None:
    """Tell where everything is, who lives there and what to type next."""
    ports, run = world.ports, f"./run --state {world.state}"
    say(f"the demo world is open; it lives in {world.state}, its log in {world.state / 'lastpost.log'}")
    say(f"  127.0.0.1:{ports.world}   gateway for the world")
    say(f"  127.0.0.1:{ports.submission}   gateway for our own submission MTA")
    say(f"  127.0.0.1:{ports.inbound}   gateway for our own inbound MTA")
    say(f"  http://127.0.0.1:{ports.http}/healthz and /metrics")
    say("who lives there:")
    for person in PEOPLE:
        say(f"  {person.address:<24}{person.shows}")
    say("what to type next, in a second terminal:")
    say(f"  swaks --server 127.0.0.1:{ports.world} --from friend@elsewhere.example --to hanako@closing.example")
    say(f"  {run} explain hanako@closing.example")
    say(f"  {run} accounts list")
    say(f"  {run} plan show")
    say(f"  echo +1d > {world.clock_file}      # a day passes; empty the file and it has not")
    say("Ctrl-C ends it; started again it goes on where it was, with --fresh it begins anew.")


class Countdown:
    """Says how long the domain still receives, each length once, and when the end has come."""

    def __init__(self, end: datetime, say: Say) -> None:
        self._end = end
        self._say = say
        self._said: int | None = None

    def look(self, now: datetime) -> None:
        """Say what is to be said at `now`."""
        left = self._end - now
        step = 0 if left <= timedelta() else next((n for n in reversed(_COUNTS) if left.total_seconds() <= n), -1)
        if step in {self._said, -1}:
            return
        self._said = step
        at = self._end.astimezone().isoformat(timespec="seconds")
        self._say(
            f"closing.example has stopped receiving ({at}); forwarding goes on for a day"
            if step == 0
            else f"closing.example stops receiving in {_length(left)} ({at})"
        )


def _length(left: timedelta) -> str:
    minutes, seconds = divmod(round(left.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


class TellingLog:
    """A Log whose lines go to `log`, and whose news of messages go to `say` as sentences."""

    def __init__(self, log: Log, say: Say) -> None:
        self._log = log
        self._say = say

    def debug(self, event: str, **fields: object) -> None:
        """Say what only a developer asks for."""
        self._log.debug(event, **fields)

    def info(self, event: str, **fields: object) -> None:
        """Say what happened as it should."""
        self._log.info(event, **fields)
        self._tell(event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Say what an operator may want to look at."""
        self._log.warning(event, **fields)
        self._tell(event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Say what an operator must look at."""
        self._log.error(event, **fields)
        self._say(f"trouble: {event} {_plain(fields)}")

    def bind(self, **fields: object) -> Self:
        """The same, with these fields on every line."""
        return type(self)(self._log.bind(**fields), self._say)

    def _tell(self, event: str, fields: Mapping[str, object]) -> None:
        sentence = _SENTENCES.get(event)
        if sentence is not None:
            self._say(sentence(fields))


def _accepted(fields: Mapping[str, object]) -> str:
    sender = fields.get("sender") or "<>"
    return f"{fields['message']}  taken from {sender}, {fields['size']} octets, by {fields['kind']}"


def _refused(fields: Mapping[str, object]) -> str:
    whom = f"to {fields['recipient']}" if fields.get("recipient") else "its content"
    return f"{fields['message']}  answered {fields['code']} {whom}: {fields['because']}"


def _delivery(event: str) -> Callable[[Mapping[str, object]], str]:
    return lambda fields: f"{fields['message']}  {event} to {fields['recipient']}: {fields['reply']}"


def _plain(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items() if name != "exc_info")


_SENTENCES: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "accepted": _accepted,
    "refused": _refused,
    "delivered": _delivery("delivered"),
    "deferred": _delivery("put off"),
    "undeliverable": _delivery("cannot be delivered"),
}
