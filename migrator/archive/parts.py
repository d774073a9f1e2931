"""The files of an archive: `hanako.zip`, `hanako-2.zip`, `hanako-3.zip` …, and what stands beside them while one grows.

    part_path(base, 2)          # hanako-2.zip
    parts_of(base)              # those that are there, in order; a gap stays a gap

`hanako.zip.draft` is the part that grows, `hanako.zip.ledger` tells what is in it. Raises OSError.
"""

import re
from pathlib import Path

PART_OCTETS = 2_000_000_000


def part_path(base: Path, part: int) -> Path:
    """The file of a part, counted from 1."""
    return base if part == 1 else base.with_name(f"{base.stem}-{part}{base.suffix}")


def parts_of(base: Path) -> dict[int, Path]:
    """The finished parts that are there, by number."""
    pattern = re.compile(rf"{re.escape(base.stem)}-([1-9][0-9]{{0,5}}){re.escape(base.suffix)}")
    there = {1: base} if base.exists() else {}
    for path in base.parent.iterdir() if base.parent.is_dir() else ():
        found = pattern.fullmatch(path.name)
        if found and int(found[1]) > 1:
            there[int(found[1])] = path
    return dict(sorted(there.items()))


def named_part(path: Path) -> tuple[Path, int]:
    """The first part of the archive that a file is a part of by its name, and which part it is."""
    found = re.fullmatch(r"(.+)-([1-9][0-9]{0,5})", path.stem)
    if found and int(found[2]) > 1:
        return path.with_name(f"{found[1]}{path.suffix}"), int(found[2])
    return path, 1


def draft_of(base: Path) -> Path:
    """The part that grows."""
    return base.with_name(f"{base.name}.draft")


def ledger_of(base: Path) -> Path:
    """What is in it so far."""
    return base.with_name(f"{base.name}.ledger")
