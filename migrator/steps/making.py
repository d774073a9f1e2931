"""Folders of the target made for those of the source, under names that it takes.

    names, unmade = await made(target, journal, sides)

A name once used is kept to. Special use is given when a folder is seen first, a subscription once it is made at the
source. One that the target refuses, though its rules let it in, is tried in plain letters. What a
folder cannot have (a special use, a subscription) is noted in the journal; a folder that cannot be made at all is told
with the reason, and tried again by the next run. Raises what Target raises.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from migrator.journals.journal import Journal
from migrator.mailbox import FolderName, MailFolder, Target
from migrator.naming import named, plainly_named
from migrator.steps.surveying import Sides

Names = Mapping[FolderName, FolderName]


async def made(target: Target, journal: Journal, sides: Sides) -> tuple[Names, Mapping[FolderName, str]]:
    """The target's name of each folder of the source, and why some could not be made, by the source's name."""
    folders = [folder for folder in sides.source.values() if folder.holds_messages]
    for folder in folders:
        if folder.note:
            journal.note(folder.name, folder.note)
    known, before = journal.names(), journal.subscribed()
    names = named([folder.name for folder in folders], target.rules, known)
    lacking = [folder for folder in folders if _lacks(folder, sides.target.get(names[folder.name]), known, before)]
    unmade = await _ask(target, journal, lacking, names)
    if again := [folder for folder in lacking if folder.name in unmade and folder.name not in known]:
        plain = plainly_named([folder.name for folder in again], names)
        still = await _ask(target, journal, again, plain)
        unmade = {name: why for name, why in unmade.items() if name not in plain or name in still}
        names = {**names, **{name: into for name, into in plain.items() if name not in still}}
    _keep(journal, {name: into for name, into in names.items() if name not in known and name not in unmade})
    if (subscribed := {one.name for one in folders if one.subscribed and one.name not in unmade}) != before:
        journal.subscribe(subscribed)
    return {**known, **names}, unmade


async def _ask(target: Target, journal: Journal, folders: Sequence[MailFolder], names: Names) -> dict[FolderName, str]:
    """Have folders made; why some could not be."""
    short = await target.make([replace(one, name=names[one.name]) for one in folders]) if folders else {}
    unmade = {}
    for folder in folders:
        shortfall = short.get(names[folder.name])
        if shortfall is not None and shortfall.there:
            journal.note(folder.name, shortfall.why)
        elif shortfall is not None:
            unmade[folder.name] = shortfall.why
    return unmade


def _keep(journal: Journal, new: Names) -> None:
    """From now on these names are kept to, and a changed one is told in every receipt."""
    for name, into in new.items():
        if name != into:
            journal.note(name, f"the target does not take the name {'/'.join(name)!r}: it is {'/'.join(into)!r} there")
    if new:
        journal.name(new)


def _lacks(folder: MailFolder, there: MailFolder | None, known: Names, before: Collection[FolderName]) -> bool:
    """Whether the target is to be asked for something; what its subscriber has undone there since stays undone."""
    if there is None or not there.holds_messages:
        return True
    subscribing = folder.subscribed and not there.subscribed and folder.name not in before
    return subscribing or (folder.name not in known and folder.special_use not in {None, there.special_use})
