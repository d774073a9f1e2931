"""Deliveries into one mailbox, and what lies in it."""

from datetime import UTC, datetime
from pathlib import Path

from migrator.maildir.delivery import Landed, MaildirBox

AT = datetime(2024, 1, 31, 15, tzinfo=UTC)


NAME = "1706713200.M000000Q7.mx"


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for name in ("tmp", "new", "cur")
        for path in sorted((root / name).glob("*"))
    }


def deliver(box: MaildirBox, *chunks: bytes, delivery_id: str = "7", repeated: bool = False) -> Landed:
    return box.deliver(chunks or (b"hello\r\n",), delivery_id=delivery_id, at=AT, repeated=repeated)
