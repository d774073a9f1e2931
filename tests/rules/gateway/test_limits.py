"""How many may come in."""

from filters.replies import TOO_MANY_CONNECTIONS
from mailsvc.gateway.limits import Admission


class Watch:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def admission(watch: Watch, *, sessions: int = 100, per_client: int = 100, per_second: int = 100) -> Admission:
    return Admission(sessions=sessions, per_client=per_client, per_second=per_second, monotonic=watch)


def test_the_house_is_full_at_its_limit_and_open_again_when_one_leaves() -> None:
    doors = admission(Watch(), sessions=2)
    assert doors.enter("a") is None
    assert doors.enter("b") is None
    assert doors.enter("c") is TOO_MANY_CONNECTIONS
    assert doors.sessions == 2
    doors.leave("a")
    assert doors.enter("c") is None


def test_one_client_cannot_fill_it() -> None:
    doors = admission(Watch(), per_client=2)
    assert [doors.enter("a") for _ in range(3)] == [None, None, TOO_MANY_CONNECTIONS]
    assert doors.enter("b") is None
    doors.leave("a")
    assert doors.enter("a") is None


def test_new_ones_per_second_are_counted_by_client() -> None:
    watch = Watch()
    doors = admission(watch, per_second=2)
    for _ in range(2):
        assert doors.enter("a") is None
        doors.leave("a")
    assert doors.enter("a") is TOO_MANY_CONNECTIONS
    assert doors.enter("b") is None
    watch.seconds += 1
    assert doors.enter("a") is None


def test_nothing_is_remembered_of_who_has_gone() -> None:
    watch = Watch()
    doors = admission(watch, sessions=1)
    doors.enter("first")
    for number in range(1000):
        watch.seconds += 1
        assert doors.enter(f"client {number}") is TOO_MANY_CONNECTIONS
    doors.leave("first")
    assert doors.sessions == 0
    assert len(doors._inside) == 0
    assert len(doors._arrived) == 1
