"""A move as its subscriber wants it: everything arrives, once, and a second run has nothing to do."""

import pytest

from migrator.journals.file import JournalFile
from migrator.mailbox import MailboxAway, SpecialUse
from migrator.moving import move
from schedules.clock import MovableClock
from tests.rules.migrator.memory_mailboxes import SEEN, Box, MemorySource, MemoryTarget
from tests.rules.migrator.scene import Scene


def letters(count: int, start: int = 0) -> list[bytes]:
    return [f"Subject: letter {number}\r\n\r\n{'x' * number}".encode() for number in range(start, start + count)]


async def test_every_message_arrives_with_its_flags_and_date(
    old: Box, new: Box, journal: JournalFile, clock: MovableClock
) -> None:
    old.folder("INBOX").add(*letters(120), flags=SEEN | {"$Later"})
    old.folder("Archive", "2019").add(*letters(70, 500))
    receipt = await move(MemorySource(old), MemoryTarget(new), journal, clock=clock)
    assert receipt.complete
    assert receipt.found == 190
    assert new.octets == {**old.octets}
    held = new.folders["INBOX",].messages
    assert list(held.values()) == list(old.folders["INBOX",].messages.values())


async def test_a_second_run_lists_both_sides_and_does_nothing_else(
    old: Box, new: Box, journal: JournalFile, clock: MovableClock
) -> None:
    old.folder("INBOX").add(*letters(120))
    first = await move(MemorySource(old), MemoryTarget(new), journal, clock=clock)
    source, target = MemorySource(old), MemoryTarget(new)
    second = await move(source, target, journal, clock=clock)
    assert (source.asked, target.asked) == (["folders"], ["folders"])
    assert second.folders == first.folders


async def test_identical_twins_and_messages_without_headers_all_arrive(
    old: Box, new: Box, journal: JournalFile, clock: MovableClock
) -> None:
    old.folder("INBOX").add(b"twin\r\n", b"twin\r\n", b"", b"\r\n", b"twin\r\n")
    receipt = await move(MemorySource(old), MemoryTarget(new), journal, clock=clock)
    assert receipt.complete
    assert new.folders["INBOX",].octets == sorted([b"twin\r\n"] * 3 + [b"", b"\r\n"])


async def test_a_subscription_made_later_is_brought_once_and_what_is_undone_in_the_target_stays_so(
    scene: Scene,
) -> None:
    sent, seen = scene.old.folder("Sent"), list[bool]()
    await scene.move()
    there = scene.new.folder("Sent")
    for _ in range(2):
        sent.subscribed = False
        await scene.move()
        seen.append(there.subscribed)
        sent.subscribed = True
        await scene.move()
        seen.append(there.subscribed)
        there.subscribed = False  # by its subscriber
        await scene.move()
        seen.append(there.subscribed)
    assert seen == [False, True, False] * 2


async def test_subscriptions_and_special_uses_are_kept_and_empty_folders_too(
    old: Box, new: Box, journal: JournalFile, clock: MovableClock
) -> None:
    sent = old.folder("Gesendet")
    sent.subscribed, sent.special_use = True, SpecialUse.SENT
    await move(MemorySource(old), MemoryTarget(new), journal, clock=clock)
    made = new.folders["Gesendet",]
    assert (made.subscribed, made.special_use) == (True, SpecialUse.SENT)


@pytest.mark.parametrize("condstore", [True, False])
async def test_new_mail_and_changed_flags_come_with_the_next_run(
    condstore: bool, new: Box, journal: JournalFile, clock: MovableClock
) -> None:
    old = Box(condstore=condstore)
    inbox = old.folder("INBOX")
    inbox.add(*letters(10))
    await move(MemorySource(old), MemoryTarget(new), journal, clock=clock)
    inbox.add(b"late\r\n")
    inbox.flag(3, SEEN)
    inbox.expunge(5)
    receipt = await move(MemorySource(old), MemoryTarget(new), journal, clock=clock)
    assert receipt.complete
    assert receipt.found == 11
    there = new.folders["INBOX",].messages
    assert len(there) == 11
    assert there[3].flags == SEEN


async def test_what_a_target_holds_back_gets_its_name_once_everything_is_put(
    old: Box, new: Box, journal: JournalFile, clock: MovableClock
) -> None:
    old.folder("INBOX").add(*letters(3))
    broken, target = MemoryTarget(new, lose={1: 1}), MemoryTarget(new)
    with pytest.raises(MailboxAway):
        await move(MemorySource(old), broken, journal, clock=clock)
    await move(MemorySource(old), target, journal, clock=clock)
    assert (broken.finished, target.finished) == (0, 1)
