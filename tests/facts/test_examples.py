"""Every example plan with its accounts does what a newcomer tries: check, show, rehearse, page, import, apply."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mailsvc.cli.main import run
from schedules.edition import Edition
from schedules.planfile import print_plan, read_plan
from schedules.words import Stage
from tests.facts.examples import ACCOUNTS, PLANS, example
from tests.rules.cli.conftest import Line
from tests.rules.desk.noticed import Read

NAMES = sorted(file.stem for file in PLANS.glob("*.yaml"))
WITH_ACCOUNTS = [name for name in NAMES if (ACCOUNTS / f"{name}.csv").exists()]
SETTINGS = """\
service: {{purpose: test, hostname: mx.gateway.example, administrators: [admin@surviving.example]}}
records: {{url: "sqlite:///records.db"}}
domains:
{domains}
outbound: {{deliver: "maildir:mail/{{domain}}/{{user}}"}}
gateway: {{listeners: [{{listen: "127.0.0.1:0"}}]}}
http: {{listen: "127.0.0.1:0"}}
"""


@pytest.fixture
def lastpost(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Line:
    """`lastpost` in an empty folder without settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LASTPOST_SETTINGS", raising=False)
    return Line(tmp_path, capsys)


def plan_file(name: str) -> str:
    return str(PLANS / f"{name}.yaml")


def accounts_file(name: str) -> str:
    return str(ACCOUNTS / f"{name}.csv")


