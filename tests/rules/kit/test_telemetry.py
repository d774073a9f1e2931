"""Log lines have one form, carry the message's id, and show no secret."""

import asyncio
import io
import json
import logging
from datetime import UTC, datetime

import pytest

from mailsvc.kit.redaction import blank_urls
from mailsvc.kit.secrets import Secret
from mailsvc.kit.telemetry import Log, about, configure

NOON = datetime(2024, 2, 1, 12, 0, 0, 123456, tzinfo=UTC)


class World:
    def __init__(self, *, json_lines: bool = True, level: str = "info") -> None:
        self.stream = io.StringIO()
        self.log: Log = configure(self.stream, json=json_lines, level=level, now=lambda: NOON)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def only(self) -> dict[str, object]:
        assert len(self.lines) == 1, self.text
        return self.lines[0]


def test_a_line_is_one_json_object_with_time_level_and_fields() -> None:
    world = World()
    world.log.info("accepted", size=7, recipients=["a@b"])
    assert world.only == {
        "at": "2024-02-01T12:00:00.123+00:00",
        "level": "info",
        "event": "accepted",
        "size": 7,
        "recipients": ["a@b"],
    }


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_only_lines_of_enough_weight_are_written(level: str, shown: list[str]) -> None:
    world = World(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(world.log, name)("event")
    assert [line["level"] for line in world.lines] == shown


def test_bound_fields_stand_on_every_line_of_that_logger_only() -> None:
    world = World()
    bound = world.log.bind(role="outbox")
    bound.info("one")
    world.log.info("two")
    assert [line.get("role") for line in world.lines] == ["outbox", None]


def test_the_message_id_stands_on_every_line_inside() -> None:
    world = World()
    with about(message="01A"):
        world.log.info("in")
        logging.getLogger("library").warning("in too")
    world.log.info("out")
    assert [line.get("message") for line in world.lines] == ["01A", "01A", None]


async def test_tasks_do_not_share_the_message_id() -> None:
    world = World()

    async def session(name: str) -> None:
        with about(message=name):
            await asyncio.sleep(0)
            world.log.info(name)

    await asyncio.gather(*(session(name) for name in ("a", "b", "c")))
    assert all(line["message"] == line["event"] for line in world.lines)
    assert len(world.lines) == 3


@pytest.mark.parametrize("json_lines", [True, False])
def test_secrets_are_blank_by_type_by_name_and_in_urls(json_lines: bool) -> None:
    world = World(json_lines=json_lines)
    world.log.warning(
        "with postgresql://me:geheim@db/mail",
        key=Secret("geheim"),
        db_password="geheim",
        Authorization="Bearer geheim",
        api_key="geheim",
        cookies={"a": "geheim"},
        nested={"deep": [{"token": "geheim"}, Secret("geheim"), ("x", Secret("geheim"))]},
        url="smtp://u:geheim@mx:25",
        deepest=[[[[[[[[Secret("geheim")]]]]]]]],
    )
    assert "geheim" not in world.text
    assert "***" in world.text
    assert "me:***@db" in world.text


def test_what_is_no_secret_is_shown() -> None:
    world = World()
    world.log.info("x", sender="a@b.example", url="https://a.example/x", count=0, nothing=None, password=None, yes=True)
    assert world.only | {"sender": "a@b.example", "url": "https://a.example/x", "count": 0, "yes": True} == world.only
    assert world.only["password"] is None


def test_libraries_are_heard_in_the_same_form_without_secrets() -> None:
    world = World()
    logging.getLogger("some.library").warning("connect %s", "postgresql://me:geheim@db")
    assert world.only["event"] == "connect postgresql://me:***@db"
    assert world.only["logger"] == "some.library"
    assert world.only["level"] == "warning"


@pytest.mark.parametrize(
    "name", ["uvicorn.access", "uvicorn.error", "apscheduler.scheduler", "mail.log", "sqlalchemy.engine"]
)
def test_chatty_libraries_are_heard_from_warning_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(name), "propagate", True)  # a web server of another test silences one
    world = World(level="debug")
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in world.lines] == ["trouble"]


def test_configuring_again_replaces_what_was_set() -> None:
    first, second = World(), World()
    logging.getLogger("library").warning("once")
    assert first.text == ""
    assert second.only["event"] == "once"


def _connect(url: str) -> None:
    raise RuntimeError(f"no way to {url}")


def test_an_exception_is_told_with_its_traceback_and_without_secrets() -> None:
    world = World()
    with pytest.raises(RuntimeError) as raised:
        _connect("postgresql://me:geheim@db")
    world.log.error("broken", exc_info=raised.value)
    shown = str(world.only["exception"])
    assert "RuntimeError: no way to postgresql://me:***@db" in shown
    assert "geheim" not in world.text


def test_a_broken_log_call_of_a_library_breaks_nothing() -> None:
    world = World()
    logging.getLogger("library").warning("%d", "no number")
    assert "could not be formatted" in world.text


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_client_cannot_begin_a_line_or_colour_a_terminal(json_lines: bool) -> None:
    world = World(json_lines=json_lines)
    world.log.info("helo", name="x\r\n2024 [error] forged \x1b[31m\x00\u2028")
    assert len(world.text.rstrip("\n").splitlines()) == (1 if not json_lines else len(world.text.splitlines()))
    assert "\x1b" not in world.text
    assert "\r" not in world.text
    assert world.text.count("\n") == 1


def test_any_value_can_be_logged() -> None:
    world = World()
    world.log.info("x", lone="\udc80", raw=b"\xff", thing=object(), when=NOON, many={1, 2})
    assert world.only["raw"] == "b'\\xff'"
    assert world.only["many"] == [1, 2]


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, f"No space left on device for {text}")


def test_a_line_that_cannot_be_written_is_dropped() -> None:
    log = configure(Full(), json=True, level="info")
    log.info("accepted")
    logging.getLogger("library").warning("trouble")
    closed = io.StringIO()
    log = configure(closed, json=True, level="info")
    closed.close()
    log.info("accepted")
    assert closed.closed


def test_for_a_person_a_line_is_plain_where_there_is_no_terminal() -> None:
    world = World(json_lines=False)
    world.log.info("listening", port=2525)
    assert world.text == "2024-02-01T12:00:00.123+00:00 [info     ] listening port=2525\n"


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("a://u:p@h", "a://u:***@h"),
        ("a://:p@h and b://x:y@z", "a://:***@h and b://x:***@z"),
        ("http://h:80/path@x", "http://h:80/path@x"),
        ("no url: a:b@c", "no url: a:b@c"),
        ("a://u@h", "a://u@h"),
    ],
)
def test_passwords_in_urls(text: str, blank: str) -> None:
    assert blank_urls(text) == blank
