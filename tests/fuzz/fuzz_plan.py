"""Fuzz target: any octets as a plan are read, or refused with places and remedies; never a traceback.

A plan that is read prints and reads back to an equal one, has warnings without error, and answers at every edge.
"""

from datetime import UTC, datetime

from schedules.edition import Edition
from schedules.names import Address
from schedules.planfile import example_plan, plan_warnings, print_plan, read_plan
from schedules.positions import BadFile
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
_NOW = datetime(2024, 2, 1, tzinfo=UTC)
_ADDRESS = Address.parse("x@sub.a.example")

SEEDS: list[bytes] = [
    b"",
    b"\xff",
    b"a: &a [*a]",
    b"stages: {announce: [x]}\nbrown_outs: {a: b}\n",
    b'a: "\\UFFFFFFFF"',
    b"? [a]\n: b",
    _SMALL,
    _SMALL.replace(b"Europe/Berlin", b"America/Santiago").replace(b"2022-01-11", b"2022-09-11"),
    _SMALL.replace(b"2024-01,", b"2024-13,"),
    _SMALL.replace(b"2025-01-01T12:00+09:00", b"2199-12-31T23:59-23:59"),
    _SMALL.replace(b"announce: 2022-01-11", b"announce: &a 2022-01-11, freeze: *a"),
    _SMALL.replace(b"receive-end", b'successor: {at: 2023-01-01, to: "smtp://[2001:db8::1]:25?tls=none"}, receive-end'),
    example_plan().encode(),
]


def target(data: bytes) -> None:
    """Read `data` as a plan; every outcome but a clean BadFile or a sound plan is a finding."""
    try:
        plan = read_plan(data, "fuzz.yaml")
    except BadFile as bad:
        if not bad.problems or not all(one.what and one.remedy and one.position.file for one in bad.problems):
            raise AssertionError("a problem without words") from bad
        return
    if read_plan(print_plan(plan), "printed.yaml") != plan:
        raise AssertionError("the plan reads back to another")
    plan_warnings(plan)
    edition = Edition(plan)
    profile = edition.profile(_ADDRESS)
    now: datetime | None = _NOW
    for _ in range(100):
        if now is None:
            break
        rulings = edition.at(profile, now)
        if set(rulings.of) != set(Capability):
            raise AssertionError("a capability without an answer")
        now = rulings.next_change
