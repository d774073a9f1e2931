"""Roles, identifiers, metrics and durable files."""

import errno
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mailsvc.kit.files import fsync_folder, make_folder, write_atomic
from mailsvc.kit.ids import id_maker, new_id
from mailsvc.kit.metrics import Metrics
from mailsvc.kit.roles import Roles


class Still:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_no_role_declared_is_not_up() -> None:
    assert not Roles().all_up


def test_all_are_up_when_each_has_said_so() -> None:
    roles = Roles()
    roles.declare("a", "b")
    seen = []
    for change, name in ((roles.up, "a"), (roles.up, "b"), (roles.down, "a")):
        change(name)
        seen.append(roles.all_up)
    assert seen == [False, True, False]
    assert dict(roles.states) == {"a": False, "b": True}


def test_a_role_declared_again_keeps_its_state() -> None:
    roles = Roles()
    roles.declare("a")
    roles.up("a")
    roles.declare("a")
    assert roles.all_up


def test_a_role_nobody_declared_cannot_change() -> None:
    roles = Roles()
    with pytest.raises(KeyError, match="was not declared"):
        roles.up("ghost")
    with pytest.raises(KeyError, match="was not declared"):
        roles.down("ghost")
    assert not roles.states


def test_an_identifier_is_26_characters_and_begins_with_its_time() -> None:
    assert new_id(Still(EPOCH), Random(1))[:10] == "0000000000"
    assert new_id(Still(EPOCH + timedelta(milliseconds=32)), Random(1))[:10] == "0000000010"
    assert len(new_id(Still(datetime(2026, 11, 22, tzinfo=UTC)), Random(1))) == 26


@given(
    st.integers(0, 8000 * 365).map(lambda days: EPOCH + timedelta(days=days)),
    st.integers(1, 10**9),
    st.randoms(),
)
def test_identifiers_sort_by_time(at: datetime, later: int, random: Random) -> None:
    try:
        then = at + timedelta(milliseconds=later)
    except OverflowError:
        return
    assert new_id(Still(at), random) < new_id(Still(then), random)


def test_identifiers_of_one_millisecond_differ() -> None:
    make = id_maker(Still(EPOCH), Random(7))
    made = {make() for _ in range(1000)}
    assert len(made) == 1000
    assert not set("".join(made)) & set("ILOUilou")


def test_a_clock_before_1970_makes_no_identifier() -> None:
    with pytest.raises(ValueError, match="outside"):
        new_id(Still(EPOCH - timedelta(seconds=1)), Random(1))


def test_two_houses_count_apart() -> None:
    one, other = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    one.accepted(1000)
    one.replied(250, "live")
    one.replied(250, "live")
    one.delivered("delivered")
    one.queue.labels("queued").set(3)
    one.sessions.inc()
    one.commit_seconds.observe(0.003)
    one.decision_seconds.observe(0.00004)
    text = one.text().decode()
    assert 'lastpost_replies_total{because="live",code="250"} 2.0' in text
    assert "lastpost_messages_accepted_total 1.0" in text
    assert "lastpost_octets_accepted_total 1000.0" in text
    assert 'lastpost_deliveries_total{outcome="delivered"} 1.0' in text
    assert 'lastpost_queue{state="queued"} 3.0' in text
    assert 'lastpost_decision_seconds_bucket{le="5e-05"} 1.0' in text
    assert 'lastpost_commit_seconds_bucket{le="0.0025"} 0.0' in text
    assert "lastpost_messages_accepted_total 0.0" in other.text().decode()


def test_a_file_is_written_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["world.json"]


def test_a_file_has_the_mode_asked_for(tmp_path: Path) -> None:
    write_atomic(tmp_path / "public", b"x", mode=0o644)
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644


@pytest.fixture
def _fsync_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        yield


@pytest.mark.usefixtures("_fsync_fails")
def test_a_file_that_is_not_durable_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="Input/output"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["world.json"]


def test_a_file_in_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "nowhere" / "x", b"")


def test_a_long_name_leaves_room_for_the_temporary_one(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("n" * 250), b"x")
    assert (tmp_path / ("n" * 250)).read_bytes() == b"x"


def test_folders_are_made_as_deep_as_needed(tmp_path: Path) -> None:
    make_folder(tmp_path / "a/b/c")
    make_folder(tmp_path / "a/b/c")
    assert (tmp_path / "a/b/c").is_dir()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_folder_above_that_somebody_removes_at_that_moment_is_made_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir, removed = Path.mkdir, list[Path]()

    def raced(path: Path, mode: int) -> None:
        if path.name == "new" and not removed:
            removed.append(path.parent)
            path.parent.rmdir()
        mkdir(path, mode)

    monkeypatch.setattr(Path, "mkdir", raced)
    mkdir(tmp_path / "home")
    make_folder(tmp_path / "home/new")
    assert (removed, (tmp_path / "home/new").is_dir()) == ([tmp_path / "home"], True)


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "a")


def test_only_folders_are_made_durable_by_name(tmp_path: Path) -> None:
    fsync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        fsync_folder(tmp_path / "nowhere")
