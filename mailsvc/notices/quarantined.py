"""The letter that tells an address of ours of mail in quarantine: a Kind of notice.

It quotes neither body nor subject nor the threat's name, for all of these a stranger writes. Of the message it says
when it came, which way it went, and the sender it claims, in signs that no mail program makes a link of.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from mailsvc.letters.letter import Letter
from mailsvc.letters.templates import write
from mailsvc.records.cases import INFECTED, Case
from mailsvc.records.notices import Item
from schedules.names import Address

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9@._+=-]")
_LONGEST_SENDER: Final = 80


class Way(StrEnum):
    """Which way a message went, as the address that is told sees it."""

    RECEIVED = "received"
    SENT = "sent"


class Quarantined:
    """The kind `quarantined`; `collect` is asked each time, `host` is named as the writer, `zone` dates the letter."""

    name = "quarantined"

    def __init__(self, *, collect: Callable[[], timedelta], zone: ZoneInfo, host: str) -> None:
        self._collect = collect
        self._zone = zone
        self._host = host

    @property
    def collect(self) -> timedelta:
        """At most one letter goes to an address in this time."""
        return self._collect()

    def item(self, case: Case, way: Way, last_day: date) -> Item:
        """What is told of one message; `last_day` is the last day it is kept."""
        return {
            "id": case.id,
            "at": case.at.isoformat(),
            "way": str(way),
            "why": "infected" if case.why == INFECTED else "unread",
            "sender": claimed(case.mail_from),
            "last_day": last_day.isoformat(),
        }

    def letter(self, to: Address, items: Sequence[Item], count: int, key: str) -> Letter:
        """The letter about `count` messages, of which `items` are named."""
        facts = {
            "address": str(to),
            "domain": str(to.domain),
            "contact": f"postmaster@{to.domain}",  # always accepted (RFC 5321 4.5.1), also while a service ends
            "items": [{**item, "at": self._local(item["at"])} for item in items],
            "count": count,
            "more": count - len(items),
            "host": self._host,
        }
        return write("quarantined", facts, to=(to,), key=key)

    def _local(self, at: str) -> str:
        return datetime.fromisoformat(at).astimezone(self._zone).strftime("%Y-%m-%d %H:%M %Z")


def claimed(sender: str) -> str:
    """A claimed sender as it can be shown: bounded, plain signs, each dot in brackets; empty for the null sender.

    >>> claimed("taro.y@example.com")
    'taro[.]y@example[.]com'
    """
    short = sender if len(sender) <= _LONGEST_SENDER else sender[:_LONGEST_SENDER] + "~"
    return _UNSAFE.sub("?", short).replace(".", "[.]")
