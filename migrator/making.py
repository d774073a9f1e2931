"""Folders of the target made for those of the source, under names that it takes.

    names, unmade = await made(target, journal, sides)

A name once used is kept to. What a folder cannot have (a special use, a subscription) is noted in the journal; a folder
that cannot be made at all is told with the reason, and tried again by the next run. Raises what Target raises.
"""

from collections.abc import Mapping
from dataclasses import replace

from migrator.journal import Journal
from migrator.mailbox import FolderName, MailFolder, Target
from migrator.naming import named
from migrator.surveying import Sides

Names = Mapping[FolderName, FolderName]


async def made(target: Target, journal: Journal, sides: Sides) -> tuple[Names, Mapping[FolderName, str]]:
    """The target's name of each folder of the source, and why some could not be made, by the source's name."""
    folders = [folder for folder in sides.source.values() if folder.holds_messages]
    known = journal.names()
    names = named([folder.name for folder in folders], target.rules, known)
    lacking = [
        folder
        for folder in folders
        if _lacks(folder, sides.target.get(names[folder.name]), new=folder.name not in known)
    ]
    asked = [replace(folder, name=names[folder.name]) for folder in lacking]
    short = await target.make(asked) if asked else {}
    unmade = {}
    for folder in lacking:
        shortfall = short.get(names[folder.name])
        if shortfall is not None and shortfall.there:
            journal.note(folder.name, shortfall.why)
        elif shortfall is not None:
            unmade[folder.name] = shortfall.why
    _keep(journal, {name: into for name, into in names.items() if name not in known and name not in unmade})
    return {**known, **names}, unmade


def _keep(journal: Journal, new: Names) -> None:
    """From now on these names are kept to, and a changed one is told in every receipt."""
    for name, into in new.items():
        if name != into:
            journal.note(name, f"the target does not take the name {'/'.join(name)!r}: it is {'/'.join(into)!r} there")
    if new:
        journal.name(new)


def _lacks(folder: MailFolder, there: MailFolder | None, *, new: bool) -> bool:
    """Whether the target is to be asked for something; for a folder that is there, only when it is seen first."""
    if there is None or not there.holds_messages:
        return True
    subscribing = folder.subscribed and not there.subscribed
    return new and (subscribing or folder.special_use not in {None, there.special_use})
