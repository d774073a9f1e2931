"""Viruses on their way to and from the domains: who is answered what, what is kept, and who is told (KY-2, KY-3)."""

import json
import re
import smtplib
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.stories.demo_world import ROOT, DemoWorld, demo_world
from tests.support.deadline import wait_until

# In two halves, so that no scanner takes this file itself for a find.
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR" + "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
BODY = f"From: a@world.example\nSubject: your invoice\nMessage-ID: <1@world.example>\n\n{EICAR}\n"
HANAKO, FRIEND = "hanako@closing.example", "friend@elsewhere.example"


def reply(demo: DemoWorld, port: int, sender: str, recipient: str) -> str:
    """The reply to the end of the content."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
        smtp.ehlo("client.example")
        assert smtp.mail(sender)[0] == 250
        assert smtp.rcpt(recipient)[0] == 250
        code, words = smtp.data(BODY.replace("\n", "\r\n"))
        return f"{code} {words.decode()}"


def as_documented(demo: DemoWorld) -> list[str]:
    """What the program in docs/DEMO.md prints, by the ports of this world."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "DEMO.md").read_text(encoding="utf-8"), re.DOTALL)
    for told, port in ((2525, demo.world), (2526, demo.submission), (2527, demo.inbound)):
        program = program.replace(str(told), str(port))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=180)
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


def quarantined(demo: DemoWorld) -> list[dict[str, object]]:
    done = demo.lastpost("quarantine", "list", "--json")
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, object]] = json.loads(done.stdout)
    return rows


def everything(demo: DemoWorld) -> list[bytes]:
    """Every message that lies in any Maildir of the world, but those that were there from the beginning."""
    return [path.read_bytes() for path in (demo.state / "mail").glob("*/*/new/*") if "mitsuru" not in path.parts]


def test_a_virus_is_answered_kept_and_told_by_who_hands_it_in(tmp_path: Path) -> None:
    with demo_world(tmp_path / "demo", "--ends-in", "3600") as demo:
        assert reply(demo, demo.world, FRIEND, HANAKO).startswith("554 5.7.1 ")
        wait_until(lambda: demo.mail("closing.example", "hanako"), "hanako is told of the first at once")
        world, inbound, submission = as_documented(demo)
        assert world.startswith("(554, b'5.7.1 ")
        assert inbound.startswith("(250, b'2.6.0 ")
        assert submission.startswith("(554, b'5.7.1 ")

        rows = quarantined(demo)
        assert len(rows) == 4
        assert [row["accepted"] for row in rows] == [False, True, False, False]
        (letter,) = [message_from_bytes(one, policy=policy.default) for one in demo.mail("closing.example", "hanako")]
        assert letter["Return-Path"] == "<>"
        text = letter.get_content()
        assert "closing.example" in text
        assert "EICAR" not in text
        assert "invoice" not in text
        assert not any(EICAR.encode() in one for one in everything(demo)), "nothing was delivered"
        assert not demo.mail("elsewhere.example", "friend"), "nobody outside is told"

        demo.move("+25h")
        wait_until(lambda: len(demo.mail("closing.example", "hanako")) == 2, "the other three, together")


def test_a_look_alike_passes(tmp_path: Path) -> None:
    with demo_world(tmp_path / "demo", "--ends-in", "3600") as demo:
        demo.send(HANAKO, BODY.replace("EICAR-STANDARD", "EICAR-SUBSTANDARD"))
        assert b"SUBSTANDARD" in demo.arrives("closing.example", "hanako", b"SUBSTANDARD")
        assert quarantined(demo) == []


@pytest.mark.parametrize("word", [(), ("--despite-threat",)])
def test_what_is_released_is_delivered_once(tmp_path: Path, word: tuple[str, ...]) -> None:
    with demo_world(tmp_path / "demo", "--ends-in", "3600") as demo:
        reply(demo, demo.world, FRIEND, HANAKO)
        (row,) = quarantined(demo)
        first = demo.lastpost("quarantine", "release", str(row["id"]), "--reason", "a test file", *word)
        if not word:
            assert first.returncode != 0
            assert "EICAR" in first.stderr
            return
        assert first.returncode == 0, first.stderr
        again = demo.lastpost("quarantine", "release", str(row["id"]), "--reason", "a test file", *word)
        assert again.returncode == 0, again.stderr
        demo.arrives("closing.example", "hanako", EICAR.encode())
        demo.send(HANAKO, BODY.replace("your invoice", "an ordinary letter").replace(EICAR, "hello"))
        demo.arrives("closing.example", "hanako", b"an ordinary letter")
        assert sum(EICAR.encode() in one for one in demo.mail("closing.example", "hanako")) == 1
        # An administrator's word holds for the same octets when they come again.
        assert reply(demo, demo.world, FRIEND, HANAKO).startswith("250 ")
