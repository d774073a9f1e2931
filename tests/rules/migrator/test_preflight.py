"""A look before a move, which writes nothing."""

from datetime import timedelta

import pytest

from migrator.mailbox import FolderName, NameRules, Room
from migrator.moving import preflight
from migrator.preflight import SAMPLE_MESSAGES
from schedules.clock import MovableClock
from tests.rules.migrator.memory_mailboxes import MemorySource, MemoryTarget
from tests.rules.migrator.scene import Scene, letters


async def test_a_look_before_the_move_writes_nothing(scene: Scene, clock: MovableClock) -> None:
    scene.inbox.add(*letters(30))
    scene.old.folder("a/b").add(b"x" * 5000)
    target = MemoryTarget(scene.new, rules=NameRules())
    target.limits = Room(octets=100, messages=10, largest=4000)
    for journal in (scene.journal, None):
        plan = await preflight(MemorySource(scene.old), target, journal, clock=clock)
        assert (plan.messages, plan.octets) == (31, 5000 + 30 * 14)
        assert plan.folders[1].into != ("a/b",)
        assert plan.folders[1].too_large == 1
        assert len(plan.findings) == 3
        assert plan.seconds == 0
    assert scene.journal.names() == {}
    assert ("a_b",) not in scene.new.folders
    assert "make" not in target.asked


async def test_a_look_before_a_second_run_counts_what_is_new(scene: Scene) -> None:
    scene.inbox.add(*letters(30))
    await scene.move()
    assert (await preflight(MemorySource(scene.old), MemoryTarget(scene.new), scene.journal)).messages == 0
    scene.inbox.add(b"late\r\n")
    plan = await preflight(MemorySource(scene.old), MemoryTarget(scene.new), scene.journal)
    assert (plan.messages, plan.octets) == (1, 6)


async def test_a_look_at_a_mailbox_that_shows_nothing_tells_so(scene: Scene) -> None:
    source = MemorySource(scene.old)
    source.independent = (500, 22_000_000)
    assert "counts 500" in (await preflight(source, MemoryTarget(scene.new), None)).findings[0]


async def test_how_long_all_will_take_is_guessed_from_some(scene: Scene, clock: MovableClock) -> None:
    scene.inbox.add(*letters(400))
    scene.old.folder("Archive").add(*letters(100))
    read = list[int]()

    def before(_: FolderName, uid: int) -> None:
        read.append(uid)
        clock.advance(timedelta(milliseconds=20))

    source = MemorySource(scene.old, before=before)
    plan = await preflight(source, MemoryTarget(scene.new), None, clock=clock)
    assert plan.seconds == pytest.approx(500 * 0.02)
    assert len(read) == SAMPLE_MESSAGES
    await scene.move()
    assert (await preflight(source, MemoryTarget(scene.new), scene.journal, clock=clock)).seconds == 0
