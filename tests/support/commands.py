"""`lastpost` as it is typed, without the second of work that a process needs to start: in the test's own.

    assert lastpost(folder / "lastpost.yaml", "init").code == 0

What it writes is captured; it fails as the command does, by its code. On a running loop and beside the main thread it
is a process of its own, since the streams of one are one. That the program starts is tests/rules/cli/test_program.py.
"""

import asyncio
import io
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from mailsvc.cli.main import run


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def lastpost(settings: Path, *words: str) -> Ran:
    """Run one command to its end."""
    if threading.current_thread() is not threading.main_thread() or asyncio._get_running_loop() is not None:
        command = [sys.executable, "-m", "mailsvc.cli", "--settings", str(settings), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
        return Ran(done.returncode, done.stdout, done.stderr)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["--settings", str(settings), *words])
    return Ran(int(code), *(one.buffer.getvalue().decode() for one in (out, err)))
