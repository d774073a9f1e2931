"""What a receipt tells beside its numbers, and what reading back finds."""

from migrator.mailbox import (
    Shortfall,
)
from tests.rules.migrator.memory_mailboxes import SEEN, MemoryTarget
from tests.rules.migrator.scene import Scene, letters


async def test_a_special_use_that_cannot_be_kept_is_noted_in_every_receipt(scene: Scene) -> None:
    scene.old.folder("Sent").add(*letters(3))
    target = MemoryTarget(scene.new)
    target.unmakable["Sent",] = Shortfall("another folder is \\Sent there", there=True)
    for _ in range(2):
        receipt = await scene.move(target=target)
        assert receipt.complete
        assert receipt.folders[1].notes == ("another folder is \\Sent there",)


async def test_flags_that_the_target_drops_are_noted_in_every_receipt(scene: Scene) -> None:
    scene.inbox.add(*letters(3), flags=SEEN | {"$Work"})
    target = MemoryTarget(scene.new)
    target.drops = frozenset({"$Work"})
    for _ in range(2):
        receipt = await scene.move(target=target)
        assert receipt.folders[0].notes == ("the target does not keep the flag $Work",)
    assert {one.flags for one in scene.there.messages.values()} == {SEEN}


async def test_flags_changed_where_the_target_gave_no_uids_are_noted(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    await scene.move(target=MemoryTarget(scene.new, uidplus=False))
    scene.inbox.flag(2, SEEN)
    receipt = await scene.move(target=MemoryTarget(scene.new, uidplus=False))
    assert "flags changed" in receipt.folders[0].notes[0]


async def test_folders_that_are_not_ours_are_left_and_named(scene: Scene) -> None:
    scene.old.folder("Shared", "team").add(*letters(3))
    scene.old.folders["Shared", "team"].left_out = "shared by others"
    receipt = await scene.move()
    assert receipt.left_out == {"Shared/team": "shared by others"}
    assert receipt.found == 0
    assert ("Shared", "team") not in scene.new.folders


async def test_a_folder_gone_from_the_source_stays_in_the_receipt(scene: Scene) -> None:
    scene.old.folder("Archive").add(*letters(3))
    await scene.move()
    del scene.old.folders["Archive",]
    receipt = await scene.move()
    assert receipt.complete
    assert receipt.folders[0].copied == 3
    assert receipt.folders[0].notes == ("gone from the source since",)


async def test_reading_back_compares_every_message(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    assert (await scene.move(read_back=True)).complete
    scene.there.messages[2].octets = b"other octets\r\n"
    receipt = await scene.move(read_back=True)
    assert receipt.read_back
    assert receipt.folders[0].changed == 1
    assert "other octets" in receipt.findings[0]


async def test_reading_back_finds_what_is_gone_behind_new_mail(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    await scene.move()
    scene.there.expunge(2)
    scene.there.add(b"new mail\r\n")
    assert (await scene.move()).complete  # as many messages as before
    receipt = await scene.move(read_back=True)
    assert receipt.folders[0].no_longer_there == 1


async def test_reading_back_without_uids_compares_octets(scene: Scene) -> None:
    scene.there.add(b"was there\r\n")
    scene.inbox.add(*letters(3), b"twin\r\n", b"twin\r\n")
    target = MemoryTarget(scene.new, uidplus=False)
    assert (await scene.move(target=target, read_back=True)).complete
    scene.there.expunge(3)
    receipt = await scene.move(target=target, read_back=True)
    assert receipt.folders[0].changed + receipt.folders[0].no_longer_there == 1


async def test_messages_that_left_the_source_after_they_were_moved_are_noted_and_stay(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    await scene.move()
    scene.inbox.expunge(1, 3)
    for _ in range(2):
        receipt = await scene.move()
        assert receipt.complete
        assert receipt.folders[0].notes == ("2 of them have left the folder since, and stay in the target",)
    assert len(scene.there.messages) == 3
