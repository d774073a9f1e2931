"""A side that was away comes back: the move goes on by itself, as long as it was told to wait for that."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from migrator.mailbox import MailboxAway, MailboxLimited, MailFolder
from migrator.moving import Paused, move
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


async def test_a_side_that_was_away_is_tried_again_after_a_pause(scene: Scene) -> None:
    scene.inbox.add(*letters(120))

    class Back(MemoryTarget):
        """A target that is there again when it is listed anew."""

        async def folders(self) -> Sequence[MailFolder]:
            self.down = False
            return await super().folders()

    target = Back(scene.new, lose={2: 7, 4: 0})
    receipt = await move(MemorySource(scene.old), target, scene.journal, clock=scene.clock, pauses=(0.001,))
    assert receipt.complete
    assert scene.there.octets == scene.inbox.octets


async def test_a_side_that_stays_away_is_told_once_the_pauses_are_over(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    target = MemoryTarget(scene.new)
    target.down = True
    with pytest.raises(MailboxAway):
        await move(MemorySource(scene.old), target, scene.journal, clock=scene.clock, pauses=(0.001, 0.001))
    assert target.asked == ["folders"] * 3


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


async def test_a_full_target_is_not_tried_again_before_somebody_has_made_room(scene: Scene) -> None:
    class Full(MemorySource):
        async def folders(self) -> Sequence[MailFolder]:
            raise MailboxLimited("full", code="OVERQUOTA")

    with pytest.raises(MailboxLimited):
        await move(Full(scene.old), MemoryTarget(scene.new), scene.journal, clock=scene.clock, pauses=(3600,))
