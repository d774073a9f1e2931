"""Who waits for jobs is told when no service answers any more, and when one does again."""

import socket
from dataclasses import replace

import pytest

from mailsvc.cli.served import EVERY, Served
from mailsvc.desk.desk import Desk
from mailsvc.kit.endpoints import Endpoint
from mailsvc.kit.net import listen
from tests.rules.cli.conftest import Line
from tests.rules.cli.test_jobs import desk_of

AWAY = "no service answers at {}: start `lastpost serve`, which carries jobs out\n"


def with_http(desk: Desk, place: Endpoint) -> Desk:
    http = desk.settings.http.model_copy(update={"listen": place})
    return replace(desk, settings=desk.settings.model_copy(update={"http": http}))


def test_a_service_that_goes_and_comes_again_is_told_once_each(made: Line, capsys: pytest.CaptureFixture[str]) -> None:
    with (made.folder / "lastpost.yaml").open("a", encoding="utf-8") as settings:
        settings.write("jobs: {folder: jobs}\n")
    first: socket.socket = listen("127.0.0.1", 0)
    place = Endpoint("127.0.0.1", first.getsockname()[1])
    desk, now = with_http(desk_of(made), place), 0.0
    served, told = Served(desk, monotonic=lambda: now), list[str]()

    def looked(seconds: float) -> str:
        nonlocal now
        now += seconds
        served.look()
        return capsys.readouterr().err

    with desk.records:
        told.append(looked(0))
        first.close()
        told += [looked(EVERY / 2), looked(EVERY / 2), looked(EVERY)]
        with listen("127.0.0.1", place.port):
            told += [looked(EVERY), looked(EVERY)]
    assert told == ["", "", AWAY.format(place), "", "a service answers again\n", ""]


def test_who_asks_for_a_batch_while_nobody_works_is_told(made: Line) -> None:
    with (made.folder / "lastpost.yaml").open("a", encoding="utf-8") as settings:
        settings.write("jobs: {folder: jobs}\n")
    rows = made.folder / "friday.csv"
    rows.write_text(f"source,target\nmaildir:{made.folder}/old,maildir:{made.folder}/new\n", encoding="utf-8")
    why = AWAY.format("127.0.0.1:0")
    assert why not in made("migrate", "batch", str(rows), "--dry-run").err
    assert made("migrate", "batch", str(rows)).err.endswith(why)
    assert made("jobs", "list").err == f"1 job: 1 waiting\n{why}"
    made("jobs", "cancel", "--all")
    assert made("jobs", "list").err == "1 job: 1 cancelled\n"
