"""`lastpost links`: links to what was exported, looked after.

Use: `app` is the group of commands.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from mailsvc.cli import session
from mailsvc.cli.output import counted, out, say, show_json, show_table
from mailsvc.cli.words import AsJson, Reason

if TYPE_CHECKING:
    from mailsvc.desk.exporting.links import LinkRow

COLUMNS = ("id", "address", "state", "made_at", "made_by", "used_at", "expires_at", "revoked_at", "job")

app = typer.Typer(help="Links to what was exported.", no_args_is_help=True, rich_markup_mode=None)

LinkId = Annotated[str, typer.Argument(metavar="LINK", help="Its id in the listing, or how that begins.")]
OfAddress = Annotated[str, typer.Option(metavar="ADDRESS", help="Only those of this address.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    address: OfAddress = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, the newest first.")] = 1000,
    *,
    as_json: AsJson = False,
) -> None:
    """List links, the newest first: unused, open now, used, expired or revoked; never what opens one."""
    from mailsvc.desk.exporting.links import list_links

    with session.of(ctx).desk() as desk:
        _show(list_links(desk, address, limit), as_json=as_json)


@app.command()
def make(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose newest export it leads to.")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a link to the newest export and print it, this once; no letter is sent."""
    from mailsvc.desk.exporting.links import make_link

    with session.of(ctx).desk() as desk:
        made = make_link(desk, address, reason)
    if as_json:
        show_json([made])
    else:
        out(made.url)
    say(f"whoever knows it can fetch the mail of {made.row.address}; link {made.row.id} until {_until(made.row)}")


@app.command()
def renew(ctx: typer.Context, link: LinkId, reason: Reason, *, as_json: AsJson = False) -> None:
    """Let a link live as long as a new one, also one that has expired; the letter it came in stays right."""
    from mailsvc.desk.exporting.links import renew_link

    with session.of(ctx).desk() as desk:
        row = renew_link(desk, link, reason)
    _show([row], as_json=as_json)
    say(f"link {row.id} of {row.address} lives until {_until(row)}")


@app.command()
def revoke(
    ctx: typer.Context,
    reason: Reason,
    link: Annotated[str, typer.Argument(metavar="[LINK]", help="Its id in the listing, or how that begins.")] = "",
    address: Annotated[str, typer.Option(metavar="ADDRESS", help="Instead, all of this address.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """End a link for good, at once, also for whoever has it open."""
    from mailsvc.desk.exporting.links import revoke_links

    with session.of(ctx).desk() as desk:
        rows = revoke_links(desk, reason, link=link, address=address)
    _show(rows, as_json=as_json)
    say(f"{counted(len(rows), 'link')} can no longer be used")


def _until(row: "LinkRow") -> str:
    return row.expires_at.isoformat(timespec="seconds")


def _show(rows: "list[LinkRow]", *, as_json: bool) -> None:
    if as_json:
        show_json(rows)
    else:
        show_table(({name: getattr(row, name) for name in COLUMNS} for row in rows), COLUMNS)
