"""Which folder of the target takes which folder of the source.

    names = named(folders, rules, known)      # every folder has a name of its own; known ones keep theirs

A name that the target takes stays as it is. Where it does not (a sign that parts levels there, a control character, too
long), it is changed as little as can be and ends in eight letters made of the whole old name, so that it is always the
same one and no two folders become one. INBOX is INBOX however it is written. Pure; raises nothing.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping

from migrator.mailbox import INBOX, FolderName, NameRules

_INSTEAD = "_"
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def named(
    folders: Iterable[FolderName], rules: NameRules, known: Mapping[FolderName, FolderName]
) -> Mapping[FolderName, FolderName]:
    """The target's name of each folder. Those that need no change come first, whoever comes before them."""
    names = {folder: known[folder] for folder in folders if folder in known}
    taken = set(known.values())
    wishes = {folder: fitting(folder, rules) for folder in folders if folder not in known}
    for folder in sorted(wishes, key=lambda folder: (wishes[folder] != folder, folder)):
        wish = wishes[folder]
        if wish in taken:
            wish = _told_apart(folder, rules)
        taken.add(wish)
        names[folder] = wish
    return names


def fitting(folder: FolderName, rules: NameRules) -> FolderName:
    """The name itself where the rules let it in, else one made of it."""
    name = _inbox(folder)
    joined = name if rules.delimiter or len(name) == 1 else (_INSTEAD.join(name),)
    plain = tuple(_plain(level, rules) for level in joined)
    if plain == name and rules.length(name) <= rules.longest:
        return name
    return _shortened(plain, folder, rules)


def _told_apart(folder: FolderName, rules: NameRules) -> FolderName:
    name = fitting(folder, rules)
    return _shortened(name, folder, rules)


def _inbox(folder: FolderName) -> FolderName:
    return (*INBOX, *folder[1:]) if folder[0].upper() == INBOX[0] else folder


def _plain(level: str, rules: NameRules) -> str:
    """A level without what the target cannot take."""
    bad = rules.forbidden | set(rules.delimiter)
    text = "".join(_INSTEAD if sign in bad or unicodedata.category(sign) in _UNPRINTABLE else sign for sign in level)
    return _INSTEAD if text.strip() in {"", ".", ".."} else text


def _shortened(plain: FolderName, folder: FolderName, rules: NameRules) -> FolderName:
    """`plain` with the mark of `folder` behind it, cut until it fits: first its last level, then those above."""
    mark = f" {_mark(folder)}"
    for kept in range(len(plain), 0, -1):
        above, level = plain[: kept - 1], plain[kept - 1]
        while level and rules.length((*above, level + mark)) > rules.longest:
            level = level[: min(len(level) - 1, len(level) * 3 // 4 if len(level) > 40 else len(level) - 1)]
        if level or kept == 1:
            return (*above, (level + mark).strip())
    return (mark.strip(),)


def _mark(folder: FolderName) -> str:
    """Eight letters and digits that are this name's own."""
    octets = "\0".join(folder).encode("utf-8", "surrogatepass")
    return hashlib.sha256(octets).hexdigest()[:8]
