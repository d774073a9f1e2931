"""What sources do in the midst of a move: nothing is lost by it, and everything is named."""

import pytest

from migrator.mailbox import (
    FolderName,
    Missing,
)
from tests.rules.migrator.memory_mailboxes import MemorySource
from tests.rules.migrator.scene import INBOX, Scene, letters


@pytest.mark.parametrize("at", [1, 60, 119])
async def test_a_source_folder_numbered_anew_in_mid_run_is_read_again_without_duplicates(scene: Scene, at: int) -> None:
    scene.inbox.add(*letters(120), b"twin\r\n", b"twin\r\n")
    done = list[int]()

    def before(folder: FolderName, uid: int) -> None:
        if uid == at and folder == INBOX and not done:
            done.append(uid)
            scene.inbox.renumber()

    scene.old.folder("Other").add(*letters(3))
    receipt = await scene.move(MemorySource(scene.old, before=before))
    assert done
    assert receipt.complete
    assert scene.there.octets == scene.inbox.octets
    assert scene.new.folder("Other").octets == scene.old.folder("Other").octets


async def test_a_folder_numbered_anew_between_runs_is_not_copied_again(scene: Scene) -> None:
    scene.inbox.add(*letters(70), b"twin\r\n", b"twin\r\n")
    await scene.move()
    scene.inbox.renumber()
    scene.inbox.add(b"twin\r\n", b"late\r\n")
    receipt = await scene.move()
    assert receipt.complete
    assert receipt.folders[0].already_there == 72
    assert receipt.folders[0].copied == 2
    assert scene.there.octets == scene.inbox.octets
    assert (await scene.move()).folders == receipt.folders


async def test_messages_expunged_in_mid_run_are_no_failure(scene: Scene) -> None:
    uids = scene.inbox.add(*letters(120))

    def before(_folder: FolderName, uid: int) -> None:
        if uid == uids[10]:
            scene.inbox.expunge(*uids[20:40])

    receipt = await scene.move(MemorySource(scene.old, before=before))
    assert receipt.complete
    assert receipt.found == 100
    assert scene.there.octets == scene.inbox.octets


async def test_a_message_that_the_source_says_is_gone_is_named_so(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    source = MemorySource(scene.old)
    source.missing[INBOX, 2] = Missing(INBOX, 2, "expunged meanwhile", gone=True)
    receipt = await scene.move(source)
    assert [one.uid for one in receipt.folders[0].vanished] == [2]
    assert receipt.found == 2


async def test_a_message_that_the_source_cannot_give_is_refused_by_name_and_tried_again(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    source = MemorySource(scene.old)
    source.missing[INBOX, 2] = Missing(INBOX, 2, "the server answers with NIL")
    receipt = await scene.move(source)
    assert not receipt.complete
    assert [(one.uid, one.why) for one in receipt.folders[0].refused] == [(2, "the server answers with NIL")]
    assert (await scene.move()).complete
    assert scene.there.octets == scene.inbox.octets


async def test_a_message_that_is_listed_and_never_given_is_named(scene: Scene) -> None:
    scene.inbox.add(*letters(5))
    source = MemorySource(scene.old)
    source.hides = {(INBOX, 4)}
    receipt = await scene.move(source)
    assert [(one.uid, one.why) for one in receipt.folders[0].refused] == [
        (4, "the source lists it, and does not give it")
    ]
    assert receipt.folders[0].copied == 4


async def test_a_mailbox_that_shows_nothing_though_it_counts_something_is_a_finding(scene: Scene) -> None:
    source = MemorySource(scene.old)
    source.independent = (500, 22_000_000)
    receipt = await scene.move(source)
    assert not receipt.complete
    assert "counts 500" in receipt.findings[0]


async def test_a_folder_that_shows_less_than_it_counts_is_a_finding(scene: Scene) -> None:
    scene.inbox.add(*letters(5))
    source = MemorySource(scene.old)
    source.blind = {INBOX}
    for _ in range(2):
        receipt = await scene.move(source)
        assert receipt.findings == ("INBOX: the source counts 5 messages, and never showed 5 of them",)


async def test_new_mail_during_the_move_is_told_and_comes_with_the_next(scene: Scene) -> None:
    uids = scene.inbox.add(*letters(3))

    def before(_folder: FolderName, uid: int) -> None:
        if uid == uids[-1]:
            scene.inbox.add(b"late\r\n")

    receipt = await scene.move(MemorySource(scene.old, before=before))
    assert "the next run" in receipt.folders[0].notes[-1]
    receipt = await scene.move()
    assert receipt.folders[0].notes == ()
    assert scene.there.octets == scene.inbox.octets
