r"""Which of the folders that everybody has a folder is: by what its source announced, else by its name.

    kinds({("送信済み",): None})        # {("送信済み",): Kind("sent", named=True)}

Where a source announced which one it is (RFC 6154), no other is taken for it by its name. Pure; raises nothing.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from migrator.mailbox import INBOX, FolderName, SpecialUse

_ANNOUNCED: Final = {use: use.value.removeprefix("\\").lower() for use in SpecialUse}
_NAMES: Final = {
    "drafts": "drafts|draft|下書き|草稿",
    "sent": "sent|sent mail|sent items|sent messages|sent-mail|送信済み|送信済|送信済みアイテム|送信済みメール"
    "|送信済みメッセージ|送信済みトレイ|送信ボックス|送信メール|送信控え",
    "archive": "archive|archives|アーカイブ|保管",
    "junk": "junk|spam|junk e-mail|junk email|junk mail|bulk|bulk mail|迷惑メール|迷惑メールフォルダ|迷惑メッセージ"
    "|スパム",
    "trash": "trash|bin|deleted|deleted items|deleted messages|ごみ箱|ゴミ箱|削除済み|削除済みアイテム|削除済みメール",
}  # fmt: skip
_KNOWN: Final = {name: kind for kind, names in _NAMES.items() for name in names.split("|")}
_AROUND: Final = frozenset({"inbox", "[gmail]", "[google mail]"})  # folders in which servers put all others


@dataclass(frozen=True, slots=True)
class Kind:
    """What a folder is for, as "sent"; `named`: its name says so too, so that it may be shown in another language."""

    kind: str
    named: bool


def kinds(folders: Mapping[FolderName, SpecialUse | None]) -> Mapping[FolderName, Kind]:
    """The kinds of those that have one; `folders` are all, each with what was announced for it."""
    told = {name: Kind(_ANNOUNCED[use], _by_name(name) == _ANNOUNCED[use]) for name, use in folders.items() if use}
    announced = {kind.kind for kind in told.values()}
    for name in folders:
        by_name = _by_name(name)
        if by_name and name not in told and by_name not in announced:
            told[name] = Kind(by_name, named=True)
    return told


def _by_name(name: FolderName) -> str:
    if name == INBOX:
        return "inbox"
    if len(name) == 1 or (len(name) == 2 and _folded(name[0]) in _AROUND):
        return _KNOWN.get(_folded(name[-1]), "")
    return ""


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()
