from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mailsvc.outbox.backoff import Backoff

MINUTE = timedelta(minutes=1)
WAITS = Backoff(MINUTE, timedelta(hours=1))


class NoDice(Random):
    def random(self) -> float:
        return 0.0


def test_waits_double_up_to_the_longest() -> None:
    minutes = [WAITS.after(attempts, NoDice()) / MINUTE for attempts in range(1, 9)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60]


@given(st.integers(-5, 10**9), st.randoms(use_true_random=False))
def test_a_wait_is_never_none_nor_over_the_longest(attempts: int, random: Random) -> None:
    assert MINUTE * 0.9 <= WAITS.after(attempts, random) <= timedelta(hours=1)


def test_mail_deferred_together_does_not_come_back_together() -> None:
    random = Random(1)
    assert len({WAITS.after(7, random) for _ in range(50)}) == 50
