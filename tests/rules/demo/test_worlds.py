"""Which demo world `./run WORDS` speaks to, among several that run, rest or are gone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsvc.demo.worlds import DEFAULT, SETTINGS, announced, choose, home, running


@pytest.fixture
def others() -> Iterator[list[int]]:
    """Process numbers of three programs that run until the test is over."""
    programs = [subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(3)]
    yield [program.pid for program in programs]
    for program in programs:
        program.communicate(b"\n")


def note(worlds: Path, process: int | str, state: Path | str, started: int = 0) -> Path:
    """What a running world leaves behind, as if it had started `started` seconds after the epoch."""
    path = worlds / "worlds" / f"{process}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"state": str(state)}))
    os.utime(path, (started, started))
    return path


def gone() -> int:
    """The number of a process that has ended."""
    program = subprocess.Popen([sys.executable, "-c", ""])
    program.wait()
    return program.pid


def test_a_world_is_found_while_it_lasts(tmp_path: Path) -> None:
    with announced(tmp_path, tmp_path / "mine"):
        (found,) = running(tmp_path)
        assert found.state == tmp_path / "mine"
        assert found.settings == tmp_path / "mine" / SETTINGS
    assert running(tmp_path) == []


def test_a_world_that_fails_is_announced_no_longer(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), announced(tmp_path, tmp_path / "mine"):
        raise RuntimeError
    assert list((tmp_path / "worlds").iterdir()) == []


def test_a_world_is_known_by_its_real_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with announced(tmp_path, tmp_path / "link" / ".." / "link"):
        assert [world.state for world in running(tmp_path)] == [tmp_path / "real"]


def test_the_newest_comes_first(tmp_path: Path, others: list[int]) -> None:
    for process, name, started in zip(others, ("old", "new", "middle"), (10, 30, 20), strict=True):
        note(tmp_path, process, tmp_path / name, started)
    assert [world.state.name for world in running(tmp_path)] == ["new", "middle", "old"]


def test_the_note_of_a_process_that_is_gone_is_taken_away(tmp_path: Path, others: list[int]) -> None:
    left, kept = note(tmp_path, gone(), tmp_path / "left"), note(tmp_path, others[0], tmp_path / "kept")
    assert [world.state.name for world in running(tmp_path)] == ["kept"]
    assert (left.exists(), kept.exists()) == (False, True)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"state": 7}'])
def test_a_note_that_cannot_be_read_hides_no_other(tmp_path: Path, others: list[int], text: str) -> None:
    note(tmp_path, others[0], tmp_path / "x").write_text(text)
    note(tmp_path, others[1], tmp_path / "good")
    assert [world.state.name for world in running(tmp_path)] == ["good"]


def test_a_file_that_is_no_note_hides_no_world(tmp_path: Path, others: list[int]) -> None:
    note(tmp_path, "notes", tmp_path / "x")
    note(tmp_path, others[0], tmp_path / "good")
    assert [world.state.name for world in running(tmp_path)] == ["good"]


def test_where_no_world_ever_ran_none_is_found(tmp_path: Path) -> None:
    assert running(tmp_path) == []
    assert choose(tmp_path, None) is None


class TestChoosing:
    def test_the_named_folder_goes_before_everything(self, tmp_path: Path, others: list[int]) -> None:
        note(tmp_path, others[0], tmp_path / DEFAULT)
        chosen = choose(tmp_path, tmp_path / "named" / ".." / "named")
        assert chosen is not None
        assert chosen.settings == tmp_path / "named" / SETTINGS

    def test_the_default_one_goes_before_newer_ones(self, tmp_path: Path, others: list[int]) -> None:
        note(tmp_path, others[0], tmp_path / DEFAULT, 10)
        note(tmp_path, others[1], tmp_path / "newer", 20)
        assert self.chosen(tmp_path) == tmp_path / DEFAULT

    def test_else_the_newest_that_runs(self, tmp_path: Path, others: list[int]) -> None:
        for process, name, started in zip(others, ("a", "b", "c"), (10, 30, 20), strict=True):
            note(tmp_path, process, tmp_path / name, started)
        assert self.chosen(tmp_path) == tmp_path / "b"

    def test_a_running_one_goes_before_the_default_at_rest(self, tmp_path: Path, others: list[int]) -> None:
        self.rest(tmp_path)
        note(tmp_path, others[0], tmp_path / "other")
        assert self.chosen(tmp_path) == tmp_path / "other"

    def test_where_none_runs_the_default_at_rest(self, tmp_path: Path) -> None:
        self.rest(tmp_path)
        note(tmp_path, gone(), tmp_path / "other")
        assert self.chosen(tmp_path) == tmp_path / DEFAULT

    def rest(self, worlds: Path) -> None:
        (worlds / DEFAULT).mkdir()
        (worlds / DEFAULT / SETTINGS).touch()

    def chosen(self, worlds: Path) -> Path:
        found = choose(worlds, None)
        assert found is not None
        return found.state


def test_worlds_live_in_the_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert home() == Path(__file__).resolve().parents[3] / "var"


def test_an_installed_package_keeps_them_where_it_is_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mailsvc.demo.worlds.__file__", str(tmp_path / "site-packages/mailsvc/demo/worlds.py"))
    assert home() == tmp_path / "var"
