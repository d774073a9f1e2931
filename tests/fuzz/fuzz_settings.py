"""Fuzz target: any octets as a settings file are read, or refused with places and remedies; never a traceback.

What is read is printed in the words of the file and reads back to the same settings.
"""

import yaml

from mailsvc.kit.settings import advice, example_settings, parse_settings
from schedules.positions import BadFile

_SMALL = b"""service: {purpose: demo, hostname: demo}
records: {url: sqlite:///records.db, password: {env: A}}
domains: {a.example: {deliver: "maildir:{domain}/{user}"}, "*.b.example": {deliver: "smtp://[::1]:25?tls=none"}}
outbound: {deliver: smtp://h:25}
gateway: {listeners: [{listen: 127.0.0.1:0, submission: {networks: [127.0.0.0/8]}, everyone_else: no}]}
clock: {file: x}
"""
SEEDS: list[bytes] = [
    b"",
    _SMALL.replace(b"hostname: demo", b"hostname: demo, notice_url: 'https://[]/'"),
    b"a: &a [*a]",
    b"service:\n  hostname: \xff",
    _SMALL,
    _SMALL.replace(b"password: {env: A}", b""),
    _SMALL.replace(b"127.0.0.0/8", b"0.0.0.0/0"),
    b"quota: {limit: 1e999999999 MB, grace: 99999999999999999999 days}\n",
    example_settings().encode(),
]


def target(data: bytes) -> None:
    """Read `data` as settings; every outcome but a clean BadFile or true settings is a finding."""
    try:
        settings = parse_settings(data, "fuzz.yaml")
    except BadFile as bad:
        if not bad.problems or not all(one.what and one.remedy and one.position.file for one in bad.problems):
            raise AssertionError("a problem without words") from bad
        return
    advice(settings)
    shown = settings.redacted()
    again = parse_settings(yaml.safe_dump(_words(shown), allow_unicode=True), "again.yaml").redacted()
    if again != shown:
        raise AssertionError(f"{shown} reads back as {again}")


def _words(value: object) -> object:
    """Scalars of the file are text; what is left out stays out."""
    if isinstance(value, dict):
        return {key: _words(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_words(item) for item in value]
    return value if isinstance(value, bool) else str(value)
