"""Archives: mail as files in a zip that anybody can open. `docs/ARCHIVE.md` tells their format.

    target = ZipTarget(Path("hanako.zip"), source="imaps://…", now=clock.now)
    source = ZipSource(Path("hanako.zip"))

`target.py` is written by `writing.py`: `groups.py` gathers what belongs to a message, `draft.py` and `ledger.py` are
the part that grows, `finishing.py` gives it its name. `source.py`, `verify.py`, `extract.py` and `listing.py` read
through `archive.py` (all parts), `catalog.py`, `reading.py` (one part), `directory.py` and `window.py`. `layout.py` and
`manifest.py` are the octets themselves; `names.py`, `subjects.py` and `parts.py` the names; `viewing.py` is what a
viewer has to be; `errors.py` tells what is wrong.
"""
