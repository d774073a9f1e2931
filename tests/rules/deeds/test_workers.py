import asyncio
from collections.abc import Sequence
from random import Random

from mailsvc.records.store import RecordsAway
from mailsvc.workers.keeping import kept
from mailsvc.workers.owner import worker_name
from tests.support.deadline import until


def test_a_worker_that_comes_back_has_another_name() -> None:
    random = Random(1)
    names = {worker_name("mx.example", 4711, random) for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("mx.example:4711:") for name in names)


class Renewals:
    """Answers a renewal by the next of its answers, then True."""

    def __init__(self, answers: Sequence[bool | Exception] = ()) -> None:
        self.answers = list(answers)
        self.count = 0

    async def __call__(self) -> bool:
        self.count += 1
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_lease_is_renewed_while_the_block_runs_and_not_after() -> None:
    renew = Renewals()
    async with kept(renew, every=0.01) as lease:
        await until(lambda: renew.count >= 3, "three renewals")
        assert not lease.lost
    count = renew.count
    await asyncio.sleep(0.05)
    assert renew.count == count


async def test_a_lost_lease_is_told_and_not_renewed_again() -> None:
    renew = Renewals(answers=[True, False])
    async with kept(renew, every=0.01) as lease:
        await until(lambda: lease.lost, "the loss")
        await asyncio.sleep(0.05)
    assert renew.count == 2


async def test_records_that_are_away_lose_nothing() -> None:
    renew = Renewals(answers=[RecordsAway("locked"), RecordsAway("locked"), True])
    async with kept(renew, every=0.01) as lease:
        await until(lambda: renew.count >= 4, "renewals go on")
    assert not lease.lost
