"""A file of an export, sent: whole, or from where a download broke off.

Its entity tag is its checksum, so a download goes on only with the very same octets. A file that is no longer as it
was measured is not sent; of one session so many downloads at once, and no more. What a client does not read ends its
connection (`mailsvc.web.patience`).
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from mailsvc.kit.telemetry import Log
from mailsvc.notices.export_files import path_of
from mailsvc.records.exports import ExportFile
from mailsvc.web.portal.opening import Seen
from mailsvc.web.portal.ranges import asked_for

_AT_ONCE = 8  # downloads of one link
_KINDS = {".zip": "application/zip", ".tar": "application/x-tar"}


class Fetching:
    """Sends files, and counts what is on its way."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._on_the_way: Counter[str] = Counter()

    def file(self, seen: Seen, request: Request) -> Response | Literal["changed", "gone"] | None:
        """The answer; "changed" or "gone" where the file is not as it was, None where there is none of that name."""
        number, name = request.path_params["number"], request.path_params["name"]
        found = next((one for one in seen.files if str(one.number) == number), None)
        if found is None or found.name != name:
            return None
        path = path_of(Path(seen.export.place), found.name)
        there = _stat(path)
        if there is None:
            return "gone"
        if there.st_size != found.size:
            return "changed"
        link = seen.link.token_sha256
        if self._on_the_way[link] >= _AT_ONCE:
            return PlainTextResponse("too many downloads at once\n", 429, {"retry-after": "10"})
        asked = {"link": seen.link.id, "file": found.name, "range": request.headers.get("range", "")[:100]}
        self._log.info("export-fetched", **asked)
        return _Counted(path, found, there, self._on_the_way, link)


class _Counted(FileResponse):
    """Counted while it is on its way."""

    def __init__(
        self, path: Path, file: ExportFile, there: os.stat_result, on_the_way: Counter[str], link: str
    ) -> None:
        headers = {"etag": f'"{file.sha256}"', "cache-control": "private, no-store, no-transform"}
        kind = _KINDS.get(path.suffix, "application/octet-stream")
        super().__init__(path, headers=headers, media_type=kind, filename=file.name, stat_result=there)
        self.size = there.st_size
        self._on_the_way = on_the_way
        self._link = link

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (ASGI)."""
        scope["headers"] = list(_with_sense(scope, self.size))
        self._on_the_way[self._link] += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_the_way[self._link] -= 1
            if not self._on_the_way[self._link]:
                del self._on_the_way[self._link]


def _with_sense(scope: Scope, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The headers of a request, of ranges only what a GET may ask for."""
    for name, value in scope["headers"]:
        if name != b"range":
            yield name, value
        elif scope["method"] == "GET" and (asked := asked_for(value.decode("latin-1"), size)) is not None:
            yield name, asked.encode()


def _stat(path: Path) -> os.stat_result | None:
    """What is there, if it is a file; never what a link leads to."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None
