"""What the demo world says: its greeting, its countdown, a sentence for each message, and nothing of the rest."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsvc.demo.people import PEOPLE
from mailsvc.demo.telling import Countdown, TellingLog, greet, teller
from mailsvc.demo.world import Ports, World
from mailsvc.demo.worlds import DEFAULT, home
from tests.rules.gateway.house import QuietLog

END = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def spoken(*before: float) -> list[str]:
    """What a countdown says when looked at so many seconds before the end."""
    said: list[str] = []
    countdown = Countdown(said.append)
    for seconds in before:
        countdown.look(END - seconds * SECOND, END)
    return [line.partition(" (")[0] for line in said]


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


class TestTeller:
    def test_a_line_is_a_line_whatever_a_stranger_wrote_into_it(self) -> None:
        stream = io.StringIO()
        say = teller(stream)
        say("taken from a\x1b[2J\r\n\x9bb\u202e@evil.example\ud800, 花子\u3000さん")
        assert stream.getvalue() == "taken from a\\x1b[2J\\r\\n\\x9bb\\u202e@evil.example\\ud800, 花子\u3000さん\n"

    def test_nobody_there_to_read_is_no_trouble(self) -> None:
        quiet = QuietLog()
        log = TellingLog(quiet, teller(Gone()))
        log.info("accepted", message=ID, sender="", size=1, kind="world")
        assert quiet.events() == ["accepted"]


class TestCountdown:
    def test_each_length_is_said_once(self) -> None:
        assert spoken(60, 59.5, 31, 30, 29.8, 11, 10, 5) == [
            "closing.example stops receiving in 1 min 0 s",
            "closing.example stops receiving in 30 s",
            "closing.example stops receiving in 10 s",
            "closing.example stops receiving in 5 s",
        ]

    def test_the_last_seconds_are_counted_one_by_one(self) -> None:
        assert [line.rpartition(" in ")[2] for line in spoken(5, 4, 3, 2, 1)] == ["5 s", "4 s", "3 s", "2 s", "1 s"]

    def test_the_end_is_told_once_and_with_its_time(self) -> None:
        said: list[str] = []
        countdown = Countdown(said.append)
        for seconds in (0, 1, 3600):
            countdown.look(END + seconds * SECOND, END)
        (line,) = said
        assert "closing.example has stopped receiving" in line
        assert "2026-11-22T12:00:00+09:00" in line, "the time of the plan's zone, as in replies and explanations"

    def test_a_look_just_before_a_length_does_not_say_it_twice(self) -> None:
        assert spoken(180.4, 179.9) == ["closing.example stops receiving in 3 min 0 s"]

    def test_an_end_that_was_postponed_is_counted_anew(self) -> None:
        said: list[str] = []
        countdown = Countdown(said.append)
        countdown.look(END + SECOND, END)
        countdown.look(END + SECOND, END + 61 * SECOND)
        assert [line.partition(" (")[0] for line in said] == [
            "closing.example has stopped receiving",
            "closing.example now receives until 2026-11-22T12:01:01+09:00",
            "closing.example stops receiving in 1 min 0 s",
        ]

    def test_where_no_end_stands_nothing_is_counted(self) -> None:
        said: list[str] = []
        Countdown(said.append).look(END, None)
        assert said == []

    def test_an_end_far_away_is_not_counted(self) -> None:
        assert spoken(86_400, 3601) == []
        assert spoken(3600) == ["closing.example stops receiving in 60 min 0 s"]

    def test_a_clock_that_goes_back_is_followed(self) -> None:
        assert [line.partition("receiving")[2] for line in spoken(-1, 10, 9)] == ["", " in 10 s"]

    @given(st.lists(st.integers(-10_000, 4_000_000).map(lambda milliseconds: milliseconds / 1000), max_size=30))
    def test_it_never_says_the_same_twice_in_a_row_and_never_a_wrong_length(self, moments: list[float]) -> None:
        moments.sort(reverse=True)
        said: list[str] = []
        countdown = Countdown(said.append)
        for seconds in moments:
            before = len(said)
            countdown.look(END - seconds * SECOND, END)
            for line in said[before:]:
                assert ("has stopped" in line) is (seconds <= 0)
        assert len(said) <= 16
        assert len({line for line in said if "stopped" in line}) == sum("stopped" in line for line in said)


def world() -> World:
    state = Path("/tmp/a world")
    return World(state, Ports.from_base(4000), state / "clock", {}, END)


def test_the_greeting_tells_the_doors_the_people_and_what_to_type() -> None:
    said: list[str] = []
    greet(world(), "Dovecot", said.append)
    told = "\n".join(said)
    for port in (4000, 4001, 4002):
        assert f"127.0.0.1:{port}" in told
    assert "http://127.0.0.1:4003/healthz" in told
    for person in PEOPLE:
        assert f"\n  {person.local} " in told
        assert person.shows in told
    for words in ("explain hanako@closing.example", "accounts list", "plan show"):
        assert f"./run --state '/tmp/a world' {words}" in told
    assert "echo +1d > '/tmp/a world/clock'" in told
    assert "/tmp/a world\n" in told
    assert "with --fresh it begins anew" in told


def test_the_usual_world_needs_no_state_and_fits_eighty_columns() -> None:
    said: list[str] = []
    usual = home() / DEFAULT
    greet(World(usual, Ports(), usual / "clock", {}, END), "Dovecot", said.append)
    assert "  ./run explain hanako@closing.example" in said
    assert [line for line in said if len(line) > 80 and str(usual) not in line] == []


ID = "01KAH"


class TestTellingLog:
    @pytest.fixture
    def said(self) -> list[str]:
        return []

    @pytest.fixture
    def quiet(self) -> QuietLog:
        return QuietLog()

    @pytest.fixture
    def log(self, quiet: QuietLog, said: list[str]) -> TellingLog:
        return TellingLog(quiet, said.append)

    def test_a_message_taken(self, log: TellingLog, said: list[str]) -> None:
        log.info("accepted", message=ID, sender="a@b.example", size=12, kind="world")
        log.info("accepted", message=ID, sender="", size=12, kind="inbound")
        assert said == [
            f"{ID}  from a@b.example, 12 octets, by world",
            f"{ID}  from <>, 12 octets, by inbound",
        ]

    def test_a_recipient_and_a_content_refused(self, log: TellingLog, said: list[str]) -> None:
        log.info("refused", message=ID, recipient="x@closing.example", code=550, because="unknown")
        log.info("refused", message=ID, code=550, because="bare newline")
        assert said == [
            f"{ID}  550 to x@closing.example: unknown",
            f"{ID}  550 to its content: bare newline",
        ]

    @pytest.mark.parametrize(
        ("event", "level", "words"),
        [
            ("deferred", "warning", "put off"),
            ("undeliverable", "warning", "cannot be delivered"),
        ],
    )
    def test_what_became_of_it(self, log: TellingLog, said: list[str], event: str, level: str, words: str) -> None:
        getattr(log, level)(event, message=ID, recipient="x@y.example", reply="2.0.0 as said")
        assert said == [f"{ID}  {words} to x@y.example: 2.0.0 as said"]

    def test_a_delivery_done_is_told_without_its_file(self, log: TellingLog, said: list[str]) -> None:
        log.info("delivered", message=ID, recipient="x@y.example", reply="2.0.0 in the mailbox as 1.M2.mx,S=3")
        assert said == [f"{ID}  delivered to x@y.example"]

    def test_trouble_is_told_without_its_traceback(self, log: TellingLog, said: list[str]) -> None:
        log.error("role-ended", role="outbox", exc_info=ValueError("deep inside"))
        assert said == ["trouble: role-ended role=outbox"]

    def test_the_rest_is_for_the_log_file_alone(self, log: TellingLog, quiet: QuietLog, said: list[str]) -> None:
        log.debug("delivered", message=ID, recipient="x", reply="y")
        log.info("serving", roles=[])
        log.warning("slow", seconds=1)
        assert said == []
        assert [(level, event) for level, event, _ in quiet.lines] == [
            ("debug", "delivered"),
            ("info", "serving"),
            ("warning", "slow"),
        ]

    def test_every_line_reaches_the_log_file_with_its_fields(self, log: TellingLog, quiet: QuietLog) -> None:
        log.info("accepted", message=ID, sender="a@b.example", size=12, kind="world")
        assert quiet.lines == [
            ("info", "accepted", {"message": ID, "sender": "a@b.example", "size": 12, "kind": "world"})
        ]

    def test_a_bound_log_tells_too(self, log: TellingLog, said: list[str]) -> None:
        log.bind(message=ID).info("accepted", message=ID, sender="", size=1, kind="world")
        assert len(said) == 1
