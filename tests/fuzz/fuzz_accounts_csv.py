"""Fuzz target: any bytes as an accounts file end in rows, in rejected rows, or in BadFile; never in anything else.

Use: `target(data)` with bytes from a fuzzer, starting from SEEDS.
Fails: by the exception that ought not to be, or where an accepted row is not read back as it was written.
"""

import io

from mailsvc.desk.accounts_csv import BadRow, read_entry, write_row
from mailsvc.desk.accounts_reader import AccountsReader
from schedules.positions import BadFile

SEEDS: tuple[bytes, ...] = (
    b"address\na@x.example\n",
    b"\xef\xbb\xbfaddress,quota\r\na@x.example,100 MB\r\n",
    b'address,group\n"a b"@x.example,"one\ntwo"\n',
    b'address,group\n"""a b""@x.example",coop\n',
    b"address,alias_of\n*@x.example,a@x.example\n",
    b"address,state,moved_to,disclose\na@x.example,left,b@y.example,yes\n",
    b"address,forward_to,forward_confirmed,forward_keep\na@x.example,b@y.example,yes,no\n",
    b"address,contract,start,expiry\na@x.example,C-1,2009-04-01,2027-03-31\n",
    b"address,services\na@x.example,hikari PR-500KI\n",
    b"address,services,contract\na@x.example,  sms\tmail ,C-1\n",
    b"address,area\na@x.example,caf\xe9\n",
    b"address;area\na@x.example;noto\n",
    b"address\n\x00@x.example\n",
    "address\nａ＠x.example\n".encode(),
    b'address\n"a@x.example\n',
    "address\na@x.example\n".encode("utf-16"),
)


def target(data: bytes) -> None:
    """Read `data` as an accounts file."""
    reader = AccountsReader(io.BytesIO(data), "fuzz.csv")
    try:
        for row in reader:
            try:
                entry = read_entry(row.by(reader.columns))
            except BadRow as bad:
                _told(all(cell.column and cell.reason for cell in bad.cells) and len(bad.cells) > 0)
            else:
                assert read_entry(write_row(entry)) == entry
    except BadFile as bad:
        _told(all(problem.what and problem.remedy for problem in bad.problems) and len(bad.problems) > 0)


def _told(everything: bool) -> None:
    assert everything, "a refusal without a place, a cause or a remedy"
