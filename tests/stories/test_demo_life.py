"""The demo world lived in: mail arrives where it should, words find the world, it ends cleanly and goes on."""

import json
from pathlib import Path
from signal import Signals

import pytest

from tests.stories.demo_world import ENDS_IN, ROOT, DemoWorld, demo_world
from tests.support.deadline import wait_until
from tests.support.programs import Program

BODY = "From: friend@elsewhere.example\nSubject: hello\n\n.a line with a dot\ncaf\u00e9 {mark}\n"


def test_mail_arrives_untouched_behind_trace_lines(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world") as world:
        for recipient, domain, user in (
            ("hanako@closing.example", "closing.example", "hanako"),
            ("rokuro@closing.example", "closing.example", "rokuro"),
            ("jiro@closing.example", "newhome.example", "jiro"),
            ("saburo@closing.example", "newhome.example", "saburo"),
            ("postmaster@closing.example", "closing.example", "postmaster"),
        ):
            body = BODY.format(mark=f"mark of {user}")
            world.send(recipient, body)
            arrived = world.arrives(domain, user, f"mark of {user}".encode())
            assert arrived.endswith(body.replace("\n", "\r\n").encode())
            assert arrived.startswith(b"Return-Path: <friend@elsewhere.example>")
            assert b"\nReceived: from " in arrived
        world.send(
            "friend@elsewhere.example",
            "Subject: out\n\nmark out\n",
            port=world.submission,
            sender="hanako@closing.example",
        )
        world.arrives("elsewhere.example", "friend", b"mark out")


def test_words_find_the_world(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world", "--ends-in", str(ENDS_IN)) as world:
        listed = world.lastpost("accounts", "list", "--json")
        assert listed.returncode == 0, listed.stderr
        assert "hanako@closing.example" in {row["address"] for row in json.loads(listed.stdout)}
        explained = world.lastpost("explain", "jiro@closing.example", "--json")
        assert explained.returncode == 0, explained.stderr
        assert "251 2.1.5" in explained.stdout
        world.send("hanako@closing.example", "Subject: to be traced\n\nx\n")
        world.arrives("closing.example", "hanako", b"to be traced")


def test_it_ends_cleanly_and_goes_on_where_it_was(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with demo_world(state, "--ends-in", str(ENDS_IN)) as world:
        world.send("hanako@closing.example", "Subject: first\n\nkept\n")
        world.arrives("closing.example", "hanako", b"kept")
        end, base = world.told["end"], world.base
        world.program.send(Signals.SIGTERM)
        assert world.program.wait() == 0
    with demo_world(state, base=base) as world:
        assert world.told["end"] == end
        assert any(b"kept" in one for one in world.mail("closing.example", "hanako"))
        world.program.send(Signals.SIGINT)
        assert world.program.wait() == 0
    with demo_world(state, "--fresh", base=base) as world:
        assert world.told["end"] != end
        assert world.mail("closing.example", "hanako") == []


def test_the_end_comes_by_itself_and_administrators_are_told(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world", "--ends-in", "2") as world:
        wait_until(lambda: world.rcpt("hanako@closing.example").startswith("550 5.1.6"), "the end comes", within=20)
        wait_until(lambda: any("receive-end" in text for text in world.letters()), "the letter to the administrators")


@pytest.mark.parametrize("words", [("plan", "check", "examples/plans/closing.yaml"), ("settings", "example")])
def test_words_that_need_no_settings_work_without_a_world(tmp_path: Path, words: tuple[str, ...]) -> None:
    nowhere = DemoWorld(tmp_path / "nowhere", 1, Program([], tmp_path / "none.log"))
    assert (ROOT / "examples").is_dir()
    done = nowhere.lastpost(*words)
    assert done.returncode == 0, done.stderr
