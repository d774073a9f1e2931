"""Templates of letters and pages.

    templates(Path(__file__).parent / "templates").get_template("door.html.j2").render(facts)

In a template called `.html.j2` every fact is escaped; the others are plain text. Raises jinja2.UndefinedError for a
fact that a template names and nobody gives: there is never an empty place.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


@cache
def templates(folder: Path) -> Environment:
    """The templates of a folder, each read once."""
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"], default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
