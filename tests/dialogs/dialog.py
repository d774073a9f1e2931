r"""Dialogs: what a client sends and what it must hear, as `*.smtp` files.

    C: EHLO me.example        sent with CRLF
    C! first\nsecond\x00\r\n  sent exactly, with the escapes of Python bytes and nothing added
    C<eof>                    the client closes its half
    S: 250-                   the next line begins so
    S~ 250 2\.6\.0 .*         the next line matches as a whole
    S* 250                    any number of lines `250-...`, then one that begins `250 `
    S<closed>                 the server has closed
    # remark, and empty lines

`read_dialog(path)` raises BadDialog with file and line. `play(dialog, port)` raises Mismatch with the same and with
all that was said. `@{name}` in a client's line is replaced by `play`'s `names`, so that a dialog can run elsewhere.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FORMS = ("C: ", "C! ", "S: ", "S~ ", "S* ")
BARE_FORMS = ("C:", "C<eof>", "S<closed>")
PATIENCE = 60.0


class BadDialog(ValueError):
    """A file that is no dialog."""


class Mismatch(AssertionError):
    """The server said something else."""


@dataclass(frozen=True)
class Turn:
    """One line of a dialog."""

    form: str
    text: str
    line: int


@dataclass(frozen=True)
class Dialog:
    """A file of turns."""

    path: Path
    turns: tuple[Turn, ...]


def read_dialog(path: Path) -> Dialog:
    turns = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        form = next((form for form in FORMS if line.startswith(form)), line if line in BARE_FORMS else None)
        if form is None:
            raise BadDialog(f"{path}:{number}: begin with one of {', '.join(FORMS + BARE_FORMS)}")
        turns.append(Turn(form.strip(), line[len(form) :], number))
    return Dialog(path, tuple(turns))


async def play(dialog: Dialog, port: int, names: Mapping[str, str] | None = None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said: list[str] = []
    try:
        for turn in dialog.turns:
            text = turn.text
            for name, value in (names or {}).items():
                text = text.replace("@{" + name + "}", value)
            said.append(f"{turn.form} {text}")
            await (_send(turn, text, writer) if turn.form[0] == "C" else _hear(dialog, turn, text, reader, said))
    finally:
        writer.close()


async def _send(turn: Turn, text: str, writer: asyncio.StreamWriter) -> None:
    if turn.form == "C<eof>":
        writer.write_eof()
    elif turn.form == "C!":
        writer.write(exact(text))
    else:
        writer.write(text.encode("utf-8") + b"\r\n")
    await writer.drain()


def exact(text: str) -> bytes:
    """The octets a `C!` line stands for."""
    return text.encode("utf-8").decode("unicode_escape").encode("latin-1")


async def _hear(dialog: Dialog, turn: Turn, text: str, reader: asyncio.StreamReader, said: list[str]) -> None:
    heard = await _line(reader)
    while turn.form == "S*" and heard.startswith(text + "-"):
        said.append(f"   {heard}")
        heard = await _line(reader)
    said.append(f"-> {heard}")
    if not _fits(turn, text, heard):
        raise Mismatch(f"{dialog.path}:{turn.line}: wanted {turn.form} {text}, heard {heard!r}\n" + "\n".join(said))


def _fits(turn: Turn, text: str, heard: str) -> bool:
    if turn.form == "S<closed>":
        return not heard
    if turn.form == "S~":
        return re.fullmatch(text, heard) is not None
    return bool(heard) and heard.startswith(text + " " if turn.form == "S*" else text)


async def _line(reader: asyncio.StreamReader) -> str:
    try:
        octets = await asyncio.wait_for(reader.readline(), PATIENCE)
    except ConnectionResetError:
        return ""
    except TimeoutError:
        return "(nothing)"
    return octets.decode("utf-8", "backslashreplace").removesuffix("\r\n")
