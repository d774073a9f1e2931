"""By what a message in a Maildir is known, and when its folder has changed."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.maildir.listing import Entry, digest, listed, number_of, unique_part
from tests.rules.migrator.maildir.trees import folder, lay

DOVECOT = "1795333972.M15324P19250.vm,S=15,W=18"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return folder(tmp_path / "box")


def uids(box: Path) -> list[int]:
    return [one.uid for one in listed(box)]


def test_flags_sizes_and_the_part_it_is_in_make_no_other_message(box: Path) -> None:
    file = lay(box, DOVECOT, part="new")
    before = uids(box)
    for name in (f"{DOVECOT}:2,", f"{DOVECOT}:2,FSab", "1795333972.M15324P19250.vm,S=16,W=19:2,T"):
        file = file.rename(box / "cur" / name)
        assert uids(box) == before


def test_they_come_in_the_order_of_their_times(box: Path) -> None:
    names = ["999.M5.a", "1000.M000001P1.a", "1000.M000002P1.a", "1001.M0P1.a", "no-time-at-all"]
    for name in reversed(names):
        lay(box, name)
    assert [one.file for one in listed(box)] == names
    assert uids(box) == sorted(uids(box))


@given(
    st.sets(st.from_regex(r"[0-9]{1,11}\.(M[0-9]{1,6})?[A-Za-z0-9_]{0,8}(\.[a-z]{1,3})?", fullmatch=True), max_size=20)
)
def test_a_number_fits_a_database_and_is_made_of_the_name_alone(names: set[str]) -> None:
    for name in names:
        assert 0 <= number_of(name) < 2**63
        assert number_of(name) == number_of(unique_part(f"{name},S=1,W=2:2,S"))


def test_names_whose_numbers_meet_stay_two_messages(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrator.maildir.listing.number_of", lambda _, turn=0: 7 + turn)
    lay(box, "1.a")
    lay(box, "2.b")
    assert [(one.uid, one.file) for one in listed(box)] == [(7, "1.a"), (8, "2.b")]


def test_a_message_seen_under_two_names_at_once_is_one(box: Path) -> None:
    file = lay(box, f"{DOVECOT}:2,", b"one")
    os.link(file, box / "cur" / f"{DOVECOT}:2,S")
    assert len(listed(box)) == 1


def test_two_files_with_one_unique_part_are_two_messages(box: Path) -> None:
    lay(box, f"{DOVECOT}:2,", b"one")
    lay(box, DOVECOT, b"two", part="new")
    assert len(set(uids(box))) == 2


def test_directories_and_hidden_files_are_no_messages(box: Path) -> None:
    (box / "cur" / "folder").mkdir()
    lay(box, ".nfs0001")
    assert listed(box) == []


def test_a_folder_with_one_part_alone_is_listed(box: Path) -> None:
    (box / "new").rmdir()
    lay(box, "1.a")
    assert len(listed(box)) == 1


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [("1.a", None, None), ("1.a,S=5", None, 5), ("1.a,S=5,W=6:2,S", 6, 6), ("1.a,W=x", None, None)],
)
def test_sizes_are_told_by_names(name: str, size: int | None, told: int | None) -> None:
    entry = Entry(1, "cur", name)
    assert (entry.size, entry.told_size) == (size, told)


def test_the_digest_follows_what_comes_goes_and_is_flagged(box: Path) -> None:
    file = lay(box, f"{DOVECOT}:2,", part="cur")
    seen = {digest(listed(box))}
    file = file.rename(file.with_name(f"{DOVECOT}:2,S"))
    seen.add(digest(listed(box)))
    lay(box, "1.new", part="new")
    seen.add(digest(listed(box)))
    seen.add(digest(listed(box), b"keywords"))
    file.unlink()
    seen.add(digest(listed(box)))
    assert len(seen) == 5


def test_moving_from_new_to_cur_changes_nothing(box: Path) -> None:
    file = lay(box, DOVECOT, part="new")
    before = digest(listed(box))
    file.rename(box / "cur" / f"{DOVECOT}:2,")
    assert digest(listed(box)) == before
