"""Answers that get lost, and moves that are stopped: what arrived is found again, and doubts are named."""

import asyncio
from collections.abc import Sequence

import pytest

from migrator.journals.file import JournalUnusable
from migrator.mailbox import (
    FolderName,
    MailboxAway,
    Message,
    Outcome,
)
from migrator.moving import Paused, move
from tests.rules.migrator.memory_mailboxes import MemorySource, MemoryTarget
from tests.rules.migrator.scene import Scene, letters


@pytest.mark.parametrize("uidplus", [True, False])
@pytest.mark.parametrize("stored", [0, 1, 49, 50])
async def test_after_a_lost_answer_what_arrived_is_found_again(scene: Scene, stored: int, uidplus: bool) -> None:
    scene.inbox.add(*letters(170))
    with pytest.raises(MailboxAway):
        await scene.move(target=MemoryTarget(scene.new, uidplus=uidplus, lose={2: stored}))
    receipt = await scene.move(target=MemoryTarget(scene.new, uidplus=uidplus))
    assert receipt.complete
    assert scene.there.octets == scene.inbox.octets
    assert receipt.folders[0].already_there == stored
    assert receipt.folders[0].possible_duplicates == ()


async def test_mail_that_others_deliver_meanwhile_confuses_nothing(scene: Scene) -> None:
    scene.inbox.add(*letters(120))
    target = MemoryTarget(scene.new, uidplus=False, lose={3: 5})

    def deliver(_folder: FolderName) -> None:
        scene.there.add(b"new mail\r\n")

    target.before_put = deliver
    with pytest.raises(MailboxAway):
        await scene.move(target=target)
    scene.there.add(b"more new mail\r\n")
    receipt = await scene.move()
    assert receipt.complete
    assert sorted([*scene.inbox.octets, *[b"new mail\r\n"] * 3, b"more new mail\r\n"]) == scene.there.octets


@pytest.mark.parametrize(("stored", "doubted"), [(1, 0), (0, 1)])
async def test_a_message_that_may_be_a_twin_is_put_again_and_named(scene: Scene, stored: int, doubted: int) -> None:
    """Where both twins are found, one more than is settled, it has arrived; one alone may be either."""
    scene.inbox.add(b"twin\r\n", *letters(49), b"twin\r\n")
    with pytest.raises(MailboxAway):
        await scene.move(target=MemoryTarget(scene.new, uidplus=False, lose={2: stored}))
    receipt = await scene.move(target=MemoryTarget(scene.new, uidplus=False))
    assert scene.there.octets == scene.inbox.octets
    assert ["identical" in one.why for one in receipt.folders[0].possible_duplicates] == [True] * doubted


async def test_a_target_that_changes_octets_leads_to_named_doubts_and_to_no_loss(scene: Scene) -> None:
    scene.inbox.add(*letters(60))
    with pytest.raises(MailboxAway):
        await scene.move(target=MemoryTarget(scene.new, rewrite=lambda octets: b"X: y\r\n" + octets, lose={1: 7}))
    receipt = await scene.move(target=MemoryTarget(scene.new, rewrite=lambda octets: b"X: y\r\n" + octets))
    folder = receipt.folders[0]
    assert folder.there == 60
    assert folder.possible_duplicates
    assert "changes" in folder.possible_duplicates[0].why
    assert {one.removeprefix(b"X: y\r\n") for one in scene.there.octets} == set(scene.inbox.octets)


async def test_a_doubt_outlives_further_kills(scene: Scene) -> None:
    scene.inbox.add(*letters(3))

    def changed(octets: bytes) -> bytes:
        return octets.upper()

    for _ in range(3):
        with pytest.raises(MailboxAway):
            await scene.move(target=MemoryTarget(scene.new, rewrite=changed, lose={1: 2}))
    receipt = await scene.move(target=MemoryTarget(scene.new, rewrite=changed))
    assert [one.uid for one in receipt.folders[0].possible_duplicates] == [1, 2, 3]


async def test_a_target_folder_numbered_anew_after_a_lost_answer_leads_to_named_doubts(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    with pytest.raises(MailboxAway):
        await scene.move(target=MemoryTarget(scene.new, lose={1: 3}))
    scene.there.renumber()
    receipt = await scene.move()
    assert len(receipt.folders[0].possible_duplicates) == 3
    assert "numbered anew" in receipt.folders[0].possible_duplicates[0].why


async def test_a_stop_settles_what_is_on_its_way_and_the_next_run_goes_on(scene: Scene) -> None:
    scene.inbox.add(*letters(300))
    stop = asyncio.Event()
    source = MemorySource(scene.old, before=lambda _folder, uid: stop.set() if uid == 130 else None)
    with pytest.raises(Paused):
        await move(source, MemoryTarget(scene.new), scene.journal, clock=scene.clock, stop=stop)
    assert list(scene.journal.intended()) == []
    assert 50 <= len(scene.there.messages) < 200
    assert (await scene.move()).complete
    assert scene.there.octets == scene.inbox.octets


async def test_a_move_that_is_cancelled_leaves_nothing_running(scene: Scene) -> None:
    scene.inbox.add(*letters(300))
    started = asyncio.Event()

    class Hanging(MemoryTarget):
        async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
            await super().put(folder, messages)
            started.set()
            await asyncio.Event().wait()
            return []

    task = asyncio.create_task(scene.move(target=Hanging(scene.new)))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert (await scene.move()).complete
    assert scene.there.octets == scene.inbox.octets


async def test_a_folder_gone_with_its_answer_lost_is_told_as_vanished(scene: Scene) -> None:
    scene.old.folder("Archive").add(*letters(3))
    with pytest.raises(MailboxAway):
        await scene.move(target=MemoryTarget(scene.new, lose={1: 1}))
    del scene.old.folders["Archive",]
    receipt = await scene.move()
    assert [len(receipt.folders[0].vanished), receipt.folders[0].there] == [2, 1]
    assert list(scene.journal.intended()) == []


async def test_a_full_disk_under_the_journal_ends_the_run_and_the_next_one_goes_on(scene: Scene) -> None:
    scene.inbox.add(*letters(2000))
    database = scene.journal._database
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages + 20}")
    target = MemoryTarget(scene.new)
    with pytest.raises(JournalUnusable) as told:
        await scene.move(target=target)
    assert told.value.full
    assert 0 < len(scene.there.messages) < 2000
    database.execute("PRAGMA max_page_count = 1000000")
    receipt = await scene.move()
    assert receipt.complete
    assert scene.there.octets == scene.inbox.octets
