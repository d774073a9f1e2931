"""Which folder of the target takes which folder of the source.

    names = named(folders, rules, known)      # every folder has a name of its own; known ones keep theirs

A name that the target takes stays as it is. Where it does not (a sign that parts levels there, a control character, too
long), it is changed as little as can be and ends in eight letters made of the whole old name, so that it is always the
same one and no two folders become one. INBOX is INBOX however it is written. Pure; raises nothing.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from migrator.mailbox import INBOX, FolderName, NameRules

_INSTEAD = "_"
_DEEPEST = 50  # levels; what is deeper is no tree that a person made
_PLAIN = 24  # signs of the old name that are left of it in plain letters
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


def named(
    folders: Iterable[FolderName], rules: NameRules, known: Mapping[FolderName, FolderName]
) -> Mapping[FolderName, FolderName]:
    """The target's name of each folder. A folder within one whose name is changed goes into that one."""
    wanted = list(folders)
    names = dict(known)
    taken = set(known.values())
    for level in sorted({len(folder) for folder in wanted}):
        wishes = {one: _wish(one, names, rules) for one in wanted if len(one) == level and one not in names}
        for folder in sorted(wishes, key=lambda one: (wishes[one] != one, one)):  # those that need no change first
            wish = wishes[folder]
            names[folder] = wish if wish not in taken else _marked(wish, folder, rules)
            taken.add(names[folder])
    return {folder: names[folder] for folder in wanted}


def plainly_named(
    folders: Iterable[FolderName], names: Mapping[FolderName, FolderName]
) -> Mapping[FolderName, FolderName]:
    """Names of ASCII letters and digits for folders whose `names` a target refused, for whatever reason of its own."""
    plain = dict[FolderName, FolderName]()
    for folder in sorted(folders, key=len):
        parent = plain.get(folder[:-1]) or names.get(folder[:-1]) or names[folder][:-1]
        level = re.sub(r"[^A-Za-z0-9]+", _INSTEAD, folder[-1]).strip(_INSTEAD)[:_PLAIN]
        plain[folder] = (*parent, f"{level}-{_mark(folder)}".strip("-"))
    return plain


def _wish(folder: FolderName, names: Mapping[FolderName, FolderName], rules: NameRules) -> FolderName:
    """The folder's own name where the rules let it in, else one made of it."""
    whole_name, folder = folder, _shallow(folder)
    above = folder[:-1]
    parent = names.get(above) or (_wish(above, names, rules) if above else ())
    if not above and folder[0].upper() == INBOX[0]:
        return INBOX
    level = _plain(folder[-1], rules)
    whole = (*parent, level) if rules.delimiter or not parent else (f"{parent[0]}{_INSTEAD}{level}",)
    changed = level != folder[-1] or len(whole) != len(whole_name)
    return _marked(whole, whole_name, rules) if changed or rules.length(whole) > rules.longest else whole


def _shallow(folder: FolderName) -> FolderName:
    """`folder`, with the levels that are too many for a tree joined to one."""
    if len(folder) <= _DEEPEST:
        return folder
    return (*folder[: _DEEPEST - 1], _INSTEAD.join(folder[_DEEPEST - 1 :]))


def _marked(whole: FolderName, folder: FolderName, rules: NameRules) -> FolderName:
    """`whole` with the mark of `folder` behind it, cut until it fits: first its last level, then those above."""
    mark = f" {_mark(folder)}"
    for kept in range(len(whole), 0, -1):
        above, level = whole[: kept - 1], whole[kept - 1]
        while level and rules.length((*above, level + mark)) > rules.longest:
            level = level[: -max(1, len(level) // 8)]
        if level:
            return (*above, level + mark)
    return (mark.strip(),)


def _plain(level: str, rules: NameRules) -> str:
    """A level without what the target cannot take."""
    bad = rules.forbidden | set(rules.delimiter)
    text = "".join(_INSTEAD if sign in bad or unicodedata.category(sign) in _UNPRINTABLE else sign for sign in level)
    return _INSTEAD if text.strip() in {"", ".", ".."} else text


def _mark(folder: FolderName) -> str:
    """Eight letters and digits that are this name's own."""
    octets = "\0".join(folder).encode("utf-8", "surrogatepass")
    return hashlib.sha256(octets).hexdigest()[:8]
