"""A small disk that fills, a ceiling on open files, a ceiling on memory, and a moved clock.

`with small_disk(folder, mib=8):` mounts a tmpfs on the folder and takes it away for certain (tests are marked
`real("tmpfs")`). `fill(folder)` eats what is left of it and answers the file to remove. `limited(command, files=64)`
is the command under prlimit. `move_clock(file, seconds)` writes the clock file that every process reads.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, mib: int = 8) -> Iterator[Path]:
    """Mount a disk of so many MiB on this folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "lastpost-test", str(folder)], check=True)
    try:
        yield folder
    finally:
        # Lazily, where somebody still holds a file open: the mount is gone from the tree in any case.
        if subprocess.run(["umount", str(folder)], check=False, capture_output=True).returncode:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill the disk under this folder up to so many octets; remove the answered file to make room again."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - leave))
    return ballast


def limited(command: Sequence[str], *, files: int | None = None, memory: int | None = None) -> list[str]:
    """The command with at most so many file descriptors, and so many octets of address space."""
    limits = [f"--nofile={files}"] if files is not None else []
    limits += [f"--as={memory}"] if memory is not None else []
    return ["prlimit", *limits, "--", *command]


def move_clock(file: Path, seconds: float) -> None:
    """Set the clock file to this offset from the wall clock, in one step."""
    new = file.with_suffix(".new")
    new.write_text(f"{seconds:+g}\n")
    new.replace(file)
