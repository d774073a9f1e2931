"""The documents say what the program does: every command with its options, every column, every exit code."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperGroup

from mailsvc.cli.exits import Exit
from mailsvc.cli.main import app
from mailsvc.desk.accounts_csv import COLUMNS
from mailsvc.desk.accounts_import import BAD_PERCENT
from mailsvc.desk.accounts_reader import LINE_LIMIT, ROW_LINES_LIMIT

DOCS = Path(__file__).parents[3] / "docs"


def tree(group: TyperGroup, words: tuple[str, ...]) -> Iterator[tuple[str, frozenset[str]]]:
    """Every command of the real tree with its options."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from tree(command, (*words, name))
        else:
            options = [option for param in command.params for option in param.opts if option.startswith("--")]
            yield " ".join((*words, name)), frozenset(options) - {"--help"}


def real() -> dict[str, frozenset[str]]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return dict(tree(group, ("lastpost",)))


def documented() -> dict[str, frozenset[str]]:
    rows = re.findall(r"^\| `(lastpost [^`]+)` \|", (DOCS / "COMMANDS.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {row.partition(" [")[0]: frozenset(re.findall(r"\[(--[a-z-]+)\]", row)) for row in rows}


def test_every_command_and_option_is_documented_and_none_besides() -> None:
    assert documented() == real()


def test_every_command_says_what_it_does() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    untold = [name for name, command in group.commands.items() if not command.help]
    assert untold == []


def test_every_listing_is_there_for_machines_too() -> None:
    telling = {"list", "show", "find", "report", "status", "verify", "check", "timeline", "explain", "trace", "doctor"}
    tells = {name: options for name, options in real().items() if name.rpartition(" ")[2] in telling}
    assert {"lastpost jobs list", "lastpost links list", "lastpost archive list", "lastpost migrate report"} <= {*tells}
    assert [name for name, options in tells.items() if "--json" not in options] == []


def test_every_exit_code_is_documented() -> None:
    text = (DOCS / "COMMANDS.md").read_text(encoding="utf-8")
    assert [code for code in Exit if f"\n| {code.value} | " not in text] == []


def test_every_column_is_documented_in_order_and_none_besides() -> None:
    text = (DOCS / "ACCOUNTS.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE)) == COLUMNS


def test_the_glossary_has_each_word_once() -> None:
    text = (DOCS / "GLOSSARY.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)[1:]
    assert len(words) > 100
    assert [word for word, times in Counter(words).items() if times > 1] == []


def test_the_limits_of_accounts_files_are_documented() -> None:
    text = (DOCS / "ACCOUNTS.md").read_text(encoding="utf-8")
    for told in (f"{LINE_LIMIT:,} characters", f"at most {ROW_LINES_LIMIT} lines", f"up to {BAD_PERCENT} %"):
        assert told in text
