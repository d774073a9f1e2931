"""Clock jumps as they happen on machines: what the guard says at each look, from start to end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schedules.jump import JumpGuard, Suspect

T = datetime(2024, 1, 31, 12, tzinfo=UTC)


@dataclass
class Machine:
    """A machine whose clocks can be set, and the process on it that keeps the guard's state over restarts."""

    real: datetime = T
    error: timedelta = timedelta()  # how far the wall clock is off
    monotonic: float = 0.0
    guard: JumpGuard | None = None
    kept_mark: datetime | None = None
    kept_state: str | None = None

    @property
    def wall(self) -> datetime:
        return self.real + self.error

    def start(self) -> bool:
        pending = Suspect.from_json(self.kept_state) if self.kept_state else None
        self.monotonic = 0.0
        self.guard = JumpGuard.start(self.wall, 0.0, mark=self.kept_mark, pending=pending)
        return self.keep()

    def keep(self) -> bool:
        """Write down what outlives the process; whether the clock is believed."""
        assert self.guard is not None
        self.kept_mark = self.guard.mark
        self.kept_state = self.guard.state.to_json() if isinstance(self.guard.state, Suspect) else None
        return self.kept_state is None

    def run(self, length: timedelta, step: timedelta = timedelta(seconds=30)) -> bool:
        """Let the process run; whether the clock is believed at the end."""
        assert self.guard is not None
        for _ in range(max(1, length // step)):
            self.real += step
            self.monotonic += step.total_seconds()
            self.guard = self.guard.tick(self.wall, self.monotonic)
        return self.keep()

    def down(self, length: timedelta) -> None:
        self.guard = None
        self.real += length


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_an_ordinary_life_is_never_in_doubt() -> None:
    machine = Machine()
    assert machine.start()
    for _ in range(5):
        assert machine.run(HOUR)
        machine.down(6 * HOUR)
        assert machine.start()
    assert machine.kept_mark == machine.wall


def test_time_service_corrects_a_few_seconds() -> None:
    machine = Machine(error=timedelta(seconds=-20))
    assert machine.start()
    assert machine.run(MINUTE)
    machine.error = timedelta()
    assert machine.run(DAY)


def test_somebody_sets_the_year_forward_and_back_again() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    before = machine.kept_mark
    machine.error = 366 * DAY
    assert not machine.run(MINUTE)
    assert machine.kept_mark == before
    machine.error = timedelta()
    assert machine.run(MINUTE)
    assert machine.kept_mark == machine.wall


def test_a_battery_dies_and_the_machine_starts_in_1970() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    machine.down(HOUR)
    machine.error = datetime(1970, 1, 1, tzinfo=UTC) - machine.real
    assert not machine.start()
    assert not machine.run(HOUR)
    machine.error = timedelta()  # time service has found its server
    machine.down(MINUTE)
    assert machine.start()


def test_a_machine_starts_in_1970_and_time_service_comes_while_it_runs() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    machine.down(10 * MINUTE)
    machine.error = datetime(1970, 1, 1, tzinfo=UTC) - machine.real
    assert not machine.start()
    machine.error = timedelta()
    # The outage of ten minutes cannot be told from a jump of ten minutes: somebody has to say so.
    assert not machine.run(HOUR)
    assert machine.guard is not None
    machine.guard = machine.guard.acknowledge(machine.wall, machine.monotonic)
    assert machine.keep()
    assert machine.run(HOUR)


def test_doubt_lives_through_a_chain_of_restarts_until_it_is_acknowledged() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    machine.error = 3 * DAY
    assert not machine.run(MINUTE)
    for _ in range(5):
        machine.down(10 * MINUTE)
        assert not machine.start()
        assert not machine.run(10 * MINUTE)
    assert machine.guard is not None
    trusted = machine.guard.trusted(machine.monotonic)
    assert abs(trusted - machine.real) < MINUTE
    machine.guard = machine.guard.acknowledge(machine.wall, machine.monotonic)
    assert machine.keep()
    machine.down(MINUTE)
    assert machine.start()
    assert machine.kept_mark == machine.wall


def test_doubt_heals_over_a_restart_when_the_clock_is_set_right_meanwhile() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    machine.error = 30 * DAY
    assert not machine.run(MINUTE)
    machine.down(5 * MINUTE)
    machine.error = timedelta()
    assert machine.start()
    assert machine.run(HOUR)


def test_a_snapshot_of_last_month_is_brought_back_to_life() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    machine.down(30 * DAY)
    assert not machine.start()  # longer than the longest outage: is it the clock or the machine that slept?
    assert machine.guard is not None
    assert isinstance(machine.guard.state, Suspect)
    assert machine.guard.state.jumped_by == 30 * DAY


def test_a_laptop_sleeps_and_its_monotonic_clock_with_it() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    machine.real += 8 * HOUR
    assert not machine.run(MINUTE)


def test_a_clock_that_creeps_ahead_step_by_step_is_found_out() -> None:
    machine = Machine()
    machine.start()
    for _ in range(12):
        machine.error += timedelta(seconds=5)
        assert machine.run(MINUTE)
    machine.error += timedelta(seconds=5)
    assert not machine.run(MINUTE)


def test_a_second_jump_while_in_doubt_does_not_move_the_trusted_time() -> None:
    machine = Machine()
    machine.start()
    machine.run(HOUR)
    machine.error = 3 * DAY
    machine.run(MINUTE)
    machine.error = -300 * DAY
    assert not machine.run(MINUTE)
    assert machine.guard is not None
    assert machine.guard.trusted(machine.monotonic) == machine.real
