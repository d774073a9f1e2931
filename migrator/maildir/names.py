"""Names on disk: a subscriber's folder from a local part, and a message's name in a Maildir.

Pure. `safe_user` never fails and never yields a name that leaves its folder; `unique_name` raises ValueError for a
delivery id that does not fit a file name.
"""

import hashlib
import re
import unicodedata
from datetime import datetime

from schedules.names import Address, DomainName

# What a file name may hold on every file system of Linux, in octets, less room for what others put behind it.
_LONGEST = 200
_NOWHERE = DomainName("invalid")
_DELIVERY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SIZE = re.compile(r",S=([0-9]{1,18})(?=[,:]|$)")


def safe_user(local: str) -> str:
    """The folder name of the mailbox `local` below its domain's folder, by the key of its local part.

    `/`, `%`, a leading dot and control characters are written `%XX`, so two mailboxes never share a folder.
    """
    key = Address(local, _NOWHERE).key
    if not key:
        return "%"
    name = "".join(_quoted(sign) if _unsafe(sign) else sign for sign in key)
    name = _quoted(".") + name[1:] if name.startswith(".") else name
    octets = name.encode()
    if len(octets) <= _LONGEST:
        return name
    short = octets[: _LONGEST - 66].decode("utf-8", "ignore")
    return f"{short}%%{hashlib.sha256(octets).hexdigest()}"


def _unsafe(sign: str) -> bool:
    return sign in "/%" or unicodedata.category(sign) in {"Cc", "Cs"}


def _quoted(sign: str) -> str:
    return "".join(f"%{octet:02X}" for octet in sign.encode("utf-8", "surrogatepass"))


def unique_name(delivery_id: str, at: datetime, host: str) -> str:
    """A message's name without its size: the same for every attempt at one delivery.

    `at` is when the message was taken, not when it is delivered; `host` is this host's name.
    """
    if not _DELIVERY_ID.fullmatch(delivery_id):
        raise ValueError(f"{delivery_id!r} is no delivery id for a file name")
    plain_host = re.sub(r"[^A-Za-z0-9.-]", "_", host) or "localhost"
    return f"{int(at.timestamp())}.M{at.microsecond:06d}{_mark(delivery_id)}{plain_host}"


def is_of_delivery(name: str, delivery_id: str) -> bool:
    """Whether the file `name` was written for this delivery, whatever flags a mail reader has added since."""
    return _mark(delivery_id) in name


def _mark(delivery_id: str) -> str:
    return f"Q{delivery_id}."


def size_in(name: str) -> int | None:
    """The size in octets that a file name tells by `S=` (Maildir++), or None."""
    found = _SIZE.search(name)
    return int(found.group(1)) if found else None
