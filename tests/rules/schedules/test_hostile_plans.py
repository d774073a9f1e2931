"""Plan files that were written to do harm: links that run code, files that take hours to read."""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import process_time

import pytest

from schedules.planfile import read_plan
from schedules.positions import BadFile
from tests.rules.schedules.plans import plan, text

STAGES = {"announce": "2022-01-11", "receive-end": "2024-02-01", "purge": "2024-12-01"}
NAMED = "title: {ja: 窓口, en: desk}"


@pytest.mark.parametrize(
    "section", [f"desks: [{{id: a, purpose: closure, {NAMED}, url: %s}}]", f"offers: [{{{NAMED}, url: %s}}]"]
)
@pytest.mark.parametrize(
    "url",
    [
        "'javascript:alert(1)//https://www.example/'",
        "'data:text/html,https://www.example/'",
        "'https://www.example/ onclick=x'",
        r'"https://www.example/\nX: y"',
        "'ftp://www.example/'",
    ],
)
def test_a_link_is_a_web_page_from_its_first_sign_to_its_last(section: str, url: str) -> None:
    with pytest.raises(BadFile, match="url"):
        read_plan(text(STAGES, more=section % url), "small.yaml")
    assert plan(STAGES, more=section % "'https://www.example/a?b=c#d'").name == "small"


def _exceptions(number: int) -> str:
    dated = "stages: {receive-end: 2024-02-02}, reason: {ja: 延長, en: more time}"
    return "exceptions:" + "".join(
        f"\n  - {{scope: {{address: u{n}@closing.example}}, {dated}}}" for n in range(number)
    )


def _holds(number: int) -> str:
    until = "until: 2025-01-01, reason: {ja: 延長, en: more time}"
    return "holds:" + "".join(f"\n  - {{scope: {{address: u{n}@closing.example}}, {until}}}" for n in range(number))


def _switches(number: int) -> str:
    off = "capabilities: send, off: 2024-01-01, reason: {ja: 停止, en: off}"
    return "switches:" + "".join(f"\n  - {{scope: {{address: u{n}@closing.example}}, {off}}}" for n in range(number))


def _brown_outs(number: int) -> str:
    first, step = datetime.fromisoformat("2022-03-01T00:00:00"), timedelta(minutes=2)
    told = ((first + n * step, first + n * step + step / 2) for n in range(number))
    return "brown_outs:" + "".join(
        f"\n  - {{from: {a:%Y-%m-%dT%H:%M:%S}, until: {b:%Y-%m-%dT%H:%M:%S}}}" for a, b in told
    )


@pytest.mark.parametrize("section", [_exceptions, _holds, _switches, _brown_outs])
def test_ten_times_as_many_lines_take_about_ten_times_as_long(section: Callable[[int], str]) -> None:
    def takes(number: int) -> float:
        begun = process_time()
        plan(STAGES, more=section(number))
        return process_time() - begun

    takes(10)
    few, many = takes(300), takes(3000)
    assert many < max(35 * few, 5.0)


@pytest.mark.parametrize("number", ["1201", "120000", "9" * 30])
@pytest.mark.parametrize(
    "rule",
    [
        "ends: [{rule: chosen-month, months_ahead: %s}]",
        "ends: [{rule: receipt-day, days_after: %s}]",
        f"deadlines: [{{id: a, {NAMED}, days: %s, loses: {{ja: 番号, en: it}}}}]",
        "certificate: {months_kept: %s}",
        "invoices: {fee_after: %s}",
        f"costs: [{{id: a, {NAMED}, yen: 1, instalments: %s}}]",
    ],
)
def test_rules_of_contracts_count_days_and_months_that_lead_to_a_date(rule: str, number: str) -> None:
    with pytest.raises(BadFile, match="1200"):
        read_plan(text(STAGES, more=f"terms:\n  {rule % number}"), "small.yaml")
    assert plan(STAGES, more=f"terms:\n  {rule % 1200}").name == "small"
