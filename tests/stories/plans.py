"""Plans of stories, with ends in 2027: far enough that a clock file moves a house around them, never a real date."""

from datetime import datetime
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")
NOTICE = "https://www.closing.example/notice"


def tokyo(text: str) -> datetime:
    """A naive ISO time, meant in the plan's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


END = tokyo("2027-06-01T00:00")


def plan(stages: str, *, domains: str = "[closing.example]", more: str = "") -> str:
    """A plan of this name, `stages` being the inside of a flow mapping and `more` whole lines."""
    return f"""\
plan: closing
zone: Asia/Tokyo
domains: {domains}
title: {{ja: 終了, en: The end}}
reason: {{ja: サービスは終了しました, en: This service has ended}}
notice_url: {NOTICE}
stages: {{{stages}}}
{more}"""


SIMPLE = plan("announce: 2026-01-01, send-end: 2027-06-01, receive-end: 2027-06-01")
