"""Plans for tests of what shows them: the examples, and one in which everything comes at once."""

from datetime import UTC, datetime
from pathlib import Path

from schedules.amendments import Act, Amendment
from schedules.edition import Edition
from schedules.planfile import read_plan

EXAMPLES = Path(__file__).parents[3] / "examples" / "plans"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DENSE = """\
plan: dense
zone: Asia/Tokyo
domains: [closing.example, "*.closing.example", a-very-long-name-of-a-domain.of-a-big-provider.example]
title:
  ja: とても長い名前のメールサービスおよび会員向けホームページサービスの全面的な終了について
  en: The end of <a service> & more
reason: {ja: 終了しました, en: it has ended}
notice_url: https://www.closing.example/notice
stages:
  announce: 2026-01-01
  freeze: {at: 2026-12-20, gates: [{kind: told, at_least: 95 %}], unanswered: proceed}
  send-end: 2027-01-31T18:00
  receive-end: {at: 2027-01-31T18:01, soft_for: 6 hours, gates: [{kind: mail, at_most: 50}]}
  read-only: 2027-01-31T18:02
  read-end: 2027-02-01
  export-end: 2027-02-02
  purge: 2027-02-03
  forward-end: 2027-02-03T00:01
  dns-end: 2027-02-09
brown_outs:
  - {from: 2027-01-10T10:00, until: 2027-01-10T10:01}
  - {from: 2027-01-10T10:02, until: 2027-01-10T10:03}
  - {from: 2027-01-10T10:04, until: 2027-01-11T10:05}
switches:
  - capabilities: [course_change:two-year, pay_online:two-year, change_settings]
    off: 2026-11-22
    on: 2026-12-01
    reason: {ja: 準備のため, en: to prepare}
exceptions:
  - scope: {area: ishikawa}
    stages: {receive-end: 2027-02-01, read-end: 2027-02-02}
    reason: {ja: 地震のため, en: after the earthquake}
holds:
  - {scope: {group: hospital}, until: 2027-05-01, reason: {ja: 病院のため, en: hospitals}}
  - scope: {address: hanako@closing.example}
    until: 2027-06-01
    stages: [purge]
    legal_order: "東京地方裁判所 令和6年(モ)第123号"
    reason: {ja: 裁判所の命令, en: by order of a court}
notices:
  - id: ahead
    stage: receive-end
    before: [180 days, 90 days, 60 days, 30 days, 14 days, 7 days, 3 days, 1 day]
    by: [mail, page]
    text: {ja: まもなく終了します, en: the end comes soon}
  - {id: own, at: [2026-11-22, 2026-11-23], to: world, by: [page], text: {ja: 告知です, en: a notice}}
services:
  - {id: hosting, title: {ja: ホスティング, en: hosting}, end: end of 2027-01, condition: {ja: 法人, en: companies}}
  - {id: backup, title: {ja: バックアップ, en: backup}, end: 2027-01-31T18:00}
"""


def example(name: str) -> Edition:
    """One of the plans in examples/plans, as a file."""
    file = EXAMPLES / f"{name}.yaml"
    return Edition(read_plan(file.read_bytes(), str(file)), 0)


def dense(*acts: Act) -> Edition:
    """The plan in which everything comes at once, in force, with amendments."""
    edition = Edition(read_plan(DENSE, "dense.yaml"), 1)
    for number, act in enumerate(acts, 1):
        edition = edition.amended(Amendment(number, NOW, "tester", "a <reason>", act))
    return edition
