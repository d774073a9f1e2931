"""The demo world lived in: mail arrives where it should, words find the world, it ends cleanly and goes on."""

import json
import subprocess
import sys
from pathlib import Path
from signal import Signals

import pytest

from tests.stories.demo_world import ENDS_IN, ROOT, DemoWorld, demo_world, five_ports
from tests.support.deadline import wait_until
from tests.support.programs import Program

BODY = "From: friend@elsewhere.example\nSubject: hello\n\n.a line with a dot\ncaf\u00e9 {mark}\n"


def test_mail_arrives_untouched_behind_trace_lines(tmp_path: Path) -> None:
    with demo_world(tmp_path / "world", "--ends-in", str(ENDS_IN)) as world:
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
            sender = b"<SRS0=" if domain == "newhome.example" else b"<friend@elsewhere.example>"
            assert arrived.startswith(b"Return-Path: " + sender)
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
        wait_until(lambda: world.rcpt("hanako@closing.example").startswith("550 5.1.6"), "the end comes")
        wait_until(lambda: any("receive-end" in text for text in world.letters()), "the letter to the administrators")


@pytest.mark.parametrize("words", [("plan", "check", "examples/plans/closing.yaml"), ("settings", "example")])
def test_words_that_need_no_settings_work_without_a_world(tmp_path: Path, words: tuple[str, ...]) -> None:
    nowhere = DemoWorld(tmp_path / "nowhere", 1, Program([], tmp_path / "none.log"))
    assert (ROOT / "examples").is_dir()
    done = nowhere.lastpost(*words)
    assert done.returncode == 0, done.stderr


def played(state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The demo played until it ends by itself, which it only does where it cannot be played."""
    command = [sys.executable, "-m", "mailsvc.demo", "--state", str(state), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)


def test_what_tells_of_people_is_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with demo_world(state, "--ends-in", str(ENDS_IN)):
        private = ("lastpost.log", "world.json", "lastpost.yaml", "records.db", "records.db-wal")
        assert {name: (state / name).stat().st_mode & 0o777 for name in private} == dict.fromkeys(private, 0o600)


def test_a_running_world_is_never_begun_anew_nor_played_twice(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with demo_world(state, "--ends-in", str(ENDS_IN)) as world:
        end = world.told["end"]
        for options in (("--fresh",), ()):
            done = played(state, *options, "--port-base", str(five_ports()))
            assert (done.returncode, done.stdout) == (1, "")
            assert "is being played already" in done.stderr
        assert world.told["end"] == end
        assert world.rcpt("hanako@closing.example").startswith("250")


def test_a_killed_world_goes_on(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with demo_world(state, "--ends-in", str(ENDS_IN)) as world:
        end, base = world.told["end"], world.base
        world.program.send(Signals.SIGKILL)
        world.program.wait()
    with demo_world(state, base=base) as world:
        assert world.told["end"] == end
        assert world.rcpt("hanako@closing.example").startswith("250")


def test_a_port_that_is_taken_is_named_and_the_world_can_be_played_elsewhere(tmp_path: Path) -> None:
    with demo_world(tmp_path / "one", "--ends-in", str(ENDS_IN)) as one:
        done = played(tmp_path / "two", "--port-base", str(one.base))
        assert done.returncode == 1
        assert "already in use" in done.stderr
        assert "[Errno" not in done.stderr
    with demo_world(tmp_path / "two", "--ends-in", str(ENDS_IN)) as two:
        assert two.rcpt("hanako@closing.example").startswith("250")


def test_folders_that_cannot_hold_a_world_are_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for state in (tmp_path / "file", Path("/proc/nowhere"), tmp_path):
        done = played(state, "--port-base", str(five_ports()))
        assert done.returncode == 1
        assert done.stderr.startswith("the demo world cannot be played: ")
        assert str(state) in done.stderr
        assert "[Errno" not in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_words_for_a_world_that_is_not_there_never_take_other_settings(tmp_path: Path) -> None:
    nowhere = DemoWorld(tmp_path / "nowhere", 1, Program([], tmp_path / "none.log"))
    done = nowhere.lastpost("accounts", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere/lastpost.yaml is not a settings file" in done.stderr
