"""A job that runs here, and how much of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from mailsvc.kit.presets import preset_of
from mailsvc.records.job import Job, Progress
from mailsvc.workers.jobs.budgets import Terms
from mailsvc.workers.jobs.run import Run


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at once, and how often; seconds of real time but for the lease."""

    at_once: int = 4
    per_host: int = 4  # of all workers together
    terms: Terms = preset_of  # what a host bears, where that is known
    lease: timedelta = timedelta(seconds=60)
    tick: float = 1.0  # between two looks at what is asked for and what is in hand
    grace: float = 10.0  # for what is on its way, once a job is asked to stop
    again: Sequence[float] = (0.5, 2.0, 5.0)  # before a settlement that the records did not take is tried again


class InHand:
    """A job that runs here. Instants are the monotonic clock's."""

    def __init__(self, run: Run, began: float) -> None:
        self.run = run
        self.told = Progress()  # what the records know
        self.renewed_at = began  # the lease is ours for sure for its length from then on
        self.asked_at: float | None = None  # when it was asked to stop
        self.lost = False
        self.settling = False

    @property
    def job(self) -> Job:
        """The job, as it was claimed."""
        return self.run.job

    def stop(self, now: float) -> None:
        """Let it come to an end soon."""
        self.asked_at = now
        self.run.stop()

    def lose(self) -> None:
        """Its lease is lost: end it, and settle nothing."""
        self.lost = True
        self.run.cut()
