"""A job: one move that workers carry out, and what may become of it. Pure; `TABLE` has every transition there is.

    state = after(state, Event.PAUSE)        # raises NotNow where the table has none: then nothing changes
    wait = Patience().wait(failed, asked=asked, chance=random.random())

Whoever works on a job holds it by a lease; PAUSING and CANCELLING still hold it, until what is on its way has its
answers. An ended job has no secrets any more; RETRY makes it wait again, and what was settled stays settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"  # until it is due, and a worker and its hosts have room for it
    RUNNING = "running"
    PAUSING = "pausing"  # running, and asked to pause
    CANCELLING = "cancelling"  # running, and asked to end
    PAUSED = "paused"  # by a person, until a person resumes it
    DONE = "done"
    DONE_WITH_NAMED = "done-with-named"  # done, and its receipt names what could not be moved
    FAILED = "failed"  # for good, as it is: a person has to put something right
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What befalls a job."""

    CLAIMED = "claimed"  # a worker has taken it
    SUCCEEDED = "succeeded"
    NAMED = "named"  # done, but for what is named
    FAILED_FOR_NOW = "failed-for-now"  # worth another try, after a wait
    FAILED_FOR_GOOD = "failed-for-good"
    GIVEN_BACK = "given-back"  # its worker stopped where it was, since it ends or was asked to
    LEASE_LOST = "lease-lost"  # its worker was not heard of for too long
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"


HELD = frozenset({State.RUNNING, State.PAUSING, State.CANCELLING})  # a worker has it
ENDED = frozenset({State.DONE, State.DONE_WITH_NAMED, State.FAILED, State.CANCELLED})
ASKED = frozenset({Event.PAUSE, Event.RESUME, Event.CANCEL, Event.RETRY})  # by a person

_ENDS = {Event.SUCCEEDED: State.DONE, Event.NAMED: State.DONE_WITH_NAMED}
_AGAIN = {Event.RETRY: State.WAITING}
TABLE: Mapping[State, Mapping[Event, State]] = MappingProxyType(
    {
        State.WAITING: {
            Event.CLAIMED: State.RUNNING,
            Event.PAUSE: State.PAUSED,
            Event.CANCEL: State.CANCELLED,
            Event.RETRY: State.WAITING,  # at once
        },
        State.RUNNING: {
            **_ENDS,
            Event.FAILED_FOR_NOW: State.WAITING,
            Event.FAILED_FOR_GOOD: State.FAILED,
            Event.GIVEN_BACK: State.WAITING,
            Event.LEASE_LOST: State.WAITING,
            Event.PAUSE: State.PAUSING,
            Event.CANCEL: State.CANCELLING,
        },
        State.PAUSING: {
            **_ENDS,
            Event.FAILED_FOR_NOW: State.PAUSED,
            Event.FAILED_FOR_GOOD: State.FAILED,
            Event.GIVEN_BACK: State.PAUSED,
            Event.LEASE_LOST: State.PAUSED,
            Event.RESUME: State.RUNNING,
            Event.CANCEL: State.CANCELLING,
        },
        State.CANCELLING: {
            **_ENDS,  # it was quicker than the wish
            Event.FAILED_FOR_NOW: State.CANCELLED,
            Event.FAILED_FOR_GOOD: State.CANCELLED,
            Event.GIVEN_BACK: State.CANCELLED,
            Event.LEASE_LOST: State.CANCELLED,
        },
        State.PAUSED: {Event.RESUME: State.WAITING, Event.CANCEL: State.CANCELLED},
        State.DONE: _AGAIN,
        State.DONE_WITH_NAMED: _AGAIN,
        State.FAILED: _AGAIN,
        State.CANCELLED: _AGAIN,
    }
)


class NotNow(ValueError):
    """There is no such transition; the message says what there is."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"a job that is {state} takes no {event}: it takes {', '.join(TABLE[state])}")


def after(state: State, event: Event) -> State:
    """What becomes of a job. Raises NotNow."""
    try:
        return TABLE[state][event]
    except KeyError:
        raise NotNow(state, event) from None


def takes(event: Event) -> frozenset[State]:
    """The states in which a job takes an event."""
    return frozenset(state for state, events in TABLE.items() if event in events)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a job waits that failed for now: doubled with each failure on which nothing was settled."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(days=5)  # of nothing but failures

    def wait(self, failed: int, *, asked: timedelta | None = None, chance: float = 0.0) -> timedelta:
        """The wait after so many failures in a row (at least one); never less than the mailbox has asked for.

        Up to a tenth is taken off by `chance` (0 to 1), so that jobs which failed together do not come back together.
        """
        seconds = self.first.total_seconds()
        longest = self.longest.total_seconds()
        for _ in range(failed - 1):
            if seconds >= longest:
                break
            seconds *= 2
        ours = timedelta(seconds=min(seconds, longest) * (1 - chance / 10))
        return max(ours, asked or timedelta())

    def is_over(self, failing_since: datetime | None, now: datetime) -> bool:
        """Whether it has failed for so long that a person has to look."""
        return failing_since is not None and now - failing_since >= self.give_up
