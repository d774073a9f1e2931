"""The index of an archive's part: rows come in, files go out that a page opened from a disk can load by script tags.

    row_of(page, place)               # what JSON can hold; `index_files(part, rows, folders)` makes files of many

A row is what a list shows; what is searched stands beside it in files of its own, so that a list is there at once.
Each file calls one function with plain data, and holds so many messages. Memory holds the rows of one file alone.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final, cast

from migrator.mailbox import FolderName, SpecialUse
from migrator.viewer.files import Place
from migrator.viewer.folders import kinds
from migrator.viewer.rendering import Page

ROWS: Final = 1000  # of a file
_SIGNS: Final = 500_000  # of the texts of a file, about
_SUBJECT, _PERSON, _PEOPLE = 300, 80, 500  # signs
_NAME = re.compile(r'\s*"?([^"<]*?)"?\s*<([^<>]*)>')
_FLAGS: Final = {"\\Seen": 1, "\\Flagged": 2, "\\Answered": 4, "\\Draft": 8}
_SEPARATORS: Final = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})  # ends of lines in older JavaScript


def row_of(page: Page, place: Place) -> Mapping[str, object]:
    """What the index keeps of a message: its folder, what a list shows, and its searched text."""
    sender, to = page.people["from"], page.people["to"]
    names = page.attachments.names()
    told = (" ".join(names), page.date.date().isoformat(), page.people["cc"], to, sender, page.subject)
    searched = " ".join((page.text, *(part[:_PEOPLE] for part in told)))  # the text first: a hit in it is shown
    flags = sum(bit for flag, bit in _FLAGS.items() if flag in place.flags)
    date = int(page.date.timestamp())
    zone = (page.date.utcoffset() or timedelta()) // timedelta(minutes=1)
    shown = [date, person(sender), person(to), page.subject[:_SUBJECT], flags, len(names), zone]
    return {"page": place.page, "folder": list(place.folder), "shown": shown, "text": _folded(searched)}


def person(addresses: str) -> str:
    """Whom a field names first, as short as a list wants it."""
    found = _NAME.match(addresses[: 4 * _PERSON])
    named = (found[1].strip() or found[2]) if found else addresses.partition(",")[0]
    return named[:_PERSON]


def index_files(
    part: int, rows: Iterable[Mapping[str, object]], folders: Mapping[FolderName, SpecialUse | None]
) -> Iterator[tuple[str, bytes]]:
    """The files of the index: lists, texts, and at the end what a page must know first."""
    places = {name: at for at, name in enumerate(folders)}
    counted: Counter[int] = Counter()
    files = 0
    for files, bunch in enumerate(_bunches(rows), 1):
        listed, texts = list[str](), list[str]()
        for row in bunch:
            name = tuple(cast("list[str]", row["folder"]))
            at = places.setdefault(name, len(places))
            counted[at] += 1
            listed.append(_json((row["page"], at, *cast("list[object]", row["shown"]))))
            texts.append(_json(row["text"]))
        yield _script(part, f"list-{files:04d}", f"archive.list({part}, {files}", listed)
        yield _script(part, f"text-{files:04d}", f"archive.text({part}, {files}", texts)
    known = kinds(folders)
    told = [
        _json((name, counted[at], *((kind.kind, kind.named) if (kind := known.get(name)) else ())))
        for name, at in places.items()
    ]
    yield _script(part, "part", f"archive.part({part}, {files}", told)


def _bunches(rows: Iterable[Mapping[str, object]]) -> Iterator[list[Mapping[str, object]]]:
    bunch, signs = list[Mapping[str, object]](), 0
    for row in rows:
        bunch.append(row)
        signs += len(cast("str", row["text"]))
        if len(bunch) >= ROWS or signs >= _SIGNS:
            yield bunch
            bunch, signs = [], 0
    if bunch:
        yield bunch


def _script(part: int, name: str, call: str, lines: list[str]) -> tuple[str, bytes]:
    body = ",\n".join(lines)
    return f"viewer/{part}/{name}.js", f"{call}, [\n{body}\n]);\n".encode("utf-8", "replace")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_SEPARATORS)


def _folded(text: str) -> str:
    """Text as it is searched: half-width kana, full-width letters and capitals are as the usual ones."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(folded.lower().split())
