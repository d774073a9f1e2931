"""SPF against the public test suite for RFC 7208 (tests/data/spf, by its authors under the licence beside it)."""

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from filters.auth.spf import check_host
from filters.auth.spf_macros import Asking
from tests.support.names import AWAY, NameTable

SUITE = Path(__file__).parents[3] / "data" / "spf" / "rfc7208-tests.yml"


def scenarios() -> Iterator[object]:
    with SUITE.open(encoding="utf-8") as file:
        for scenario in yaml.safe_load_all(file):
            table = zone(scenario["zonedata"])
            for name, case in scenario["tests"].items():
                yield pytest.param(table, case, id=f"{scenario['description']}/{name}".replace(" ", "-"))


def zone(data: Mapping[str, list[object]]) -> Mapping[str, object]:
    return {name: entry(records) for name, records in data.items()}


def entry(records: list[object]) -> Mapping[str, object] | None:
    found: dict[str, list[object]] = {}
    for record in records:
        if isinstance(record, Mapping):
            for kind, value in record.items():
                found.setdefault(kind, []).append(value)
    texts = found["TXT"] if "TXT" in found else found.get("SPF", [])  # as the suite says: SPF stands for TXT too
    made: dict[str, object] = {**found, "TXT": [joined(text) for text in texts if text != "NONE"]}
    if "TIMEOUT" in records:  # whatever is not told does not answer
        return {kind: made.get(kind) or AWAY for kind in ("A", "AAAA", "MX", "TXT", "PTR")} if found else None
    return {kind: AWAY if value == ["TIMEOUT"] else value for kind, value in made.items()}


def joined(text: object) -> bytes:
    return "".join(text if isinstance(text, list) else [str(text)]).encode()


@pytest.mark.parametrize(("table", "case"), list(scenarios()))
async def test_the_suite_says(table: Mapping[str, None], case: Mapping[str, str | list[str]]) -> None:
    helo, wanted = str(case["helo"]), case["result"]
    sender = str(case["mailfrom"]) or helo
    domain = sender.rpartition("@")[2]
    asking = Asking(ipaddress.ip_address(str(case["host"])), sender, helo)
    result = await check_host(NameTable(table), domain, asking)
    assert str(result) in (wanted if isinstance(wanted, list) else [wanted]), case.get("description")
