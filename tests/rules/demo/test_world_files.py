"""The files of a demo world: what world.json tells, what goes on, what is never taken away."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mailsvc.demo.people import DOMAIN, PEOPLE, accounts_csv, addresses
from mailsvc.demo.world import BeingPlayed, Ports, World, make_world, open_world, played_alone
from mailsvc.kit.settings import read_settings

END = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PORTS = Ports.from_base(4000)


def made(folder: Path, seed: int = 1, clock_file: Path | None = None) -> World:
    return make_world(folder / "world", PORTS, clock_file, Random(seed))


def told(world: World) -> dict[str, Any]:
    read = json.loads((world.state / "world.json").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def test_five_ports_follow_the_base_and_two_keep_their_own_without_one() -> None:
    assert Ports.from_base(4000) == Ports(4000, 4001, 4002, 4003, 4004)
    assert Ports.from_base(None) == Ports(2525, 2526, 2527, 8025, 1143)


def test_world_json_lists_ports_folders_and_urls(tmp_path: Path) -> None:
    world = made(tmp_path)
    tells = told(world)
    assert tells["ports"] == {"world": 4000, "submission": 4001, "inbound": 4002, "http": 4003, "imap": 4004}
    assert tells["urls"] == {"health": "http://127.0.0.1:4003/healthz", "metrics": "http://127.0.0.1:4003/metrics"}
    assert tells["state"] == str(tmp_path / "world")
    assert Path(tells["settings"]).is_file()
    assert Path(tells["mail"]).is_dir()
    assert tells["clock_file"] == str(tmp_path / "world" / "clock")


def test_world_json_lists_users_with_their_passwords(tmp_path: Path) -> None:
    tells = told(made(tmp_path))
    assert [user["address"] for user in tells["users"]] == [person.address for person in PEOPLE]
    assert tells["passwords"] == {user["address"]: user["password"] for user in tells["users"]}
    passwords = list(tells["passwords"].values())
    assert len(set(passwords)) == len(PEOPLE)
    assert all(len(password) == 24 for password in passwords)
    assert passwords != list(told(made(tmp_path / "other", seed=2))["passwords"].values())


def test_the_end_is_told_once_it_is_fixed(tmp_path: Path) -> None:
    world = made(tmp_path)
    assert told(world)["end"] is None
    ending = world.ending(END)
    assert ending.end == END
    assert datetime.fromisoformat(told(ending)["end"]) == END


def test_the_settings_are_good_and_nothing_leaves_the_folder(tmp_path: Path) -> None:
    world = made(tmp_path)
    settings = read_settings(world.settings, {})
    listens = [(listener.listen.host, listener.listen.port) for listener in settings.gateway.listeners]
    assert listens == [("127.0.0.1", 4000), ("127.0.0.1", 4001), ("127.0.0.1", 4002)]
    assert (settings.http.listen.host, settings.http.listen.port) == ("127.0.0.1", 4003)
    assert settings.outbound is not None
    assert str(settings.outbound.deliver) == f"maildir:{world.mail}/{{domain}}/{{user}}"
    assert settings.clock.file == world.clock_file
    assert settings.records.url == f"sqlite:///{world.state}/records.db"


@pytest.mark.parametrize("name", ["clock: file", 'a "quoted" name', "# hash", "時計", "{braces}"])
def test_a_clock_file_of_any_name_is_found_by_the_settings(tmp_path: Path, name: str) -> None:
    world = made(tmp_path, clock_file=tmp_path / name)
    assert read_settings(world.settings, {}).clock.file == tmp_path / name


def test_a_world_goes_on_where_it_was(tmp_path: Path) -> None:
    world = made(tmp_path).ending(END)
    assert open_world(world.state, None, None) == world


def test_a_world_goes_on_behind_other_ports_and_by_another_clock(tmp_path: Path) -> None:
    world = made(tmp_path).ending(END)
    moved = open_world(world.state, Ports.from_base(5000), tmp_path / "another")
    assert moved is not None
    assert (moved.ports.http, moved.clock_file, moved.end) == (5003, tmp_path / "another", END)
    assert moved.passwords == world.passwords
    assert told(moved)["ports"]["world"] == 5000
    assert read_settings(moved.settings, {}).clock.file == tmp_path / "another"
    assert open_world(world.state, None, None) == moved


def test_where_there_is_no_world_none_is_opened(tmp_path: Path) -> None:
    assert open_world(tmp_path, None, None) is None
    assert list(tmp_path.iterdir()) == []


def test_a_new_world_takes_the_old_one_away(tmp_path: Path) -> None:
    old = made(tmp_path)
    letter = old.mail / DOMAIN / "hanako" / "new" / "1.letter"
    letter.parent.mkdir(parents=True)
    letter.touch()
    made(tmp_path)
    assert not letter.exists()


def test_a_folder_of_something_else_is_never_taken_away(tmp_path: Path) -> None:
    thesis = tmp_path / "world" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    with pytest.raises(FileExistsError, match="holds something else than a demo world: name another folder"):
        made(tmp_path)
    assert thesis.read_text() == "years of work"


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()
    assert told(made(tmp_path))["ports"]["world"] == 4000


def test_everybody_of_the_table_has_an_account() -> None:
    assert {person.address for person in PEOPLE} <= set(addresses())
    assert all(person.shows for person in PEOPLE)
    assert accounts_csv().startswith(b"address,")


def test_a_world_whose_making_was_interrupted_is_made_anew(tmp_path: Path) -> None:
    world = made(tmp_path)
    assert open_world(world.state, None, None) is None
    assert told(made(tmp_path, seed=2))["passwords"] != world.passwords


def test_a_world_is_played_once_at_a_time(tmp_path: Path) -> None:
    state = tmp_path / "new" / "world"
    with played_alone(state):
        made(tmp_path / "new")
        made(tmp_path / "new")
        with pytest.raises(BeingPlayed, match="being played already: end that first"), played_alone(state):
            pass
    with played_alone(state):
        assert (state / "world.json").exists()
