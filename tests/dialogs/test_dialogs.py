"""Every dialog, against a gateway whose house is in memory."""

from pathlib import Path

import pytest

from tests.dialogs.dialog import BadDialog, Dialog, Mismatch, exact, play, read_dialog
from tests.rules.gateway.house import open_gateway

HERE = Path(__file__).parent
# The folder says which listener: as `gateway_settings` orders them.
LISTENERS = ("world", "submission", "inbound")
DIALOGS = sorted(path.relative_to(HERE) for path in HERE.glob("*/*.smtp"))


@pytest.mark.parametrize("path", DIALOGS, ids=str)
async def test_dialog(path: Path) -> None:
    async with open_gateway() as house:
        await play(read_dialog(HERE / path), house.port(LISTENERS.index(path.parts[0])))


def test_there_are_dialogs_for_every_kind_of_client() -> None:
    assert {path.parts[0] for path in DIALOGS} == set(LISTENERS)


def test_a_line_of_no_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.smtp"
    path.write_text("# fine\nC: NOOP\nX: what\n")
    with pytest.raises(BadDialog, match=r"bad\.smtp:3"):
        read_dialog(path)


def test_exact_octets_are_escaped() -> None:
    assert exact(r"a\r.\n\x00\xff") == b"a\r.\n\x00\xff"


@pytest.mark.parametrize("wrong", ["S: 221", "S~ 250", "S* 550", "S<closed>"])
async def test_a_dialog_that_goes_otherwise_fails_and_says_where(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "other.smtp"
    path.write_text(f"S: 220\nC: NOOP\n{wrong}\n")
    async with open_gateway() as house:
        with pytest.raises(Mismatch, match=r"other\.smtp:3"):
            await play(read_dialog(path), house.port())


async def test_names_are_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "names.smtp"
    path.write_text("S: 220\nC: @{verb}\nS: 221\nS<closed>\n")
    async with open_gateway() as house:
        await play(read_dialog(path), house.port(), {"verb": "QUIT"})


def test_a_dialog_reads_its_lines_in_order(tmp_path: Path) -> None:
    path = tmp_path / "order.smtp"
    path.write_text("S: 220\nC:\nC<eof>\n")
    dialog = read_dialog(path)
    assert isinstance(dialog, Dialog)
    assert [(turn.form, turn.text, turn.line) for turn in dialog.turns] == [
        ("S:", "220", 1),
        ("C:", "", 2),
        ("C<eof>", "", 3),
    ]
