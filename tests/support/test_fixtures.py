from datetime import UTC, timedelta

from mailsvc.records.store import Records
from schedules.clock import MovableClock


def test_the_clock_stands_still_until_it_is_moved(clock: MovableClock) -> None:
    before = clock.now()
    assert before.astimezone(UTC).hour == 3
    clock.advance(timedelta(hours=1))
    assert clock.now() - before == timedelta(hours=1)


def test_the_records_are_empty_and_can_be_asked(records: Records) -> None:
    assert records.version("directory") == 0
