"""What targets do in the midst of a move: what they do not take is named, and the rest goes on."""

import pytest

from migrator.mailbox import (
    FolderName,
    MailboxAway,
    MailboxLimited,
    Message,
    NameRules,
    Refused,
    Shortfall,
)
from migrator.moving import move
from migrator.steps.tries import GIVE_UP
from tests.rules.migrator.memory_mailboxes import MemorySource, MemoryTarget
from tests.rules.migrator.scene import Scene, letters


async def test_a_refused_message_that_is_expunged_then_is_no_refusal_any_more(scene: Scene) -> None:
    scene.inbox.add(*letters(3))

    def refuse(message: Message) -> Refused | None:
        return Refused("too large", "TOOBIG") if message.item.uid == 2 else None

    receipt = await scene.move(target=MemoryTarget(scene.new, refuse=refuse))
    assert [(one.uid, one.why) for one in receipt.folders[0].refused] == [(2, "[TOOBIG] too large")]
    scene.inbox.expunge(2)
    receipt = await scene.move()
    assert receipt.complete
    assert [one.uid for one in receipt.folders[0].vanished] == [2]


async def test_a_full_target_pauses_the_move_and_names_it(scene: Scene) -> None:
    scene.inbox.add(*letters(500))
    full = MemoryTarget(scene.new, refuse=lambda one: Refused("quota", "OVERQUOTA") if one.item.uid > 70 else None)
    with pytest.raises(MailboxLimited, match="full") as told:
        await scene.move(target=full)
    assert told.value.code == "OVERQUOTA"
    assert full.puts < 20  # and does not try the rest
    assert (await scene.move()).complete
    assert scene.there.octets == scene.inbox.octets


async def test_a_target_folder_removed_in_mid_run_is_made_again(scene: Scene) -> None:
    scene.old.folder("Archive").add(*letters(120))
    target = MemoryTarget(scene.new)

    def remove(folder: FolderName) -> None:
        if target.puts == 2:
            del scene.new.folders[folder]

    target.before_put = remove
    receipt = await scene.move(target=target)
    there = scene.new.folder("Archive").octets
    assert len(set(there)) >= 70
    assert not receipt.complete  # what was put before is there no more, and that is told
    assert "there no more" in receipt.findings[0]


async def test_messages_deleted_in_the_target_between_runs_are_told_and_not_put_again(scene: Scene) -> None:
    scene.inbox.add(*letters(5))
    await scene.move()
    scene.there.expunge(1, 2)
    receipt = await scene.move()
    assert receipt.findings == ("INBOX: 2 messages that were put into the target are there no more",)
    assert len(scene.there.messages) == 3


async def test_a_folder_that_cannot_be_made_names_each_of_its_messages(scene: Scene) -> None:
    scene.old.folder("Bad").add(*letters(3))
    target = MemoryTarget(scene.new)
    target.makes_nothing = Shortfall("invalid name")
    receipt = await scene.move(target=target)
    bad = receipt.folders[0]
    assert [(one.uid, one.why) for one in bad.refused] == [
        (uid, "the target does not make its folder: invalid name") for uid in (1, 2, 3)
    ]
    assert any("invalid name" in one for one in receipt.findings)
    assert (await scene.move()).complete
    assert scene.new.octets == scene.old.octets


async def test_an_empty_folder_that_cannot_be_made_is_told_too(scene: Scene) -> None:
    scene.old.folder("Bad")
    target = MemoryTarget(scene.new)
    target.makes_nothing = Shortfall("invalid name")
    assert "invalid name" in (await scene.move(target=target)).findings[0]


async def test_a_name_that_the_target_refuses_by_rules_of_its_own_is_written_in_plain_letters(scene: Scene) -> None:
    scene.old.folder("R&D / 2019").add(*letters(3))
    scene.old.folder("R&D / 2019", "台").add(b"within\r\n")
    target = MemoryTarget(scene.new, rules=NameRules(delimiter="."))
    target.unmakable["R&D / 2019",] = target.unmakable["R&D / 2019", "台"] = Shortfall("invalid name")
    receipt = await scene.move(target=target)
    assert receipt.complete
    names = {one.folder: one.into for one in receipt.folders}
    outer, inner = names["R&D / 2019",], names["R&D / 2019", "台"]
    assert outer[0].startswith("R_D_2019-")
    assert inner[:1] == outer
    assert scene.new.folder(*outer).octets == scene.old.folder("R&D / 2019").octets
    assert "does not take the name" in receipt.folders[1].notes[0]
    assert (await scene.move()).folders == receipt.folders


async def test_a_message_at_which_the_connection_breaks_each_time_is_named_and_the_rest_goes_on(scene: Scene) -> None:
    scene.inbox.add(*letters(120))

    def breaks(message: Message) -> Refused | None:
        if message.item.uid == 70:
            raise MailboxAway("the connection broke")
        return None

    for _ in range(2):
        target = MemoryTarget(scene.new, refuse=breaks)
        receipt = await move(MemorySource(scene.old), target, scene.journal, clock=scene.clock, pauses=(0.001,) * 4)
        assert [(one.uid, "broke each of the 4 times" in one.why) for one in receipt.folders[0].refused] == [(70, True)]
        assert target.puts < 60
        assert len(scene.there.messages) == 119
    receipt = await scene.move()
    assert receipt.complete
    assert scene.there.octets == scene.inbox.octets


async def test_however_often_runs_are_cut_short_at_a_message_the_next_run_puts_it(scene: Scene) -> None:
    scene.inbox.add(*letters(3))
    for _ in range(GIVE_UP + 2):
        with pytest.raises(MailboxAway):
            await scene.move(target=MemoryTarget(scene.new, lose={1: 0}))
    assert (await scene.move()).complete
    assert scene.there.octets == scene.inbox.octets


async def test_a_target_folder_that_was_emptied_is_told_too(scene: Scene) -> None:
    scene.inbox.add(*letters(5))
    await scene.move()
    scene.there.messages.clear()
    receipt = await scene.move()
    assert "INBOX: 5 messages that were put into the target are there no more" in receipt.findings
