"""Where a scanner is: `clamd:/run/clamav/clamd.ctl`, `clamd://HOST:3310`, `yara:/etc/lastpost/rules.yar`.

`ScannerPlace` is the pydantic type; it reads the text into a `ClamdPlace` or a `YaraPlace` and prints it back.
What cannot be read raises `Wrong`, a ValueError with a remedy.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import PlainSerializer, PlainValidator, ValidationInfo

from mailsvc.kit.paths import under_folder
from schedules.names import BadName, DomainName
from schedules.positions import Wrong

_REMEDY = "write `clamd:/run/clamav/clamd.ctl`, `clamd://HOST:3310` or `yara:/PATH/RULES.yar`"
CLAMD_PORT = 3310


@dataclass(frozen=True, slots=True)
class ClamdPlace:
    """A clamd, by its unix socket or by host (IPv6 without brackets) and port."""

    socket: Path | None = None
    host: str = ""
    port: int = CLAMD_PORT

    def __str__(self) -> str:
        if self.socket is not None:
            return f"clamd:{self.socket}"
        return f"clamd://[{self.host}]:{self.port}" if ":" in self.host else f"clamd://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class YaraPlace:
    """A file of YARA rules, matched in this process; no virus scanner."""

    rules: Path

    def __str__(self) -> str:
        return f"yara:{self.rules}"


def parse_scanner(text: str, folder: Path | None = None) -> ClamdPlace | YaraPlace:
    """Read the place of a scanner; relative paths are taken below `folder`. Raises Wrong."""
    kind, _, rest = text.partition(":")
    if kind not in {"clamd", "yara"} or not rest.strip() or "\0" in rest or rest.startswith("~"):
        raise Wrong(f"{text!r} is no scanner", _REMEDY)
    if kind == "clamd" and rest.startswith("//"):
        return _by_tcp(text)
    path = folder / rest if folder else Path(rest)
    return ClamdPlace(path) if kind == "clamd" else YaraPlace(path)


def _by_tcp(text: str) -> ClamdPlace:
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port or CLAMD_PORT
        named = host if ":" in host else DomainName.parse(host).ascii
    except (ValueError, BadName):
        raise Wrong(f"{text!r} is no scanner", _REMEDY) from None
    if url.path or url.query or url.fragment or url.username is not None:
        raise Wrong(f"{text!r} is no scanner", _REMEDY)
    return ClamdPlace(None, named, port)


def _read(value: object, info: ValidationInfo) -> ClamdPlace | YaraPlace:
    if isinstance(value, ClamdPlace | YaraPlace):
        return value
    if not isinstance(value, str):
        raise Wrong(f"{value!r} is no scanner", _REMEDY)
    here = under_folder(Path(), info)
    return parse_scanner(value, here if here.is_absolute() else None)


ScannerPlace = Annotated[
    ClamdPlace | YaraPlace, PlainValidator(_read), PlainSerializer(str, return_type=str, when_used="always")
]
