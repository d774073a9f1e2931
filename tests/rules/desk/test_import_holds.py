"""What holds after any import: each row is taken or rejected, never both, and what is taken fits together."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.desk import accounts_import
from mailsvc.desk.accounts_csv import COLUMNS
from mailsvc.desk.accounts_list import list_accounts
from tests.rules.desk.world import World

NAMES = st.sampled_from("abcdef")
COLUMNS_USED = ("address", "alias_of", "contract", "area", "holder", "language", "forward_to", "quota")


def at(name: str) -> str:
    return f"{name}@closing.example" if name else ""


ROWS = st.lists(
    st.tuples(
        NAMES.map(at) | st.sampled_from(["A@Closing.Example", "nonsense", "a@strange.example", "x@second.example"]),
        st.sampled_from(["", "", "", "a", "b", "g", "f"]).map(at),
        st.sampled_from(["", "", "C-1", "C-2"]),
        st.sampled_from(["", "tokyo"]),
        st.sampled_from(["", "", "H-1"]),
        st.sampled_from(["", "ja", "en"]),
        st.sampled_from(["", "", "b@closing.example", "b@newhome.example"]),
        st.sampled_from(["", "1 MB", "lots"]),
    ),
    min_size=1,
    max_size=12,
)
Row = tuple[str, ...]


@contextmanager
def every_row_may_be_bad() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(accounts_import, "BAD_PERCENT", 100)
        yield


@pytest.fixture(scope="module")
def bench(opener: Callable[[Path], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    return opener(tmp_path_factory.mktemp("bench"))


def text_of(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([COLUMNS_USED, *rows])
    return out.getvalue()


def imported(world: World, rows: list[Row]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The directory of the domains in `rows` after an import of them alone, and the rejected rows."""
    with every_row_may_be_bad():
        report = world.take(text_of(rows), allow_shrink=True)
    rejects: list[dict[str, str]] = []
    if world.rejects.exists():
        with world.rejects.open(encoding="utf-8", newline="") as file:
            rejects = list(csv.DictReader(file))
    assert report.rejected == len(rejects)
    domains = {one.domain for one in report.domains}
    taken = [row for row in list_accounts(world.desk, None, "") if row["address"].partition("@")[2] in domains]
    return taken, rejects


@given(ROWS)
def test_every_row_is_either_taken_or_rejected(bench: World, rows: list[Row]) -> None:
    taken, rejects = imported(bench, rows)
    assert len(taken) + len(rejects) == len(rows)
    lines = [int(row["line"]) for row in rejects]
    assert lines == sorted(set(lines))
    assert all(row["column"] and row["reason"] for row in rejects)
    left = {rows[number][0].lower() for number in range(len(rows)) if number + 2 not in lines}
    assert {row["address"].lower() for row in taken} == left


@given(ROWS)
def test_what_is_taken_fits_together(bench: World, rows: list[Row]) -> None:
    taken, _ = imported(bench, rows)
    known = {row["address"].lower() for row in list_accounts(bench.desk, None, "")}
    assert len({row["address"].lower() for row in taken}) == len(taken)
    assert [row for row in taken if row["alias_of"] and row["alias_of"].lower() not in known] == []
    assert [row for row in taken if row["forward_to"] == row["address"]] == []
    for contract in {row["contract"] for row in taken if row["contract"]}:
        facts = {(row["holder"], row["area"]) for row in taken if row["contract"] == contract}
        assert len(facts) == 1


@given(ROWS)
def test_what_was_taken_is_taken_again_whole(bench: World, rows: list[Row]) -> None:
    taken, _ = imported(bench, rows)
    if taken:
        again = [tuple(row[column] for column in COLUMNS_USED) for row in taken]
        assert imported(bench, again) == (taken, [])
        assert set(taken[0]) == set(COLUMNS)
