"""A scripted IMAP server that keeps mailboxes: what is put into it can be listed, read, searched and flagged.

    peer = BoxPeer({"INBOX": Box([Mail(1, b"Subject: a\\r\\n\\r\\n")])}, can="UIDPLUS LITERAL+")
    peer.boxes["INBOX"].mails[0].lies.append(b"* 1 FETCH (UID 1 BODY[] NIL)")   # instead of the message, once

What the script of `ImapPeer` names is answered so and not done; `can` are its capabilities beside IMAP4rev1. What it
does not know it answers BAD. Arrivals are numbered by `Box.put`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tests.peers.imap import Command, ImapPeer, Reply, Script, literal

_MULTI = re.compile(rb'^ ?\((?P<flags>[^)]*)\) "(?P<date>[^"]*)" (?:UTF8 \(~)?\{\d+\+?\}\)?')
_NAME = re.compile(rb'"((?:[^"\\]|\\.)*)"')
DATE = b"17-Jul-1996 02:44:25 -0700"


@dataclass
class Mail:
    """A message; `lies` are said instead of it, one for each FETCH (b"" says nothing)."""

    uid: int
    octets: bytes
    flags: str = ""
    date: bytes = DATE
    size: int | None = None  # where it is announced otherwise than it is
    lies: list[bytes] = field(default_factory=list)


@dataclass
class Box:
    """A folder."""

    mails: list[Mail] = field(default_factory=list)
    uidvalidity: int = 7
    subscribed: bool = False
    keeps: str = "\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*"
    attributes: str = ""
    uidnext: int = 0

    def __post_init__(self) -> None:
        self.uidnext = max([self.uidnext, 1, *(mail.uid + 1 for mail in self.mails)])

    def put(self, octets: bytes, flags: str = "", date: bytes = DATE) -> int:
        self.mails.append(Mail(self.uidnext, octets, flags, date))
        self.uidnext += 1
        return self.uidnext - 1


class BoxPeer(ImapPeer):
    """`refuse` looks at each message that is put: what it gives is answered instead of taking it."""

    def __init__(
        self,
        boxes: Mapping[str, Box] | None = None,
        *,
        can: str = "UIDPLUS LITERAL+ MULTIAPPEND UNSELECT",
        script: Script | None = None,
        refuse: Callable[[bytes], bytes] = lambda _: b"",
        delimiter: str = "/",
        namespace: str = '(("" "/")) NIL NIL',
    ) -> None:
        super().__init__(script, greeting=b"* OK [CAPABILITY IMAP4rev1 " + can.encode() + b"] ready")
        self.boxes = dict(boxes or {"INBOX": Box()})
        self.can = can
        self.defaults = {key: reply for key, reply in self.defaults.items() if key == "LOGOUT"}
        self.refuse = refuse
        self.delimiter = delimiter
        self.namespace = namespace

    def answer(self, command: Command, session: dict[str, str]) -> Reply:
        scripted = self.reply(command.text)
        if scripted is not None:
            return scripted
        words = command.text.decode("utf-8").split(" ")
        name = "_" + "_".join(words[: 2 if words[0].upper() == "UID" else 1]).lower()
        act: Callable[[Command, dict[str, str]], Reply] | None = getattr(self, name, None)
        return act(command, session) if act is not None else Reply(tagged=b"BAD what?")

    def _named(self, command: Command) -> str:
        found = _NAME.search(command.text)
        assert found is not None, command
        return re.sub(r"\\(.)", r"\1", found[1].decode())

    def _capability(self, _: Command, __: dict[str, str]) -> Reply:
        return Reply([f"* CAPABILITY IMAP4rev1 {self.can}".encode()])

    def _login(self, _: Command, __: dict[str, str]) -> Reply:
        return Reply()

    _id = _enable = _noop = _login

    def _namespace(self, _: Command, __: dict[str, str]) -> Reply:
        return Reply([f"* NAMESPACE {self.namespace}".encode()])

    def _list(self, command: Command, _: dict[str, str]) -> Reply:
        extended = b"RETURN" in command.text
        lines: list[str] = []
        for name, box in self.boxes.items():
            sub = " \\Subscribed" if extended and box.subscribed else ""
            lines.append(f'* LIST ({(box.attributes + sub).strip()}) "{self.delimiter}" {_quoted(name)}')
            if b"STATUS" in command.text and "\\Noselect" not in box.attributes:
                lines.append(self._counts(name))
        return Reply([line.encode() for line in lines])

    def _lsub(self, _: Command, __: dict[str, str]) -> Reply:
        listed = [name for name, box in self.boxes.items() if box.subscribed]
        return Reply([f'* LSUB () "{self.delimiter}" {_quoted(name)}'.encode() for name in listed])

    def _counts(self, name: str) -> str:
        box = self.boxes[name]
        size = f" SIZE {sum(len(mail.octets) for mail in box.mails)}" if "STATUS=SIZE" in self.can else ""
        return (
            f"* STATUS {_quoted(name)} (MESSAGES {len(box.mails)} UIDNEXT {box.uidnext} "
            f"UIDVALIDITY {box.uidvalidity}{size})"
        )

    def _status(self, command: Command, _: dict[str, str]) -> Reply:
        name = self._named(command)
        return Reply([self._counts(name).encode()]) if name in self.boxes else Reply(tagged=b"NO [NONEXISTENT] none")

    def _examine(self, command: Command, session: dict[str, str]) -> Reply:
        name = self._named(command)
        session.pop("open", None)
        if name not in self.boxes:
            return Reply(tagged=b"NO [NONEXISTENT] none such")
        box, session["open"] = self.boxes[name], name
        said = [f"{len(box.mails)} EXISTS", f"OK [UIDVALIDITY {box.uidvalidity}] ok", f"OK [UIDNEXT {box.uidnext}] ok"]
        return Reply([f"* {line}".encode() for line in [*said, f"OK [PERMANENTFLAGS ({box.keeps})] ok"]])

    _select = _examine

    def _unselect(self, _: Command, session: dict[str, str]) -> Reply:
        session.pop("open", None)
        return Reply()

    def _open(self, session: dict[str, str]) -> Box:
        return self.boxes.get(session.get("open", ""), Box())

    def _uid_fetch(self, command: Command, session: dict[str, str]) -> Reply:
        if "open" not in session:
            return Reply(tagged=b"BAD nothing is selected")
        asked = command.text.split(b" ")[2].decode()
        whole = b"BODY.PEEK[]" in command.text
        box = self._open(session)
        return Reply([line for number, mail in self._among(box, asked) if (line := self._given(number, mail, whole))])

    def _given(self, number: int, mail: Mail, whole: bool) -> bytes:
        if whole and mail.lies:
            return mail.lies.pop(0)
        size = len(mail.octets) if mail.size is None else mail.size
        head = b"* %d FETCH (UID %d FLAGS (%s) RFC822.SIZE %d" % (number, mail.uid, mail.flags.encode(), size)
        return head + (b' INTERNALDATE "' + mail.date + b'" BODY[] ' + literal(mail.octets) if whole else b"") + b")"

    def _uid_search(self, command: Command, session: dict[str, str]) -> Reply:
        words = command.text.decode().split(" ")
        found = self._among(self._open(session), "1:*" if words[2] == "ALL" else words[3])
        return Reply([("* SEARCH" + "".join(f" {mail.uid}" for _, mail in found)).encode()])

    def _uid_store(self, command: Command, session: dict[str, str]) -> Reply:
        words = command.text.decode().split(" ")
        for _, mail in self._among(self._open(session), words[2]):
            mail.flags = " ".join(words[4:]).strip("()")
        return Reply()

    def _create(self, command: Command, _: dict[str, str]) -> Reply:
        name = self._named(command)
        if name in self.boxes:
            return Reply(tagged=b"NO [ALREADYEXISTS] there is one")
        use = re.search(rb"\(USE \(([^)]*)\)\)", command.text)
        self.boxes[name] = Box(uidvalidity=7 + len(self.boxes), attributes=use[1].decode() if use else "")
        return Reply()

    def _subscribe(self, command: Command, _: dict[str, str]) -> Reply:
        self.boxes[self._named(command)].subscribed = True
        return Reply()

    def _append(self, command: Command, _: dict[str, str]) -> Reply:
        box = self.boxes.get(self._named(command))
        if box is None:
            return Reply(tagged=b"NO [TRYCREATE] none such")
        if refused := next((said for octets in command.literals if (said := self.refuse(octets))), b""):
            return Reply(tagged=refused)
        rest, uids = _NAME.sub(b"", command.text, count=1).removeprefix(b"APPEND "), []
        for octets in command.literals:
            found = _MULTI.match(rest)
            assert found is not None, rest
            rest = rest[found.end() :]
            uids.append(box.put(octets, found["flags"].decode(), found["date"]))
        given = f"{uids[0]}:{uids[-1]}" if len(uids) > 1 else f"{uids[0]}"
        code = f"[APPENDUID {box.uidvalidity} {given}] " if "UIDPLUS" in self.can else ""
        return Reply(tagged=f"OK {code}taken".encode())

    @staticmethod
    def _among(box: Box, asked: str) -> Iterable[tuple[int, Mail]]:
        last = box.mails[-1].uid if box.mails else 0
        for number, mail in enumerate(list(box.mails), 1):
            for part in asked.split(","):
                first, _, end = (word.replace("*", str(last)) for word in part.partition(":"))
                if int(first) <= mail.uid <= int(end or first):
                    yield number, mail


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
