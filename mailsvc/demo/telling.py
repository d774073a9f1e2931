"""What the demo world says on the terminal: where its doors are, what to type next, a line per message, the countdown.

Plain lines, so that they read the same without a terminal. `TellingLog` passes every log line on to the log file
and turns the few that a spectator wants to see into sentences.
"""

import contextlib
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self, TextIO
from zoneinfo import ZoneInfo

from mailsvc.demo.people import DOMAIN, PEOPLE
from mailsvc.demo.plan import ZONE
from mailsvc.demo.world import World
from mailsvc.demo.worlds import DEFAULT, home
from mailsvc.kit.printable import printable
from mailsvc.kit.telemetry import Log

Say = Callable[[str], None]
# Seconds before the end at which the countdown speaks.
_COUNTS = (3600, 1800, 900, 600, 300, 180, 120, 60, 30, 10, 5, 4, 3, 2, 1)


def greet(world: World, old: str, say: Say) -> None:
    """Tell where everything is, who lives there and what to type next; lines of 80 characters where paths allow."""
    ports, run = world.ports, _run(world.state)
    say("the demo world is open")
    say(f"  127.0.0.1:{ports.world}  gateway for the world")
    say(f"  127.0.0.1:{ports.submission}  gateway for our own submission MTA")
    say(f"  127.0.0.1:{ports.inbound}  gateway for our own inbound MTA")
    say(f"  127.0.0.1:{ports.imap}  the old IMAP server ({old}), with mail of many years")
    say(f"  http://127.0.0.1:{ports.http}/healthz and /metrics")
    say(f"  its folder, with mail/, world.json and lastpost.log: {world.state}")
    say(f"who lives at {DOMAIN}:")
    for person in PEOPLE:
        say(f"  {person.local:<8}  {person.shows}")
    say("what to type next, in a second terminal:")
    say(f"  swaks -s 127.0.0.1:{ports.world} -f friend@elsewhere.example -t hanako@{DOMAIN}")
    say(f"  {run} explain hanako@{DOMAIN}")
    say(f"  {run} export hanako@{DOMAIN} --format zip")
    say("    (her mail to take home: ends with a link to open in a browser)")
    say(f"  {run} quarantine list")
    say(f"  {run} accounts list")
    say(f"  {run} plan show")
    say(f"  echo +1d > {shlex.quote(str(world.clock_file))}")
    say("    (a day passes; empty the file and it has not)")
    say("Ctrl-C ends it; started again it goes on, with --fresh it begins anew")


def _run(state: Path) -> str:
    return "./run" if state == home() / DEFAULT else f"./run --state {shlex.quote(str(state))}"


def teller(stream: TextIO) -> Say:
    """Lines for the spectator, what strangers wrote made harmless; one who has gone away is no trouble to the mail."""

    def say(line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            stream.write(printable(line) + "\n")
            stream.flush()

    return say


class Countdown:
    """Says how long the domain still receives, each length once, and when the end has come."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._end: datetime | None = None
        self._said: int | None = None

    def look(self, now: datetime, end: datetime | None) -> None:
        """Say what is to be said at `now` about the end that stands; None: there is none."""
        if end is None:
            return
        at = end.astimezone(ZoneInfo(ZONE)).isoformat(timespec="seconds")
        if end != self._end:
            if self._end is not None:
                self._say(f"{DOMAIN} now receives until {at}")
            self._end, self._said = end, None
        left = (end - now).total_seconds()
        # Rounded, so that a look just before a length is not told as that length, and that length again.
        step = 0 if left <= 0 else next((n for n in reversed(_COUNTS) if round(left) <= n), -1)
        if step in {self._said, -1}:
            return
        self._said = step
        self._say(
            f"{DOMAIN} has stopped receiving ({at})"
            if step == 0
            else f"{DOMAIN} stops receiving in {_length(left)} ({at})"
        )


def _length(left: float) -> str:
    minutes, seconds = divmod(max(1, round(left)), 60)
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
    return f"{fields['message']}  from {sender}, {fields['size']} octets, by {fields['kind']}"


def _refused(fields: Mapping[str, object]) -> str:
    whom = f"to {fields['recipient']}" if fields.get("recipient") else "to its content"
    return f"{fields['message']}  {fields['code']} {whom}: {fields['because']}"


def _delivered(fields: Mapping[str, object]) -> str:
    return f"{fields['message']}  delivered to {fields['recipient']}"


def _quarantined(fields: Mapping[str, object]) -> str:
    return f"{fields['message']}  {fields['code']}, put into quarantine: {fields['threat'] or fields['because']}"


def _delivery(event: str) -> Callable[[Mapping[str, object]], str]:
    return lambda fields: f"{fields['message']}  {event} to {fields['recipient']}: {fields['reply']}"


def _plain(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items() if name != "exc_info")


_SENTENCES: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "accepted": _accepted,
    "refused": _refused,
    "quarantined": _quarantined,
    "delivered": _delivered,
    "deferred": _delivery("put off"),
    "undeliverable": _delivery("cannot be delivered"),
}