def served(lastpost: Line, name: str) -> None:
    """An installation that serves whatever the plan and its accounts speak of."""
    with (ACCOUNTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        found = {row["address"].rpartition("@")[2] for row in csv.DictReader(file)}
    domains = sorted(found | {*example(name).plan.domains})
    lines = "\n".join(f'  "{one}": {{deliver: "maildir:mail/{{domain}}/{{user}}"}}' for one in domains)
    (lastpost.folder / "lastpost.yaml").write_text(SETTINGS.format(domains=lines), encoding="utf-8")
    assert lastpost("init").code == 0


def test_there_are_the_five_plans_and_their_accounts() -> None:
    assert {"seikyou", "iij4u", "kyodo", "sonet-phone", "sonet-withdrawal"} <= set(WITH_ACCOUNTS)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_no_errors(lastpost: Line, name: str) -> None:
    """Warnings are allowed: the dates of what has happened have passed."""
    ran = lastpost("plan", "check", plan_file(name))
    assert ran.code == 0, ran.err
    assert "has no errors" in ran.err


@pytest.mark.parametrize("name", NAMES)
def test_its_name_is_that_of_its_file(name: str) -> None:
    assert example(name).plan.name == name


@pytest.mark.parametrize("name", NAMES)
def test_it_prints_and_reads_back(name: str) -> None:
    """The canonical form says the same, and printing it again changes nothing."""
    plan = example(name).plan
    printed = print_plan(plan)
    again = read_plan(printed, "printed.yaml")
    assert again == plan
    assert print_plan(again) == printed


@pytest.mark.parametrize("name", NAMES)
def test_it_says_how_to_try_it(name: str) -> None:
    """The head of the file names the command that checks it."""
    head = (PLANS / f"{name}.yaml").read_text(encoding="utf-8").partition("\nplan:")[0]
    assert f"lastpost plan check examples/plans/{name}.yaml" in head


@pytest.mark.parametrize("name", NAMES)
def test_it_is_shown(lastpost: Line, name: str) -> None:
    ran = lastpost("plan", "show", plan_file(name))
    assert ran.code == 0, ran.err
    for text in (example(name).plan.title.ja, *example(name).plan.domains):
        assert text in ran.out
    (shown,) = lastpost("plan", "show", plan_file(name), "--json").array()
    assert shown["plan"] == name


@pytest.mark.parametrize("name", NAMES)
def test_it_is_drawn_and_put_into_calendars(lastpost: Line, name: str) -> None:
    svg, ics = lastpost.folder / "plan.svg", lastpost.folder / "plan.ics"
    assert lastpost("plan", "show", plan_file(name), "--svg", str(svg), "--ics", str(ics)).code == 0
    assert ET.fromstring(svg.read_text(encoding="utf-8")).tag.endswith("svg")
    assert ics.read_text(encoding="utf-8").startswith("BEGIN:VCALENDAR")


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_notice_page(lastpost: Line, name: str, language: str) -> None:
    ran = lastpost("plan", "page", plan_file(name), "--language", language)
    assert ran.code == 0, ran.err
    title = example(name).plan.title
    assert (title.ja if language == "ja" else title.en).casefold() in Read.of(ran.out).text.casefold()


@pytest.mark.parametrize("name", WITH_ACCOUNTS)
def test_it_is_rehearsed_over_its_accounts(lastpost: Line, name: str) -> None:
    """Without settings and records: a plan file and an accounts file are enough."""
    ran = lastpost("plan", "rehearse", plan_file(name), "--accounts", accounts_file(name))
    assert ran.code == 0, ran.err
    assert f"plan {name} " in ran.out
    (told,) = lastpost("plan", "rehearse", plan_file(name), "--accounts", accounts_file(name), "--json").array()
    assert told
    with (ACCOUNTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        assert f"{len(list(csv.DictReader(file)))} addresses" in ran.out


@pytest.mark.parametrize("name", WITH_ACCOUNTS)
def test_its_accounts_are_imported_without_a_reject(lastpost: Line, name: str) -> None:
    served(lastpost, name)
    rejects = lastpost.folder / "rejects.csv"
    ran = lastpost("accounts", "import", accounts_file(name), "--rejects", str(rejects))
    assert ran.code == 0, ran.err
    assert not rejects.exists() or len(rejects.read_text(encoding="utf-8").splitlines()) <= 1


@pytest.mark.parametrize("name", WITH_ACCOUNTS)
def test_it_is_put_in_force_and_rehearsed_there(lastpost: Line, name: str) -> None:
    """In force it is the same plan, and its end for real accounts is the end on paper."""
    served(lastpost, name)
    assert lastpost("accounts", "import", accounts_file(name), "--rejects", "rejects.csv").code == 0
    applied = lastpost("plan", "apply", plan_file(name), "--reason", "tried out")
    assert applied.code == 0, applied.err
    in_force = lastpost("plan", "rehearse", name)
    assert in_force.code == 0, in_force.err
    on_paper = lastpost("plan", "rehearse", plan_file(name), "--accounts", accounts_file(name))
    for line in on_paper.out.splitlines():
        if any(f"  {stage} " in line for stage in Stage) and "addresses" in line:
            assert line in in_force.out


@pytest.mark.parametrize("name", WITH_ACCOUNTS)
def test_explain_answers_for_every_address(lastpost: Line, name: str) -> None:
    """With the plan in force there is an answer for each account, with its reason and its next change."""
    served(lastpost, name)
    assert lastpost("accounts", "import", accounts_file(name), "--rejects", "rejects.csv").code == 0
    assert lastpost("plan", "apply", plan_file(name), "--reason", "tried out").code == 0
    with (ACCOUNTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        addresses = [row["address"] for row in csv.DictReader(file)]
    for address in addresses:
        ran = lastpost("explain", address, "--at", "2016-03-01", "--json")
        assert ran.code == 0, ran.err
        (told,) = json.loads(ran.out)
        assert told["reply"][:3] in {"250", "251", "551", "550", "450"}


def test_a_plan_without_stages_leaves_every_address_open() -> None:
    """Plans of contract terms alone end nothing."""
    for name in ("kyodo", "sonet-withdrawal", "sonet-phone"):
        edition: Edition = example(name)
        assert edition.stages() == ()


def test_a_mistake_in_an_example_is_told_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer who changes one word of the longest plan is led to the very line."""
    text = (PLANS / "seikyou.yaml").read_text(encoding="utf-8")
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "purpose: closure" in one)
    bad = tmp_path / "seikyou.yaml"
    bad.write_text(text.replace("purpose: closure", "purpose: closing"), encoding="utf-8")
    assert run(["plan", "check", str(bad)]) == 3
    assert f"seikyou.yaml:{line}:" in capsys.readouterr().err
