"""The demo world's plan: closing.example stops sending and receiving in minutes, and forwards for a day longer."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailsvc.demo.people import DOMAIN

ZONE = "Asia/Tokyo"

_PLAN = """\
plan: closing
zone: {zone}
domains: [{domain}]
title: {{ja: 閉店サービスのメール終了, en: The mail of Closing ends}}
reason: {{ja: サービスは終了しました, en: This mail service has ended}}
notice_url: https://www.closing.example/notice
suspension: keep
stages:
  announce: {announce}
  freeze: {freeze}
  send-end: {end}
  receive-end: {end}
  read-only: {end}
  forward-end: {forward_end}
  homepage-upload-end: {forward_end}
  export-end: {export_end}
  read-end: {export_end}
  homepage-end: {export_end}
  dns-end: {dns_end}
  purge: {purge}
"""


def plan_text(end: datetime) -> str:
    """The plan as YAML, with `end` (aware, whole seconds) as the instant of send-end and receive-end."""

    def after(days: int) -> str:
        return (end + timedelta(days=days)).astimezone(ZoneInfo(ZONE)).isoformat()

    return _PLAN.format(
        zone=ZONE,
        domain=DOMAIN,
        announce=after(-730),
        freeze=after(-30),
        end=after(0),
        forward_end=after(1),
        export_end=after(30),
        dns_end=after(60),
        purge=after(90),
    )
