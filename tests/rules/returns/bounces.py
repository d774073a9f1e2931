"""Mail that was forwarded for hanako, and bounces of it as the target's servers write them."""

from mailsvc.outbox.forwarding import delivered_to

JIRO, HANAKO, HOME = "jiro@world.example", "hanako@closing.example", "hanako.new@home.example"
ORIGINAL = (
    b"From: Jiro <jiro@world.example>\r\nTo: hanako@closing.example\r\nSubject: lunch\r\n"
    b"Message-ID: <1@world.example>\r\nDate: Sun, 22 Nov 2026 11:00:00 +0900\r\n"
)


def header(name: str, mailbox: str = HANAKO) -> bytes:
    """The header of a message as the target's server has got it."""
    trace = f"Received: from a.example ([192.0.2.1])\r\n\tby mx.closing.example with ESMTP\r\n\tid {name};\r\n"
    seen = f"Received: from mx.closing.example by mx.home.example for <{HOME}>;\r\n\tSun, 22 Nov 2026\r\n"
    return seen.encode() + delivered_to(mailbox) + trace.encode() + b"\tSun, 22 Nov 2026 12:00:00 +0900\r\n" + ORIGINAL


def report(returned: bytes, *groups: bytes, newline: bytes = b"\r\n") -> bytes:
    """A bounce by RFC 3464, as Postfix writes it."""
    octets = b"\r\n".join(
        [
            b"From: MAILER-DAEMON@home.example", b"Subject: Undelivered Mail Returned to Sender",
            b"Auto-Submitted: auto-replied", b"MIME-Version: 1.0",
            b'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="B/mx.home.example"',
            b"", b"--B/mx.home.example", b"Content-Description: Notification", b"Content-Type: text/plain", b"",
            f"<{HOME}>: host 127.0.0.1 said: 550 5.1.1 no {HOME} here".encode(), b"",
            b"--B/mx.home.example", b"Content-Description: Delivery report", b"Content-Type: message/delivery-status",
            b"", b"Reporting-MTA: dns; mx.home.example", b"Arrival-Date: Sun, 22 Nov 2026 12:00:00 +0900", b"",
            b"\r\n\r\n".join(groups), b"",
            b"--B/mx.home.example", b"Content-Type: text/rfc822-headers", b"", returned, b"--B/mx.home.example--", b"",
        ]
    )  # fmt: skip
    return octets.replace(b"\r\n", newline)


def group(action: str = "failed", status: str = "5.1.1", recipient: str = HOME) -> bytes:
    return (
        f"Final-Recipient: rfc822; {recipient}\r\nOriginal-Recipient: rfc822;{HANAKO}\r\nAction: {action}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; 550 {status} {HOME} is not known"
    ).encode()
