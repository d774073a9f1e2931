"""The acts that change things, held to the same results on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filters.mail import ClientKind
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.accounts_list import list_accounts, show_account
from mailsvc.desk.amending import Named, hold, postpone
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.clockwork import acknowledge_clock, show_clock
from mailsvc.desk.desk import Desk
from mailsvc.desk.explaining import explain
from mailsvc.desk.exporting.export import export
from mailsvc.desk.planning.showing import show_plans
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.quarantine import open_body
from mailsvc.desk.quarantine_acts import delete, release
from mailsvc.desk.refusals import Refused
from mailsvc.kit.settings import parse_settings
from mailsvc.records import editions, exports
from mailsvc.records.errors import Conflict
from mailsvc.records.exports import ExportForm
from mailsvc.records.store import Records
from schedules.clock import MovableClock
from schedules.planfile import read_plan
from schedules.words import Stage
from tests.contracts.conftest import BOTH, _database
from tests.real.postgresql import postgresql
from tests.rules.desk.quarantined import CLEAN, ID, OCTETS, Says, kept, sent
from tests.rules.desk.world import EXAMPLE_CSV, NOW, PLAN, SETTINGS, World
from tests.support.run_folder import RunFolder


@pytest.fixture(params=BOTH)
def both(request: pytest.FixtureRequest, tmp_path: Path, run_folder: RunFolder) -> Iterator[World]:
    settings, clock = parse_settings(SETTINGS, "lastpost.yaml", tmp_path), MovableClock(NOW)
    if request.param == "sqlite":
        with Records.open(f"sqlite:///{tmp_path / 'records.db'}", create=True) as records:
            yield World(Desk(records, settings, clock, "tester"), clock, tmp_path)
        return
    with _database(postgresql(run_folder)) as url, Records.open(url) as records:
        yield World(Desk(records, settings, clock, "tester"), clock, tmp_path)


def test_accounts_come_in_and_go_out_the_same(both: World) -> None:
    assert import_accounts(both.desk, EXAMPLE_CSV, both.rejects).published
    rows = list(list_accounts(both.desk, None, ""))
    assert len(rows) == 13
    assert rows == sorted(rows, key=lambda row: row["address"].partition("@")[0])
    assert show_account(both.desk, "Jiro@closing.example")["forward_disclose"] == "yes"
    assert [row["address"] for row in list_accounts(both.desk, "closing.example", "photo")] == [
        "hanako.photo@closing.example"
    ]


def test_a_long_directory_is_found_page_by_page(both: World) -> None:
    both.take("address\n" + "".join(f"user{number:04}@closing.example\n" for number in range(1203)))
    found = [row["address"] for row in list_accounts(both.desk, None, "user")]
    assert found == [f"user{number:04}@closing.example" for number in range(1203)]


def test_rows_that_do_not_fit_together_are_left_out(both: World) -> None:
    good = "".join(f"user{number}@closing.example,,\n" for number in range(1000))
    odd = "user7@closing.example,,\na@closing.example,nobody@closing.example,\n"
    odd += "b@closing.example,,C\nc@closing.example,,C\n"
    report = both.take(f"address,alias_of,contract\n{good}{odd}")
    assert (report.published, report.rejected, report.domains[0].after) == (True, 2, 1002)


def test_a_domain_is_refused_that_shrinks(both: World) -> None:
    both.take("address\na@closing.example\nb@closing.example\n")
    with pytest.raises(Refused, match=r"would shrink closing.example from 2 to 1"):
        both.take("address\na@closing.example\n")
    assert len(list(list_accounts(both.desk, None, ""))) == 2


def test_an_end_is_written_down_moved_and_explained(both: World) -> None:
    import_accounts(both.desk, EXAMPLE_CSV, both.rejects)
    apply_plan(both.desk, read_plan(PLAN, "closing.yaml"), "decided")
    assert explain(both.desk, "hanako@closing.example", "2027-04-01", ClientKind.WORLD).reply[:9] == "550 5.1.6"
    postpone(both.desk, "closing", (), by="31 d", to=None, reason="snow")
    assert explain(both.desk, "hanako@closing.example", "2027-04-01", ClientKind.WORLD).reply[:9] == "250 2.1.5"
    hold(both.desk, "closing", Named(group="coop-noto"), until="2027-12-01", reason="the earthquake")
    asked = ("info@closing.example", "hanako@closing.example")
    replies = [explain(both.desk, address, "2027-06-01", ClientKind.WORLD).reply[:3] for address in asked]
    assert replies == ["250", "550"]
    (shown,) = show_plans(both.desk, None)
    assert [one["number"] for one in shown.amendments] == [1, 2]
    assert [row["act"] for row in list_acts(both.desk, "closing", 10)] == ["plan amend", "plan amend", "plan apply"]


def test_an_act_that_fails_leaves_no_audit_row(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    apply_plan(both.desk, read_plan(PLAN, "closing.yaml"), "decided")

    def beaten(*_: object, **__: object) -> None:
        raise Conflict("somebody else was quicker")

    monkeypatch.setattr(editions, "add_amendment", beaten)
    with pytest.raises(Conflict):
        postpone(both.desk, "closing", (Stage.PURGE,), by="1 d", to=None, reason="an audit")
    assert [row["act"] for row in list_acts(both.desk, None, 10)] == ["plan apply"]


def test_the_clock_is_vouched_for(both: World) -> None:
    acknowledge_clock(both.desk, "checked by telephone")
    assert show_clock(both.desk).in_doubt is False
    assert list_acts(both.desk, "clock", 1)[0]["reason"] == "checked by telephone"


async def test_what_is_in_quarantine_is_released_once(both: World) -> None:
    await kept(both)
    for already in (False, True):
        assert (await release(both.desk, ID, "asked for", Says(CLEAN), despite_threat=False)).already is already
    assert [one.recipient for one in sent(both)] == ["hanako@closing.example", "jiro@elsewhere.example"]
    assert [row["act"] for row in list_acts(both.desk, ID, 10)] == ["quarantine release"]


async def test_what_is_deleted_from_quarantine_is_gone(both: World) -> None:
    await kept(both, octets=OCTETS + b"x" * 5_000_000)
    assert b"".join(open_body(both.desk, ID, "to look"))[: len(OCTETS)] == OCTETS
    assert [delete(both.desk, ID, "spam"), delete(both.desk, ID, "spam")] == [True, False]
    with pytest.raises(Refused, match="its octets are gone"):
        open_body(both.desk, ID, "to look")
    assert [row["act"] for row in list_acts(both.desk, ID, 10)] == ["quarantine delete", "quarantine read"]


def test_of_many_who_ask_for_an_export_at_once_one_has_it(both: World) -> None:
    """`double-click`: in whatever form, by whichever administrator."""
    both.take("address\nhanako@closing.example\n")
    settings = parse_settings(f"{SETTINGS}exports: {{folder: exports}}\n", "lastpost.yaml", both.folder)
    forms = [*ExportForm] * 3

    def ask(number: int) -> str:
        desk = Desk(both.desk.records, settings, both.clock, f"administrator {number}")
        try:
            return export(desk, "hanako@closing.example", forms[number]).job
        except Refused as no:
            return str(no)

    with ThreadPoolExecutor(len(forms)) as pool:
        told = list(pool.map(ask, range(len(forms))))
    with both.desk.records.read() as connection:
        (job,) = (job for job, _ in exports.running(connection))
    assert told.count(job) == 1
    assert sum(f"is open already (job {job})" in one for one in told) == len(forms) - 1
