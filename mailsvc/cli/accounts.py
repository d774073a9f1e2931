"""`lastpost accounts`: the directory filled from a file, looked at, and written out again.

Use: `app` is the group of commands. docs/ACCOUNTS.md tells the columns.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.exits import Exit
from mailsvc.cli.output import say, show_fields, show_json, show_table
from mailsvc.cli.words import AsJson, leave

LISTED = ("address", "kind", "state", "contract", "forward_to", "alias_of", "quota", "expiry", "suspended_since")

app = typer.Typer(help="Holders, contracts and mailbox addresses.", no_args_is_help=True, rich_markup_mode=None)

Domain = Annotated[str | None, typer.Option(metavar="DOMAIN", help="Only this domain.")]


@app.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The accounts; every domain in it is replaced.")],
    *,
    allow_shrink: Annotated[
        bool, typer.Option(help="Publish though a domain shrinks by more than settings allow.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where rejected rows go; without it FILE.rejects.csv.")
    ] = None,
) -> None:
    """Replace the directory of every domain in FILE.csv, all at once; rows that cannot be taken are told one by one."""
    from mailsvc.cli.interrupts import between_rows
    from mailsvc.cli.progress import Progress
    from mailsvc.desk.accounts_import import import_accounts

    reject_file = rejects or file.with_name(file.name + ".rejects.csv")
    with session.of(ctx).desk() as desk, between_rows() as look, Progress(file, look=look) as progress:
        report = import_accounts(desk, file, reject_file, allow_shrink=allow_shrink, progress=progress)
    for line in report.lines():
        say(line)
    if report.rejected:
        say(f"{report.rejected} of {report.rows} rows rejected, with their reasons in {reject_file}")
    leave(Exit.PROBLEMS if report.rejected else Exit.OK)


@app.command("list")
def list_(
    ctx: typer.Context,
    domain: Domain = None,
    search: Annotated[
        str, typer.Option(metavar="TEXT", help="Only those whose address, holder or contract contains TEXT.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List the addresses of all domains, in order."""
    from mailsvc.desk.accounts_list import list_accounts

    with session.of(ctx).desk() as desk:
        rows = list_accounts(desk, domain, search)
        if as_json:
            show_json(rows)
        else:
            show_table(rows, LISTED)


@app.command()
def show(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address of the directory.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show everything the directory knows of one address."""
    from mailsvc.desk.accounts_list import show_account

    with session.of(ctx).desk() as desk:
        row = show_account(desk, address)
    if as_json:
        show_json([row])
    else:
        show_fields(row)


@app.command()
def export(
    ctx: typer.Context,
    domain: Domain = None,
    *,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV, as `accounts import` reads it; so without options.")
    ] = False,
) -> None:
    """Write the directory out; what is written as CSV, `accounts import` reads back as the same directory."""
    from mailsvc.desk.accounts_list import list_accounts

    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    with session.of(ctx).desk() as desk:
        rows = list_accounts(desk, domain, "")
        if as_json:
            show_json(rows)
        else:
            _write_csv(rows)


def _write_csv(rows: Iterable[dict[str, str]]) -> None:
    import csv

    from mailsvc.desk.accounts_csv import COLUMNS

    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
