"""Which real servers and fault tools this machine offers, and why the others are missing.

`why_missing("postfix")` answers None where tests marked `real("postfix")` can run, else the reason in words. The
conftest skips by it and counts the skipped tests aloud; with REAL_REQUIRED=1 a skipped one fails the run.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path


def _programs(*names: str) -> str | None:
    if os.geteuid() != 0:
        return "needs root"
    for name in names:
        if shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            return f"{name} is not installed"
    return None


def _file(program: str, path: str) -> str | None:
    return _programs(program) or (None if Path(path).exists() else f"{path} is not installed")


def _postgresql() -> str | None:
    if os.geteuid() != 0:
        return "needs root"
    return None if list(Path("/usr/lib/postgresql").glob("*/bin/initdb")) else "PostgreSQL is not installed"


def _unpacked(name: str, program: str) -> str | None:
    fetched = Path(__file__).parents[2] / "var" / name / "root" / "usr" / program
    return _programs("chroot", "ldd") or (None if fetched.exists() else f"{name} is not fetched: ./test does")


def _program(name: str) -> str | None:
    return None if shutil.which(name) else f"{name} is not installed"


def _chromium() -> str | None:
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed"
    return None if Path("/usr/bin/chromium").exists() else "/usr/bin/chromium is not installed"


def _strace() -> str | None:
    missing = _programs("strace")
    if missing is None:
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1", "true"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        missing = None if done.returncode == 0 else f"strace cannot trace here: {done.stderr.strip()}"
    return missing


def _tmpfs() -> str | None:
    missing = _programs("mount", "umount")
    if missing is None:
        # In a root changed by chroot the propagation of "/" cannot be changed, and need not be.
        alone = ["unshare", "--mount", "--propagation", "unchanged"]
        done = subprocess.run([*alone, "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
        missing = None if done.returncode == 0 else "tmpfs cannot be mounted here"
    return missing


_CHECKS: Mapping[str, Callable[[], str | None]] = {
    "postfix": lambda: _programs("postfix", "postmap", "smtp-source", "smtp-sink"),
    "exim": lambda: _unpacked("exim", "sbin/exim4"),
    "courier": lambda: _unpacked("courier", "bin/imapd"),
    "cyrus": lambda: _unpacked("cyrus", "lib/cyrus/bin/imapd"),
    "dovecot": lambda: _file("dovecot", "/usr/lib/dovecot/lmtp") or _file("doveadm", "/usr/lib/dovecot/imap"),
    "dovecot-pop3": lambda: _file("dovecot", "/usr/lib/dovecot/pop3"),
    "chromium": _chromium,
    "clamd": lambda: _programs("clamd"),
    "postgresql": _postgresql,
    "strace": _strace,
    "unzip": lambda: _program("unzip"),
    "curl": lambda: _program("curl"),
    "gcc": lambda: None if sys.platform == "linux" and shutil.which("cc") else "no C compiler",
    "tmpfs": _tmpfs,
}


@cache
def why_missing(name: str) -> str | None:
    """Answer why tests that need this server or tool cannot run here, or None where they can."""
    return _CHECKS[name]()
