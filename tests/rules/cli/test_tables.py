"""Tables for a person: aligned, never cut, whatever the width and the script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mailsvc.cli.output import counted, show_fields, show_table
from mailsvc.cli.tables import BATCH, table_lines

ROWS = [
    {"address": "hanako@closing.example", "kind": "base", "forward_to": "", "quota": "100 MB"},
    {"address": "hachiko@closing.example", "kind": "base", "forward_to": "hachiko@newhome.example", "quota": "1 GB"},
]
COLUMNS = ("address", "kind", "forward_to", "alias_of", "quota")


def test_columns_without_a_value_are_left_out_and_the_others_aligned() -> None:
    assert list(table_lines(ROWS, COLUMNS, 80)) == [
        "address                  kind  forward_to               quota",
        "hanako@closing.example   base                           100 MB",
        "hachiko@closing.example  base  hachiko@newhome.example  1 GB",
    ]


def test_what_does_not_fit_stands_below_its_row_with_its_name() -> None:
    assert list(table_lines(ROWS, COLUMNS, 40)) == [
        "address                  kind  quota",
        "hanako@closing.example   base  100 MB",
        "hachiko@closing.example  base  1 GB",
        "    forward_to: hachiko@newhome.example",
    ]


def test_japanese_is_aligned_by_the_cells_it_takes() -> None:
    rows = [{"reason": "地震のため", "by": "hanako"}, {"reason": "x", "by": "jiro"}]
    assert list(table_lines(rows, ("reason", "by"), 80))[1:] == ["地震のため  hanako", "x           jiro"]


def test_no_rows_no_lines() -> None:
    assert list(table_lines([], COLUMNS, 80)) == []


def test_a_long_listing_is_aligned_batch_by_batch() -> None:
    rows = ({"address": f"user{number}@closing.example"} for number in range(BATCH + 1))
    assert sum(line == "address" for line in table_lines(rows, COLUMNS, 80)) == 2


@given(
    st.lists(st.fixed_dictionaries({name: st.text("ab花@.", max_size=30) for name in COLUMNS})), st.integers(20, 200)
)
def test_nothing_is_ever_cut(rows: list[dict[str, str]], width: int) -> None:
    told = list(table_lines(rows, COLUMNS, width))
    text = "\n".join(told)
    for row in rows:
        assert all(value in text for value in row.values())
    longest = max((cell_len(value) for row in rows for value in row.values()), default=0)
    assert all(cell_len(line) <= max(width, longest + 4 + len("forward_to: ")) for line in told)


def test_a_terminal_gets_a_table_of_its_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    show_table([{"at": "2027-04-01", "detail": {"rows": "13", "rejected": "0"}}], ("at", "detail"))
    assert capsys.readouterr().out.splitlines()[1] == "2027-04-01  rows: 13, rejected: 0"


def test_fields_without_a_value_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_fields({"reply": "250 OK", "note": "", "until": None, "in doubt": False})
    assert capsys.readouterr().out == "reply     250 OK\nin doubt  no\n"


def test_things_are_counted() -> None:
    assert [counted(number, "domain") for number in (0, 1, 2)] == ["0 domains", "1 domain", "2 domains"]
