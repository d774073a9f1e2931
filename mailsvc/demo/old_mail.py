"""What has lain on the demo world's old server for years, put into its Maildirs.

    put_old_mail(world.mail / "closing.example")    # once; what is there already stays

The letters stand in `old_mail.yaml`. They are written in the charsets of their time, some declared wrongly, as such
mail is. Raises OSError.
"""

import os
from collections.abc import Iterator, Mapping
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime, formataddr, getaddresses
from importlib import resources
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import yaml
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from mailsvc.demo.old_things import thing
from mailsvc.demo.people import DOMAIN
from mailsvc.demo.plan import ZONE
from migrator.mailbox import INBOX
from migrator.maildir.folders import directory_name

_CODECS = {"iso-2022-jp": "iso2022_jp", "shift_jis": "cp932", "utf-8": "utf-8"}


def _in_tokyo(text: object) -> object:
    return f"{text}:00+09:00" if isinstance(text, str) else text


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Letter:
    """A letter: whose it is, where it lies, what it says. `reply`: the id of what it answers."""

    owner: str
    folder: str
    date: Annotated[AwareDatetime, BeforeValidator(_in_tokyo)]
    id: str
    sender: Annotated[str, Field(alias="from")]
    charset: str
    subject: str
    text: str
    flags: str = ""
    to: str = ""
    reply: str = ""
    declares: str = ""
    list: str = ""
    html: str = ""
    inline: Mapping[str, str] = Field(default_factory=dict)
    attach: tuple[str, ...] = ()


def letters() -> list[Letter]:
    """All of them."""
    text = resources.files(__package__).joinpath("old_mail.yaml").read_text(encoding="utf-8")
    return TypeAdapter(list[Letter]).validate_python(yaml.load(text, yaml.BaseLoader))  # noqa: S506 - text alone


def put_old_mail(mailboxes: Path) -> None:
    """Put them all into the Maildirs below `mailboxes`, by local part."""
    for number, letter in enumerate(letters()):
        name = INBOX if letter.folder == "INBOX" else tuple(letter.folder.split("/"))
        box = mailboxes / letter.owner
        for depth in range(len(name) + 1):
            made = box if depth == 0 or name == INBOX else box / directory_name(name[:depth])
            for part in ("cur", "new", "tmp"):
                (made / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        seconds = int(letter.date.timestamp())
        unique = f"{seconds}.M{number:06d}P1.imap.{DOMAIN}"
        folder = box / directory_name(name)
        file = folder / "cur" / f"{unique}:2,{''.join(sorted(letter.flags))}"
        file.write_bytes(written(letter))
        file.chmod(0o600)
        os.utime(file, (seconds, seconds))


def written(letter: Letter) -> bytes:
    """The letter as mail, its lines ended by CRLF."""
    mail: MIMEBase = _part("plain", letter.text, letter)
    if letter.html:
        mail = _multi("alternative", mail, _page(letter))
    if letter.attach:
        mail = _multi("mixed", mail, *(_file(name) for name in letter.attach))
    head = "".join(f"{name}: {value}\n" for name, value in _head(letter))
    return (head.encode("ascii") + mail.as_bytes()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _head(letter: Letter) -> Iterator[tuple[str, str]]:
    yield "Return-Path", f"<{getaddresses([letter.sender])[0][1]}>"
    yield "From", _people(letter.sender, letter.charset)
    yield "To", _people(letter.to or f"{letter.owner}@{DOMAIN}", letter.charset)
    yield "Subject", _word(letter.subject, letter.charset)
    yield "Date", format_datetime(letter.date.astimezone(ZoneInfo(ZONE)))
    yield "Message-ID", f"<{letter.id}@{getaddresses([letter.sender])[0][1].rpartition('@')[2]}>"
    if letter.reply:
        first = next(one for one in letters() if one.id == letter.reply)
        yield "In-Reply-To", f"<{first.id}@{getaddresses([first.sender])[0][1].rpartition('@')[2]}>"
    if letter.list:
        yield "List-Id", f"<{letter.list}>"


def _people(text: str, charset: str) -> str:
    return ", ".join(
        formataddr((_word(name, charset), address)) if name.isascii() else f"{_word(name, charset)} <{address}>"
        for name, address in getaddresses([text])
    )


def _word(text: str, charset: str) -> str:
    return text if text.isascii() else Header(text, charset, maxlinelen=70).encode()


def _part(kind: str, text: str, letter: Letter) -> MIMENonMultipart:
    octets = text.encode(_CODECS[letter.charset])
    part = MIMENonMultipart("text", kind, charset=letter.declares or letter.charset)
    part["Content-Transfer-Encoding"] = "7bit" if octets.isascii() else "8bit"
    part.set_payload(octets.decode("ascii", "surrogateescape"))
    return part


def _page(letter: Letter) -> MIMEBase:
    page = _part("html", letter.html, letter)
    if not letter.inline:
        return page
    whole = _multi("related", page)
    for cid, name in letter.inline.items():
        picture = _file(name)
        picture.replace_header("Content-Disposition", "inline")
        picture["Content-ID"] = f"<{cid}>"
        whole.attach(picture)
    return whole


def _multi(kind: str, *parts: MIMEBase) -> MIMEMultipart:
    whole = MIMEMultipart(kind, boundary=f"=_{kind}_of_the_old_days")
    for part in parts:
        whole.attach(part)
    return whole


def _file(name: str) -> MIMEBase:
    made = thing(name)
    part = MIMENonMultipart(made.main, made.sub)
    part.set_payload(made.octets)
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    return part
