"""Files that are there wholly or not at all, also after a crash or a loss of power.

`write_atomic` writes a temporary file beside the target, makes it durable, renames it into place and makes the folder
durable. OSError comes through; then the old content stands and the temporary file is gone.
"""

import contextlib
import os
import tempfile
from pathlib import Path

_TRIES = 5  # of a folder above which somebody removes empty ones


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Raises OSError; blocks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make `folder` and those above it as far as they are missing, each durable. Raises OSError; blocks.

    Where somebody removes one of them meanwhile, since it was empty, it is made once more.
    """
    for _ in range(_TRIES - 1):
        with contextlib.suppress(FileNotFoundError):
            return _made(folder, mode)
    return _made(folder, mode)


def _made(folder: Path, mode: int) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        with contextlib.suppress(FileExistsError):
            one.mkdir(mode=mode)
        fsync_folder(one.parent)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is in the way and no folder")


def write_atomic(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put `content` under `path`, with `mode` from the first octet on. Raises OSError; blocks."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:200]}.", suffix=".new", dir=path.parent)
    try:
        with open(descriptor, "wb") as opened:  # noqa: PTH123 - a descriptor, not a path
            os.fchmod(descriptor, mode)
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    fsync_folder(path.parent)
