"""What a rehearsal says is the gateway's own word, address by address, edge by edge; and whose addresses it counts."""

import re
from datetime import UTC, datetime

import pytest

from filters.mail import ClientKind
from mailsvc.desk.accounts_import import import_accounts
from mailsvc.desk.explaining import explain
from mailsvc.desk.planning.counting import from_accounts, from_directory, group_of, named
from mailsvc.desk.planning.gateway_words import GatewayWords
from mailsvc.desk.planning.rehearsing import rehearse_plan, words_of
from mailsvc.desk.plans import apply_plan
from mailsvc.desk.refusals import Refused
from mailsvc.records import directory
from schedules.edition import Edition
from schedules.planfile import read_plan
from schedules.rehearsing.answers import RECEIVE, Book, Courses, at
from schedules.rehearsing.groups import Reads, reads
from tests.rules.desk.world import EXAMPLE_CSV, PLAN, World

# A plan for one domain alone, and one that leaves it to others.
SECOND = PLAN.replace("plan: closing", "plan: second").replace(
    'domains: [closing.example, "*.closing.example"]', "domains: [second.example]"
)
NEW_ADDRESS = re.compile(r"<[^<>@]+@[^<>]+>")


@pytest.fixture
def closing(world: World) -> World:
    import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
    apply_plan(world.desk, read_plan(PLAN, "closing.yaml"), "decided")
    return world


def test_every_address_is_told_at_every_edge_what_explain_says(closing: World) -> None:
    edition = named("closing", closing.desk)
    courses = Courses(edition, words_of(edition, closing.desk), Book())
    with closing.desk.records.read() as connection:
        entries = [entry for entry in directory.export(connection) if entry.alias_of is None]
    asked = 0
    for entry in entries:
        runs = dict(courses.of(group_of(entry)))[RECEIVE]
        for run in runs[1:]:
            instant = datetime.fromtimestamp(run.start, UTC).isoformat()
            told = explain(closing.desk, str(entry.address), instant, ClientKind.WORLD).reply
            assert NEW_ADDRESS.sub("<their own new address>", told) == at(runs, run.start).reply
            asked += 1
    assert asked > 10


def test_soft_bounce_softens_what_is_rehearsed() -> None:
    edition = Edition(read_plan(PLAN, "closing.yaml"))
    entry = group_of(next(iter(_entries())))
    replies = [
        dict(Courses(edition, GatewayWords("", soft=soft), Book()).of(entry))[RECEIVE][-1].answer.reply[:3]
        for soft in (False, True)
    ]
    assert replies == ["550", "450"]


def _entries() -> list[directory.Entry]:
    from mailsvc.desk.accounts_csv import read_entry

    return [read_entry({"address": "a@closing.example"})]


def test_the_directory_and_the_accounts_file_are_the_same_groups(closing: World) -> None:
    edition = named("closing", closing.desk)
    everything = Reads(groups=True, areas=True, courses=True, types=True, services=True, homepage=True, contacts=True)

    def counted(groups: object) -> list[str]:
        assert isinstance(groups, list | tuple)
        return sorted(re.sub(r"example=.*", "", str(group)) for group in groups)

    for read in (Reads(), everything, reads(edition)):
        by_records = from_directory(closing.desk, (edition,), read)
        assert counted(by_records) == counted(from_accounts(EXAMPLE_CSV, (edition,), read))


def test_domains_of_another_plan_are_left_out(closing: World) -> None:
    closing.take("address\na@second.example\n")
    apply_plan(closing.desk, read_plan(SECOND, "second.yaml"), "decided")
    counts = {name: rehearse_plan(name, closing.desk).rehearsal.tally.total for name in ("closing", "second")}
    assert counts == {"closing": len(EXAMPLE_CSV.read_text().splitlines()) - 1, "second": 1}


def test_a_file_that_names_domains_of_a_plan_in_force_more_closely_speaks_for_them(closing: World) -> None:
    whole = closing.write(PLAN.replace("plan: closing", "plan: wider").replace("closing.example, ", ""), "wider.yaml")
    assert rehearse_plan(str(whole), closing.desk).rehearsal.tally.total == 0


def test_progress_of_a_long_file_is_told(world: World) -> None:
    rows = "address\n" + "".join(f"user{number}@closing.example\n" for number in range(12_000))
    heard: list[tuple[int, int]] = []
    plan = world.write(PLAN, "closing.yaml")
    found = rehearse_plan(
        str(plan), None, accounts=world.write(rows), tick=lambda done, whole: heard.append((done, whole))
    )
    assert found.rehearsal.tally.total == 12_000
    assert {whole for _, whole in heard} >= {len(rows)}
    assert heard[-1] == (1, 1)


def test_without_accounts_and_without_records_it_is_refused(world: World) -> None:
    plan = world.write(PLAN, "closing.yaml")
    with pytest.raises(Refused, match="there are no accounts"):
        rehearse_plan(str(plan), None)
    with pytest.raises(Refused, match="there is no plan file"):
        rehearse_plan("nowhere.yaml", None, accounts=EXAMPLE_CSV)
