"""A side that was away comes back: the move goes on by itself, as long as it was told to wait for that."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from migrator.mailbox import MailboxAway, MailboxLimited, MailboxStalled, MailFolder
from migrator.moving import PAUSES, Paused, move
from migrator.progress import Silent
from tests.rules.migrator.memory_mailboxes import MemorySource, MemoryTarget
from tests.rules.migrator.scene import Scene, letters


class Telling(Silent):
    """Keeps what it is told, and ends every pause."""

    def __init__(self, stop: asyncio.Event | None = None) -> None:
        self.told: list[str] = []
        self.stop = stop

    def says(self, sentence: str) -> None:
        self.told.append(sentence)
        if self.stop is not None:
            asyncio.get_running_loop().call_soon(self.stop.set)


class Time:
    """Passes as fast as somebody waits for it, and is kept."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


async def test_a_side_that_was_away_is_tried_again_after_a_pause(scene: Scene) -> None:
    scene.inbox.add(*letters(120))

    class Back(MemoryTarget):
        """A target that is there again when it is listed anew."""

        async def folders(self) -> Sequence[MailFolder]:
            self.down = False
            return await super().folders()

    target, time = Back(scene.new, lose={2: 7, 4: 0}), Time()
    receipt = await move(
        MemorySource(scene.old), target, scene.journal, clock=scene.clock, pauses=PAUSES, sleep=time.sleep
    )
    assert receipt.complete
    assert time.waited == [1, 1]  # something was settled in between
    assert scene.there.octets == scene.inbox.octets


async def test_a_side_that_stays_away_is_told_once_the_pauses_are_over(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    target = MemoryTarget(scene.new)
    target.down, time = True, Time()
    with pytest.raises(MailboxAway):
        await move(MemorySource(scene.old), target, scene.journal, clock=scene.clock, pauses=PAUSES, sleep=time.sleep)
    assert target.asked == ["folders"] * 5
    assert time.waited == [1, 5, 15, 30]


@pytest.mark.parametrize(
    "error",
    [MailboxStalled("gave nothing in 600 s"), MailboxLimited("slowly", code="THROTTLED")],
    ids=["all its time", "patience"],
)
async def test_a_job_is_not_kept_waiting_where_its_queue_can_wait(
    scene: Scene, error: MailboxStalled | MailboxLimited
) -> None:
    class Stalling(MemorySource):
        async def folders(self) -> Sequence[MailFolder]:
            self.asked.append("folders")
            raise error

    for queued, tries in ((True, 1), (False, 5)):
        source, time = Stalling(scene.old), Time()
        with pytest.raises(type(error)):
            await move(
                source,
                MemoryTarget(scene.new),
                scene.journal,
                clock=scene.clock,
                pauses=PAUSES,
                queued=queued,
                sleep=time.sleep,
            )
        assert (source.asked, time.waited) == (["folders"] * tries, list(PAUSES[: tries - 1]))


async def test_a_stop_ends_a_pause(scene: Scene) -> None:
    target, stop = MemoryTarget(scene.new), asyncio.Event()
    target.down = True
    telling = Telling(stop)
    with pytest.raises(Paused):
        await move(
            MemorySource(scene.old),
            target,
            scene.journal,
            clock=scene.clock,
            progress=telling,
            stop=stop,
            pauses=(3600,),
        )
    assert telling.told == ["the connection broke: going on in 3600 s"]


@pytest.mark.parametrize(
    ("limited", "told"),
    [
        (MailboxLimited("slowly", code="THROTTLED", wait=timedelta(seconds=90)), ["slowly: going on in 90 s"]),
        (MailboxLimited("slowly", code="INUSE"), ["slowly: going on in 3600 s"]),
    ],
)
async def test_a_side_that_asks_for_patience_gets_as_much_as_it_asks_for(
    scene: Scene, limited: MailboxLimited, told: list[str]
) -> None:
    stop = asyncio.Event()
    telling = Telling(stop)

    class Patient(MemorySource):
        async def folders(self) -> Sequence[MailFolder]:
            raise limited

    pause = 1 if limited.wait else 3600
    with pytest.raises(Paused):
        await move(
            Patient(scene.old),
            MemoryTarget(scene.new),
            scene.journal,
            clock=scene.clock,
            progress=telling,
            stop=stop,
            pauses=(pause,),
        )
    assert telling.told == told


async def test_nobody_is_kept_waiting_for_as_long_as_a_server_likes(scene: Scene) -> None:
    time = Time()

    class Shut(MemorySource):
        async def folders(self) -> Sequence[MailFolder]:
            raise MailboxLimited("come back tomorrow", code="THROTTLED", wait=timedelta(hours=20))

    with pytest.raises(MailboxLimited, match="tomorrow"):
        await move(
            Shut(scene.old),
            MemoryTarget(scene.new),
            scene.journal,
            clock=scene.clock,
            pauses=PAUSES,
            sleep=time.sleep,
        )
    assert time.waited == []


@pytest.mark.parametrize("late", [0, 1, 9])
async def test_what_a_target_stores_after_the_connection_broke_is_waited_for(scene: Scene, late: int) -> None:
    scene.inbox.add(*letters(60))
    with pytest.raises(MailboxAway):
        await scene.move(target=MemoryTarget(scene.new, lose={1: 0, 2: 0}))

    class Storing(Time):
        async def sleep(self, seconds: float) -> None:
            if len(self.waited) == late:
                scene.there.add(*letters(50))
            await super().sleep(seconds)

    target, time = MemoryTarget(scene.new), Storing()
    target.lags = (0.3, 1.0)
    receipt = await move(MemorySource(scene.old), target, scene.journal, clock=scene.clock, sleep=time.sleep)
    assert receipt.complete
    assert time.waited == [0.3, 1.0, 1.0]  # the last one before a look at what was put again
    assert scene.there.octets == scene.inbox.octets
    assert receipt.folders[0].already_there == (50 if late < 2 else 0)


async def test_a_full_target_is_not_tried_again_before_somebody_has_made_room(scene: Scene) -> None:
    class Full(MemorySource):
        async def folders(self) -> Sequence[MailFolder]:
            raise MailboxLimited("full", code="OVERQUOTA")

    with pytest.raises(MailboxLimited):
        await move(Full(scene.old), MemoryTarget(scene.new), scene.journal, clock=scene.clock, pauses=(3600,))
