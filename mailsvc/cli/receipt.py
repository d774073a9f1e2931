"""`lastpost receipt`: what came of a move, verified.

Use: `app` is the group of commands. Nothing of it needs settings.
"""

from pathlib import Path
from typing import Annotated

import typer

from mailsvc.cli.exits import Exit
from mailsvc.cli.output import say, show_fields, show_json
from mailsvc.cli.words import AsJson, leave

app = typer.Typer(help="Receipts of moves.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Receipts of moves."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A receipt, as `migrate mailbox --json` prints it.")],
    *,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The signer's public key (PEM); else who signed is not known.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a receipt adds up and is as it was signed. Code 3 where it is not."""
    from mailsvc.desk.receipts import verify as act

    checked = act(file, key)
    receipt = checked.receipt
    fields: dict[str, object] = {"file": str(file), "problem": checked.problem}
    if receipt is not None:
        fields |= {
            "signer": checked.signer,
            "trusted": checked.trusted,
            "from": receipt.source,
            "to": receipt.target,
            "began": receipt.began,
            "ended": receipt.ended,
            "found": receipt.found,
            "refused": receipt.refused,
            "complete": receipt.complete,
            "read_back": receipt.read_back,
        }
    if as_json:
        show_json([fields])
    else:
        show_fields(fields)
    say(f"{file} {_said(checked.problem, trusted=checked.trusted)}")
    leave(Exit.PROBLEMS if checked.problem else Exit.OK)


def _said(problem: str, *, trusted: bool) -> str:
    if problem:
        return f"is not to be relied upon: {problem}"
    if trusted:
        return "is as it was signed, by the key you named"
    return "is as it was signed; by whom, only a key that you name with --key tells"
