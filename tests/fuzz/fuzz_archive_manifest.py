"""Fuzz target: any octets as the manifest of an archive are read or refused, and what is read can be written again.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS.
"""

from io import BytesIO

from migrator.archive.catalog import BadRows, Catalog
from migrator.archive.manifest import BadManifest, FileRow, MessageRow, lines, read, row_line

HEAD = (
    b'{"format":"lastpost archive","version":1,"part":2,"file":"a-2.zip","source":"imaps://hanako@old.example:993",'
    b'"made":"2026-04-01T09:00:01+09:00","parts":[{"file":"a.zip","octets":9,"manifest_sha256":"' + b"0a" * 32 + b'"},'
    b'{"file":"a-2.zip"}],"rows":[\n'
)
FOLDER = (
    '{"kind":"folder","folder":["受信","a:b"],"path":"mail/a_b","special_use":"\\\\Sent","subscribed":true}'.encode()
)
MESSAGE = (
    b'{"kind":"message","path":"mail/a_b/1.eml","size":3,"crc32":"0000000a","sha256":"' + b"0b" * 32 + b'",'
    b'"date":"2001-02-03T04:05:06+00:00","number":7,"folder":["\xe5\x8f\x97\xe4\xbf\xa1","a:b"],"uid":9,"flags":["\\\\Seen"]}'
)
PAGE = (
    b'{"kind":"page","path":"pages/7.html","size":0,"crc32":"00000000","sha256":"' + b"0c" * 32 + b'",'
    b'"date":"9999-12-31T23:59:59-14:00","number":7}'
)
FLAGS = b'{"kind":"flags","folder":["\xe5\x8f\x97\xe4\xbf\xa1","a:b"],"number":7,"flags":[]}'
END = b"\n]}\n"
SEEDS: list[bytes] = [
    HEAD + FOLDER + b",\n" + MESSAGE + b",\n" + PAGE + b",\n" + FLAGS + END,
    HEAD + FOLDER + END,
    HEAD + END,
    HEAD[:-1] + END,
    HEAD + MESSAGE + b",\n" + MESSAGE + END,
    HEAD.replace(b'"part":2', b'"part":1e2') + FOLDER + END,
    HEAD + b"[" * 900 + END,
    HEAD + FOLDER.replace(b'["', b'["\\ud800') + END,
]


def target(data: bytes) -> None:
    """Read `data` as a manifest, and what was read once more."""
    try:
        head, rows = read(BytesIO(data))
        told = list(rows)
    except BadManifest:
        return
    written = b"".join(lines(head, (row_line(row) for _, row in told)))
    again, rows = read(BytesIO(written))
    if (again, [row for _, row in rows]) != (head, [row for _, row in told]):
        raise AssertionError("a manifest that is written again says something else")
    catalog = Catalog()
    for line, row in told:
        if not data[line:].startswith(b"{") and data[line : line + 1].strip():
            raise AssertionError("a row does not stand where it is said to")
        try:
            catalog.take(head.part, row, line, 0)
        except BadRows:
            return
    messages = sum(isinstance(row, MessageRow) for _, row in told)
    if sum(len(shelf) for shelf in catalog.folders.values()) != messages:
        raise AssertionError("a message is in no folder")
    if any(row.entry.size < 0 for _, row in told if isinstance(row, MessageRow | FileRow)):
        raise AssertionError("a file has less than no octets")
