"""Fuzz target: any octets as a plan are read, or refused with places and remedies; never a traceback.

Octets that begin with a NUL are a recipe: each two octets after it change one line of the example with every key
(doubled, cut, moved, its indentation or its value changed for that of another line), so that what is read is still
nearly a plan. A plan that is read prints and reads back to an equal one, has warnings without error, and answers.
"""

import time
from datetime import UTC, datetime

from schedules.edition import Edition
from schedules.names import Address
from schedules.planfile import example_plan, plan_warnings, print_plan, read_plan
from schedules.positions import BadFile, Position
from schedules.words import Capability

_SMALL = b"""plan: p
zone: Europe/Berlin
domains: [a.example, "*.a.example"]
title: {ja: x, en: y}
reason: {ja: x, en: y}
suspension: defer
notice_url: https://a.example/
stages: {announce: 2022-01-11, receive-end: {at: end of 2024-01, soft_for: 1 h}, forward-end: 2025-01-01T12:00+09:00}
brown_outs: [{from: 2023-01-01, until: 2023-01-02T10:00}]
"""
_BLOCKS = b"""\
switches: [{capabilities: send, off: 2023-01-01, on: 2023-02-01, scope: {area: x}, reason: {ja: x, en: y}}]
exceptions: [{scope: {group: g}, stages: {receive-end: 2024-03-01}, reason: {ja: x, en: y}}]
holds: [{until: 2024-05-01, legal_order: 1, reason: {ja: x, en: y}}]
notices: [{id: n, stage: announce, after: [1 d], text: {ja: x, en: y}}]
services: [{id: s, title: {ja: x, en: y}, waits: [{to_day: 3, text: {ja: x, en: y}}]}]
terms: {ends: {rule: month-end}, renewals: {courses: [c], months: 3}, invoices: {late_percent: 14.5}}
consolidation: {at: 2024-01-01, account: j}
"""
_NOW = datetime(2024, 2, 1, tzinfo=UTC)
_ADDRESS = Address.parse("x@sub.a.example")
_LINES = example_plan().splitlines()
_LONGEST = 20.0  # seconds of the processor; what is read takes milliseconds

SEEDS: list[bytes] = [
    b"",
    b"\xff",
    b"a: &a [*a]",
    b"stages: {announce: [x]}\nbrown_outs: {a: b}\n",
    b'a: "\\UFFFFFFFF"',
    b"? [a]\n: b",
    _SMALL,
    _SMALL + _BLOCKS,
    _BLOCKS,
    _SMALL.replace(b"Europe/Berlin", b"America/Santiago").replace(b"2022-01-11", b"2022-09-11"),
    _SMALL.replace(b"2024-01,", b"2024-13,"),
    _SMALL.replace(b"2025-01-01T12:00+09:00", b"2199-12-31T23:59-23:59"),
    _SMALL.replace(b"announce: 2022-01-11", b"announce: &a 2022-01-11, freeze: *a"),
    _SMALL.replace(b"receive-end", b'successor: {at: 2023-01-01, to: "smtp://[2001:db8::1]:25?tls=none"}, receive-end'),
    b"\0",
    *(bytes((0, line % 256, 8 * (line // 256) + change)) for line in range(0, len(_LINES), 40) for change in range(6)),
    bytes((0, 20, 1, 60, 3, 130, 4)),
]


def planned(data: bytes) -> bytes:
    """The example with the lines changed that a recipe says: pairs of a line and of what is done to it."""
    lines = list(_LINES)
    for at, octet in zip(data[::2], data[1::2], strict=False):
        line = (at + 256 * (octet // 8)) % len(lines)
        other = lines[(line * 7 + octet) % len(lines)]
        key, colon, value = lines[line].partition(":")
        match octet % 6:
            case 0:
                del lines[line]
            case 1:
                lines.insert(line, lines[line])
            case 2:
                lines[line] = "  " + lines[line]
            case 3:
                lines[line] = key + colon + other.partition(":")[2]
            case 4:
                lines[line] = other.partition(":")[0] + colon + value
            case _:
                lines[line] = lines[line].replace("2", "1", 1).replace("0", "9", 1)
        lines = lines or list(_LINES)
    return "\n".join(lines).encode()


def target(data: bytes) -> None:
    """Read `data` as a plan; every outcome but a clean BadFile or a sound plan is a finding."""
    text = planned(data[1:]) if data.startswith(b"\0") else data
    began = time.thread_time()
    _examined(text)
    if time.thread_time() - began > _LONGEST:
        raise AssertionError("a plan took too long")


def _examined(text: bytes) -> None:
    try:
        plan = read_plan(text, "fuzz.yaml")
    except BadFile as bad:
        if not bad.problems or not all(one.what and one.remedy and _inside(one.position, text) for one in bad.problems):
            raise AssertionError("a problem without words or place") from bad
        return
    if read_plan(print_plan(plan), "printed.yaml") != plan:
        raise AssertionError("the plan reads back to another")
    plan_warnings(plan, _NOW)
    edition = Edition(plan)
    profile = edition.profile(_ADDRESS, group="g", area="x")
    now: datetime | None = _NOW
    for _ in range(100):
        if now is None:
            break
        rulings = edition.at(profile, now)
        if set(rulings.of) != set(Capability):
            raise AssertionError("a capability without an answer")
        now = rulings.next_change


def _inside(place: Position, text: bytes) -> bool:
    """Whether a place is one of the file, or the file as a whole."""
    return place.file == "fuzz.yaml" and 0 <= place.line <= len(text) + 1 and 0 <= place.column <= len(text) + 1
