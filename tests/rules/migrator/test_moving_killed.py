"""A move that is killed at any step, by any kill: the next run goes on, nothing is lost, and nothing is there twice.

A kill is an exception before or after any call that changes the journal or the target; what ran is thrown away, and a
new run starts from the same journal and the same mailboxes.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.journals.file import JournalFile
from migrator.journals.journal import Intent, Settlement
from migrator.mailbox import FolderName, FolderState, MailboxAway, MailFolder, Message, Outcome, Shortfall
from migrator.moving import move
from migrator.receipts.receipt import Receipt
from migrator.steps import tries
from schedules.clock import MovableClock
from tests.rules.migrator.conftest import SHARED_MEMORY
from tests.rules.migrator.memory_mailboxes import SEEN, Box, MemorySource, MemoryTarget

AT = datetime(2024, 1, 31, 15, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone."""


class Steps:
    """Counts steps, and kills at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.taken = 0
        self.kill_at = kill_at

    def step(self) -> None:
        self.taken += 1
        if 0 < self.kill_at <= self.taken:  # who is dead stays dead
            raise Killed

    def around(self, act: Callable[[], None]) -> None:
        self.step()
        act()
        self.step()


class KilledJournal(JournalFile):
    """A journal around whose writing a kill may come."""

    steps: Steps

    def write(self, changes: Sequence[Intent | Settlement]) -> None:
        self.steps.around(lambda: super(KilledJournal, self).write(changes))

    def finish(self, states: Mapping[FolderName, FolderState]) -> None:
        self.steps.around(lambda: super(KilledJournal, self).finish(states))

    def name(self, names: Mapping[FolderName, FolderName]) -> None:
        self.steps.around(lambda: super(KilledJournal, self).name(names))

    def note(self, folder: FolderName, text: str) -> None:
        self.steps.around(lambda: super(KilledJournal, self).note(folder, text))


class KilledTarget(MemoryTarget):
    """A target before, in and after whose storing a kill may come."""

    steps: Steps

    async def make(self, folders: Sequence[MailFolder]) -> Mapping[FolderName, Shortfall]:
        self.steps.step()
        made = await super().make(folders)
        self.steps.step()
        return made

    async def put(self, folder: FolderName, messages: Sequence[Message]) -> Sequence[Outcome]:
        outcomes = list[Outcome]()
        for message in messages:
            self.steps.step()
            outcomes += await super().put(folder, [message])
        self.steps.step()
        return outcomes

    async def reflag(self, folder: FolderName, flags: Mapping[int, frozenset[str]]) -> frozenset[str]:
        self.steps.step()
        dropped = await super().reflag(folder, flags)
        self.steps.step()
        return dropped


class World:
    """An old mailbox, a new one and a journal, and runs between them."""

    def __init__(self, folder: Path, clock: MovableClock, *, uidplus: bool = True) -> None:
        self.old, self.new = Box(), Box()
        self.new.folder("INBOX").add(b"was there before\r\n")
        self.path = folder / "journal"
        self.clock = clock
        self.uidplus = uidplus

    async def run(self, kill_at: int = 0) -> tuple[Receipt | None, int]:
        """One run, killed at a step (0: never); its receipt, and how many steps it took."""
        steps = Steps(kill_at)
        with KilledJournal.open(self.path, source="old", target="new") as journal:
            journal.steps = steps
            target = KilledTarget(self.new, uidplus=self.uidplus)
            target.steps = steps
            target.drops = frozenset({"$Kept"})
            try:
                return await move(MemorySource(self.old), target, journal, clock=self.clock), steps.taken
            except Killed:
                return None, steps.taken

    def arrived(self) -> dict[FolderName, list[bytes]]:
        there = self.new.octets
        there["INBOX",].remove(b"was there before\r\n")
        return there


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "TOGETHER", (3, 2, 2, 1))


def furnish(world: World) -> None:
    inbox = world.old.folder("INBOX")
    inbox.add(b"twin\r\n", b"twin\r\n", b"one\r\n", b"two\r\n", b"twin\r\n", flags=SEEN | {"$Kept"})
    world.old.folder("Archive").add(b"three\r\n", b"four\r\n")
    world.old.folder("Empty")


@pytest.mark.parametrize("uidplus", [True, False])
async def test_a_kill_at_any_step_loses_nothing_and_doubles_nothing(
    quick: Path, clock: MovableClock, uidplus: bool
) -> None:
    (quick / "whole").mkdir()
    whole = World(quick / "whole", clock, uidplus=uidplus)
    furnish(whole)
    _, steps = await whole.run()
    assert steps > 20
    for kill_at in range(1, steps + 1):
        folder = quick / str(kill_at)
        folder.mkdir()
        world = World(folder, clock, uidplus=uidplus)
        furnish(world)
        assert (await world.run(kill_at))[0] is None
        receipt, _ = await world.run()
        assert receipt is not None
        assert receipt.complete, receipt
        doubled = sum(len(one.possible_duplicates) for one in receipt.folders)
        arrived = world.arrived()
        for name, octets in world.old.octets.items():
            for one in octets:
                arrived[name].remove(one)  # everything is there
        assert sum(map(len, arrived.values())) <= doubled, kill_at  # and nothing twice that is not named
        assert not uidplus or not doubled


@pytest.mark.parametrize("first", range(1, 30, 4))
async def test_a_kill_in_the_run_after_a_kill_loses_nothing_either(
    quick: Path, clock: MovableClock, first: int
) -> None:
    for second in range(1, 40, 3):
        folder = quick / str(second)
        folder.mkdir()
        world = World(folder, clock)
        furnish(world)
        await world.run(first)
        await world.run(second)
        receipt, _ = await world.run()
        assert receipt is not None
        assert receipt.complete
        assert world.arrived() == world.old.octets


@pytest.mark.parametrize("renumbered", [False, True])
async def test_kills_in_a_delta_over_a_folder_numbered_anew_converge(
    quick: Path, clock: MovableClock, renumbered: bool
) -> None:
    for kill_at in range(1, 40):
        folder = quick / str(kill_at)
        folder.mkdir()
        world = World(folder, clock)
        furnish(world)
        await world.run()
        inbox = world.old.folder("INBOX")
        if renumbered:
            inbox.renumber()
        inbox.add(b"late\r\n")
        inbox.flag(min(inbox.messages), frozenset({"\\Answered"}))
        await world.run(kill_at)
        receipt, _ = await world.run()
        assert receipt is not None
        assert receipt.complete
        assert world.arrived() == world.old.octets
        flags = sorted(sorted(one.flags) for one in world.new.folder("INBOX").messages.values())
        assert ["\\Answered"] in flags


moves = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["INBOX", "Archive"]), st.sampled_from([b"a", b"b", b"c"])),
        st.tuples(st.just("flag"), st.sampled_from(["INBOX", "Archive"]), st.integers(0, 9)),
        st.tuples(st.just("renumber"), st.sampled_from(["INBOX", "Archive"]), st.none()),
        st.tuples(st.just("run"), st.integers(0, 30), st.none()),
        st.tuples(st.just("lose"), st.integers(1, 3), st.integers(0, 3)),
    ),
    max_size=14,
)


@given(moves)
async def test_without_uids_too_nothing_is_lost_and_what_may_be_there_twice_is_named(
    story: list[tuple[str, str | int, bytes | int | None]],
) -> None:
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        world = World(Path(folder), MovableClock(AT), uidplus=False)
        furnish(world)
        for event in story:
            await happen(world, event)
        receipt, _ = await world.run()
        assert receipt is not None
        assert receipt.complete, receipt.findings
        arrived = world.arrived()
        for name, octets in world.old.octets.items():
            for one in octets:
                arrived[name].remove(one)
        for folder_of in receipt.folders:
            held = world.old.folder(*folder_of.folder).messages
            named = {held[one.uid].octets for one in folder_of.possible_duplicates}
            assert set(arrived.get(folder_of.into, ())) <= named


@given(moves)
async def test_whatever_happens_in_whatever_order_a_last_run_has_everything_once(
    story: list[tuple[str, str | int, bytes | int | None]],
) -> None:
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as folder:
        clock = MovableClock(AT)
        world = World(Path(folder), clock)
        furnish(world)
        for event in story:
            await happen(world, event)
        receipt, _ = await world.run()
        assert receipt is not None
        assert receipt.complete, receipt.findings
        assert world.arrived() == world.old.octets
        assert sum(one.there for one in receipt.folders) == sum(map(len, world.old.octets.values()))


async def happen(world: World, event: tuple[str, str | int, bytes | int | None]) -> None:
    match event:
        case "add", str(name), bytes(octets):
            world.old.folder(name).add(octets)
        case "flag", str(name), int(number):
            uids = sorted(world.old.folder(name).messages)
            world.old.folder(name).flag(uids[number % len(uids)], frozenset({f"$flag{number}"}))
        case "renumber", str(name), None:
            world.old.folder(name).renumber()
        case "run", int(kill_at), None:
            await world.run(kill_at)
        case "lose", int(put), int(stored):
            target = MemoryTarget(world.new, lose={put: stored}, uidplus=world.uidplus)
            with JournalFile.open(world.path, source="old", target="new") as journal, suppress(MailboxAway):
                await move(MemorySource(world.old), target, journal, clock=world.clock)
