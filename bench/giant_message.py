"""One message of 100 MB: how much more memory the whole service needs while it takes and delivers it.

.venv/bin/python -m bench.giant_message
"""

import smtplib
import tempfile
import time
from pathlib import Path

from bench.results import Table
from bench.service import DOMAIN, service
from tests.support.deadline import wait_until

OCTETS = 100_000_000
GOAL = 20_000_000
LINE = b"x" * 998 + b"\r\n"


def _send(port: int, octets: int) -> float:
    begun = time.monotonic()
    with smtplib.SMTP("127.0.0.1", port, timeout=300) as smtp:
        smtp.ehlo("client.example")
        smtp.mail("friend@elsewhere.example")
        smtp.rcpt(f"user7@{DOMAIN}")
        assert smtp.docmd("DATA")[0] == 354
        smtp.send(b"Subject: giant\r\n\r\n")
        block = LINE * 1000
        for _ in range(octets // len(block)):
            smtp.send(block)
        code, words = smtp.docmd(".")
        assert code == 250, words
    return time.monotonic() - begun


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        mail = Path(folder) / "mail"
        with service(Path(folder), deliver=f"maildir:{mail}/{{domain}}/{{user}}") as lastpost:
            for _ in range(20):
                _send(lastpost.port, 1_000_000)  # every part has run once
            inbox = mail / DOMAIN / "user7" / "new"
            wait_until(lambda: len(list(inbox.glob("*"))) == 20, "the first messages", within=60)
            lastpost.forget_peak()
            before = lastpost.resident()
            seconds = _send(lastpost.port, OCTETS)
            taken = lastpost.peak() - before
            wait_until(lambda: len(list(inbox.glob("*"))) == 21, "the giant", within=120)
            delivered = lastpost.peak() - before
    table = Table("One message of 100 MB", ("measure", "value"))
    table.row("seconds until 250", f"{seconds:.1f}")
    table.row("more memory while taking it", f"{taken / 1e6:.1f} MB")
    table.row("more memory until it is in the Maildir", f"{delivered / 1e6:.1f} MB")
    table.note(f"Goal: at most {GOAL / 1e6:.0f} MB more ({'met' if delivered <= GOAL else 'missed'}).")
    table.write()


if __name__ == "__main__":
    main()
