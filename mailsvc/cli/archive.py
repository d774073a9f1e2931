"""`lastpost archive`: archives verified, listed, taken apart.

Use: `app` is the group of commands. Nothing of it needs settings.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli.exits import Exit
from mailsvc.cli.output import counted, out, say, show_json, show_table
from mailsvc.cli.words import AsJson, leave
from mailsvc.kit.printable import printable

if TYPE_CHECKING:
    from mailsvc.desk.archives import Listed
    from migrator.archive.verify import Finding

app = typer.Typer(help="Archives of mailboxes.", no_args_is_help=True, rich_markup_mode=None)

Zip = Annotated[Path, typer.Argument(metavar="ZIP", help="An archive; any of its parts.")]
COLUMNS = ("folder", "date", "octets", "flags", "file", "path")


@app.callback()
def _group() -> None:
    """Archives of mailboxes."""


@app.command()
def verify(path: Zip, *, as_json: AsJson = False) -> None:
    """Say whether every octet is as it was put in. Code 3 where it is not; each file is named."""
    from mailsvc.desk.archives import verified

    verdict = verified(path, _progress)
    if as_json:
        found = [{"file": one.file, "entry": one.entry, "why": one.why} for one in verdict.findings]
        fields = {name: getattr(verdict, name) for name in ("parts", "messages", "files", "octets", "growing")}
        show_json([{"archive": str(verdict.base), **fields, "whole": not verdict.findings, "findings": found}])
    else:
        _show(verdict.findings)
    if verdict.growing:
        say("a part of it is still being made: run again what makes it")
    what = f"{counted(verdict.messages, 'message')} in {counted(verdict.parts, 'part')}"
    said = f"{counted(len(verdict.findings), 'finding')}: each is named" if verdict.findings else "as they were put in"
    say(f"{what}, {said}")
    if verdict.findings:
        say("fetch the files that are named anew; if they are found the same, make the archive again from its source")
    leave(Exit.PROBLEMS if verdict.findings else Exit.OK)


@app.command("list")
def list_(path: Zip, *, as_json: AsJson = False) -> None:
    """Show every message of an archive."""
    from mailsvc.desk.archives import contents

    rows = contents(path)
    if as_json:
        show_json({**_row(one), "folder": one.folder} for one in rows)
    else:
        show_table(map(_row, rows), COLUMNS)


@app.command()
def extract(
    path: Zip,
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the files are made; made if missing.")],
    as_json: AsJson = False,
) -> None:
    """Make every file of an archive below FOLDER, each checked. Run again, it goes on. 3: look at what is named."""
    from mailsvc.desk.archives import extracted

    what = extracted(path, to)
    if as_json:
        found = [{"file": one.file, "entry": one.entry, "why": one.why} for one in what.findings]
        show_json([{"folder": str(to), "made": what.files, "there": what.there, "findings": found}])
    else:
        _show(what.findings)
    there = f", {what.there} stood there already" if what.there else ""
    named = f", {counted(len(what.findings), 'finding')}: each is named" if what.findings else ""
    say(f"{counted(what.files, 'file')} made{there}{named}")
    leave(Exit.PROBLEMS if what.findings else Exit.OK)


def _progress(octets: int, of: int) -> None:
    """After each part but the last one."""
    if octets < of:
        say(f"{octets / 1e6:,.0f} of {of / 1e6:,.0f} MB read")


def _row(one: "Listed") -> dict[str, object]:
    told = {name: getattr(one, name) for name in ("number", "date", "octets", "uid", "file", "path")}
    return {**told, "folder": "/".join(one.folder), "flags": sorted(one.flags)}


def _show(findings: "Iterable[Finding]") -> None:
    for finding in findings:
        out(printable(str(finding)))
