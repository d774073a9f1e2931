"""Roots of their own for servers that Debian does not install beside others: programs unpacked, run by chroot.

`fetched("courier")` is where `./test` unpacks a server. `furnish(root, unpacked, programs)` copies what was unpacked
into an empty folder, with the libraries that these programs need beside those they bring, and two devices; the caller
adds users and settings, and runs `chroot ROOT PROGRAM`. Needs root.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

NOBODY = 65_534
NULL, RANDOM = os.makedev(1, 3), os.makedev(1, 9)


def fetched(name: str) -> Path:
    """Where a server's packages are unpacked."""
    return Path(__file__).parents[2] / "var" / name / "root"


def furnish(root: Path, unpacked: Path, programs: Iterable[str]) -> None:
    """Make `root` out of what was unpacked, and of nothing else but libraries and devices."""
    for name in ("dev", "tmp", "etc", "usr", "lib"):
        (root / name).mkdir(parents=True, exist_ok=True)
        if name in {"usr", "lib"} and (unpacked / name).is_dir():
            leaving_out = shutil.ignore_patterns("share", "systemd")
            shutil.copytree(unpacked / name, root / name, symlinks=True, ignore=leaving_out, dirs_exist_ok=True)
    for library in _libraries(unpacked, programs):
        (root / library.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library.relative_to("/"))
    for name, device in (("null", NULL), ("urandom", RANDOM)):
        os.mknod(root / "dev" / name, 0o020666, device)
        (root / "dev" / name).chmod(0o666)
    (root / "tmp").chmod(0o1777)


def users(root: Path, **numbers: int) -> None:
    """Write the root's users, root and nobody among them; each has a group of its own name."""
    known = {"root": 0, "nobody": NOBODY, **numbers}
    (root / "etc/passwd").write_text("".join(f"{name}:x:{at}:{at}::/:/bin/sh\n" for name, at in known.items()))
    groups = {**known, "nogroup": NOBODY, "mail": 8}
    (root / "etc/group").write_text("".join(f"{name}:x:{at}:\n" for name, at in groups.items()))


def _libraries(unpacked: Path, programs: Iterable[str]) -> set[Path]:
    """The system's own libraries that these programs need beside those they bring."""
    brought = {str(library.parent) for library in unpacked.rglob("*.so*")}
    environ = {**os.environ, "LD_LIBRARY_PATH": ":".join(sorted(brought))}
    found = set[Path]()
    for program in programs:
        command = ["ldd", str(unpacked / program)]
        told = subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
        found |= {Path(path) for path in re.findall(r"(/\S+) \(0x", told)}
    return {path for path in found if not path.is_relative_to(unpacked)}
