"""What a move would do, told before it is done: nothing is written, in neither mailbox nor in the journal.

    plan = await preflight(source, target, journal, clock=SystemClock())
    plan.messages, plan.octets, plan.findings, plan.seconds

Both sides are logged in to and listed, what is to come is counted and sized, names are mapped, and what the target says
of its room is compared. With a clock, some messages are read to guess how long all will take.
Raises what Source and Target raise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migrator.journals.journal import Journal
from migrator.mailbox import FolderName, MailFolder, Message, Room, Source, StaleFolder, Target, Wanted
from migrator.naming import named
from migrator.sizes import in_words
from migrator.steps.surveying import Sides, Work, looked_at, surveyed
from migrator.steps.together import closing
from schedules.clock import Clock

SAMPLE_MESSAGES = 200
SAMPLE_OCTETS = 4_194_304


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """What is to be done for one folder."""

    folder: FolderName
    into: FolderName
    holds: int  # messages at the source
    messages: int  # to be moved
    octets: int  # of those
    too_large: int  # of those, over what the target takes
    in_target: int | None  # messages that are there before; None: the folder is yet to be made


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a move would do."""

    source: str
    target: str
    folders: tuple[FolderPlan, ...]
    left_out: Mapping[str, str]
    room: Room
    findings: tuple[str, ...]  # what speaks against it
    seconds: float | None = None  # a guess; None: none could be made

    @property
    def messages(self) -> int:
        """How many are to be moved."""
        return sum(one.messages for one in self.folders)

    @property
    def octets(self) -> int:
        """How many are to be moved."""
        return sum(one.octets for one in self.folders)


async def preflight(
    source: Source, target: Target, journal: Journal | None, *, clock: Clock | None = None
) -> Preflight:
    """Look at both sides. `journal`: of this move's earlier runs, None where there was none."""
    sides = await looked_at(source, target)
    room = await target.room()
    folders = [one for one in sides.source.values() if one.holds_messages]
    names = named([one.name for one in folders], target.rules, journal.names() if journal is not None else {})
    plans, findings, largest = [], [], None
    for folder in folders:
        try:
            work = await _work(source, journal, folder, names[folder.name])
            plan = await _planned(source, folder, work, sides, room)
        except StaleFolder as stale:
            findings.append(str(stale))
            continue
        plans.append(plan)
        if largest is None or plan.messages > largest[0].messages:
            largest = (plan, work)
    findings += await _findings(source, plans, room)
    seconds = await _guessed(source, clock, largest[1], plans) if clock is not None and largest is not None else None
    left_out = {"/".join(name): why for name, why in sides.left_out.items()}
    return Preflight(source.described, target.described, tuple(plans), left_out, room, tuple(findings), seconds)


async def _work(source: Source, journal: Journal | None, folder: MailFolder, into: FolderName) -> Work:
    """What is to be done for a folder; what an earlier run has moved already is not."""
    state = folder.state
    if state is None:
        raise StaleFolder(folder.name, "its server does not say in which state it is")
    if journal is not None:
        work = await surveyed(source, journal, folder, into, unsettled=False)
        return work or Work(folder.name, into, state)
    wanted = Wanted(folder.name, state.uidvalidity) if state.messages else None
    return Work(folder.name, into, state, wanted, state.messages, folder.octets)


async def _planned(source: Source, folder: MailFolder, work: Work, sides: Sides, room: Room) -> FolderPlan:
    octets, too_large = work.octets or 0, 0
    if work.wanted is not None and (work.octets is None or room.largest is not None):
        sizes = [
            item.size or 0
            async for item in source.items(folder.name)
            if work.wanted.uids is None or any(item.uid in run for run in work.wanted.uids)
        ]
        octets = sum(sizes)
        too_large = sum(1 for size in sizes if room.largest is not None and size > room.largest)
    there = sides.target.get(work.into)
    in_target = there.state.messages if there is not None and there.state is not None else None
    return FolderPlan(folder.name, work.into, work.state.messages, work.expected, octets, too_large, in_target)


async def _findings(source: Source, plans: list[FolderPlan], room: Room) -> list[str]:
    """What speaks against the move."""
    found = []
    messages, octets = sum(one.messages for one in plans), sum(one.octets for one in plans)
    if room.octets is not None and octets > room.octets:
        short = in_words(octets - room.octets)
        room_for = f"the target has room for {in_words(room.octets)}"
        found.append(f"{in_words(octets)} are to come, and {room_for}: {short} too little")
    if room.messages is not None and messages > room.messages:
        found.append(f"{messages} messages are to come, and the target has room for {room.messages}")
    found += [f"{'/'.join(one.folder)}: the target does not take {one.too_large}" for one in plans if one.too_large]
    if not any(one.holds for one in plans):
        counted = await source.counted()
        if counted is not None and any(counted):
            found.append(f"the source shows no message, but counts {counted[0]} of {counted[1]} octets")
    return found


async def _guessed(source: Source, clock: Clock, work: Work, plans: list[FolderPlan]) -> float | None:
    """Seconds for everything, from reading a few messages of the folder with the most."""
    if work.wanted is None:
        return 0.0
    uids, size = list[range](), 0
    async with closing(source.items(work.name)) as items:
        async for item in items:
            if len(uids) == SAMPLE_MESSAGES or (uids and size + (item.size or 0) > SAMPLE_OCTETS):
                break
            uids, size = [*uids, range(item.uid, item.uid + 1)], size + (item.size or 0)
    await _read(source, work, uids[:1])  # a connection and a folder are opened once, whatever is to come
    began = clock.monotonic()
    read = await _read(source, work, uids[1:] or uids)
    took = clock.monotonic() - began
    if not read:
        return None
    by_messages = took / len(read) * sum(one.messages for one in plans)
    return max(by_messages, took / max(1, sum(read)) * sum(one.octets for one in plans))


async def _read(source: Source, work: Work, uids: Sequence[range]) -> Sequence[int]:
    """The sizes of these messages of a folder, read and forgotten."""
    read = []
    async with closing(source.messages([Wanted(work.name, work.state.uidvalidity, tuple(uids))])) as messages:
        async for message in messages:
            if isinstance(message, Message):
                read.append(message.content.size)
                message.content.forget()
    return read
