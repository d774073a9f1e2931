"""Imports of accounts: what is published, what is rejected and why, and what leaves the old directory in force."""

import csv

import pytest

from mailsvc.desk import accounts_import
from mailsvc.desk.accounts_csv import COLUMNS
from mailsvc.desk.accounts_import import Report, import_accounts
from mailsvc.desk.accounts_list import list_accounts
from mailsvc.desk.auditing import list_acts
from mailsvc.desk.refusals import Refused
from schedules.positions import BadFile
from tests.rules.desk.imports import addresses, many, rejected, staged_generations
from tests.rules.desk.world import EXAMPLE_CSV, World


def test_the_example_is_imported_whole(world: World) -> None:
    report = import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
    assert report == Report(13, 0, published=True, domains=(accounts_import.DomainChange("closing.example", 0, 13),))
    assert "hanako@closing.example" in addresses(world)
    assert not world.rejects.exists()


def test_an_import_leaves_one_audit_row(world: World) -> None:
    world.take("address\nhanako@closing.example\n")
    (row,) = list_acts(world.desk, None, 10)
    assert (row["actor"], row["act"]) == ("tester", "accounts import")
    assert row["detail"] == {"closing.example": "0 -> 1", "rows": "1", "rejected": "0"}


def test_several_domains_are_published_together_and_others_stay(world: World) -> None:
    world.take("address\na@second.example\n")
    report = world.take("address\na@closing.example\nb@sub.closing.example\n")
    assert {one.domain for one in report.domains} == {"closing.example", "sub.closing.example"}
    assert addresses(world) == ["a@closing.example", "a@second.example", "b@sub.closing.example"]


def test_importing_again_updates_adds_and_removes(world: World) -> None:
    world.take("address,area\n" + "".join(f"u{n}@closing.example,tokyo\n" for n in range(30)))
    world.take("address,area\n" + "".join(f"u{n}@closing.example,noto\n" for n in range(1, 31)))
    rows = {row["address"]: row["area"] for row in list_accounts(world.desk, None, "")}
    assert len(rows) == 30
    assert "u0@closing.example" not in rows
    assert set(rows.values()) == {"noto"}


def test_what_is_exported_is_imported_as_the_same_directory(world: World) -> None:
    import_accounts(world.desk, EXAMPLE_CSV, world.rejects)
    before = list(list_accounts(world.desk, None, ""))
    file = world.folder / "export.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(before)
    import_accounts(world.desk, file, world.rejects)
    assert list(list_accounts(world.desk, None, "")) == before


# ── bad rows ────────────────────────────────────────────────────────────────────────────────────────────
def test_up_to_one_per_cent_of_bad_rows_are_left_out(world: World) -> None:
    report = world.take("address\n" + many(198) + "no address\nuser1@strange.example\n")
    assert (report.published, report.rejected, report.domains[0].after) == (True, 2, 198)
    assert [(row["line"], row["column"], row["address"]) for row in rejected(world)] == [
        ("200", "address", "no address"),
        ("201", "address", "user1@strange.example"),
    ]
    assert "not among the domains of the settings" in rejected(world)[1]["reason"]


def test_more_than_one_per_cent_of_bad_rows_publish_nothing(world: World) -> None:
    world.take("address\nold@closing.example\n")
    report = world.take("address\n" + many(197) + "one\ntwo\nthree\n")
    assert (report.published, report.rejected) == (False, 3)
    assert addresses(world) == ["old@closing.example"]
    assert len(rejected(world)) == 3
    assert world.rejects.stat().st_mode & 0o077 == 0  # it holds people's names
    assert "more than 1 % of the rows are bad" in report.lines()[0]
    assert staged_generations(world) == 0


def test_a_rejected_row_is_written_back_as_it_was(world: World) -> None:
    world.take(b"address,group\n" + b'caf\xe9@closing.example,"a ""quoted"" cell"\n' + b"b@closing.example\n")
    raw = world.rejects.read_bytes()
    assert b"caf\xe9@closing.example" in raw
    assert 'a "quoted" cell' in rejected(world)[0]["group"]
    assert [row["line"] for row in rejected(world)] == ["2", "3"]


def bad_one(
    world: World, rows: str, header: str = "address,contract,area,alias_of,forward_to"
) -> list[tuple[str, str, str]]:
    """Import 1,000 good rows and `rows`; what was rejected of them, by line after the good ones."""
    width = header.count(",")
    good = "".join(f"user{n}@closing.example{',' * width}\n" for n in range(1000))
    report = world.take(f"{header}\n{good}{rows}")
    assert report.published
    return [(str(int(row["line"]) - 1001), row["column"], row["reason"]) for row in rejected(world)]


def test_the_second_row_of_an_address_is_rejected(world: World) -> None:
    told = bad_one(world, "a@closing.example,,x,,\nA@Closing.Example,,y,,\na@closing.example,,z,,\n")
    assert told == [("2", "address", "the address is there twice"), ("3", "address", "the address is there twice")]
    (row,) = list_accounts(world.desk, None, "a@closing.example")
    assert row["area"] == "x"


def test_an_alias_to_nowhere_is_rejected_and_so_is_an_alias_to_it(world: World) -> None:
    rows = (
        "info@closing.example,,,user1@closing.example,\n"
        "b@closing.example,,,nobody@closing.example,\n"
        "c@closing.example,,,b@closing.example,\n"
    )
    told = bad_one(world, rows)
    assert told == [
        ("2", "alias_of", "its alias target does not exist"),
        ("3", "alias_of", "its alias target does not exist"),
    ]
    assert "info@closing.example" in addresses(world)


def test_an_alias_into_another_domain_is_good(world: World) -> None:
    world.take("address\nuser@second.example\n")
    report = world.take("address,alias_of\na@closing.example,user@second.example\n")
    assert (report.published, report.rejected) == (True, 0)


def test_two_descriptions_of_one_contract_reject_all_its_rows(world: World) -> None:
    told = bad_one(
        world, "a@closing.example,C-1,tokyo,,\nb@closing.example,C-1,osaka,,\nc@closing.example,C-2,noto,,\n"
    )
    assert told == [
        ("1", "contract", "the contract is described in two ways"),
        ("2", "contract", "the contract is described in two ways"),
    ]
    assert "c@closing.example" in addresses(world)


def test_two_lists_of_services_for_one_contract_reject_all_its_rows(world: World) -> None:
    rows = "a@closing.example,C-1,hikari sms\nb@closing.example,C-1,hikari\nc@closing.example,C-2,sms\n"
    told = bad_one(world, rows, "address,contract,services")
    assert [(line, column) for line, column, _ in told] == [("1", "contract"), ("2", "contract")]


def test_the_order_of_services_is_no_contradiction(world: World) -> None:
    report = world.take(
        "address,contract,services\na@closing.example,C-1,hikari sms\nb@closing.example,C-1,SMS hikari\n"
    )
    assert (report.rejected, report.domains[0].after) == (0, 2)
    assert {row["services"] for row in list_accounts(world.desk, None, "")} == {"hikari sms"}


def test_two_descriptions_of_one_holder_reject_all_its_rows(world: World) -> None:
    rows = "a@closing.example,H-1,ja\nb@closing.example,H-1,en\n"
    told = bad_one(world, rows, "address,holder,language")
    assert {(line, column) for line, column, _ in told} == {("1", "holder"), ("2", "holder")}


def test_addresses_of_one_contract_are_taken(world: World) -> None:
    report = world.take("address,contract,area\na@closing.example,C-1,noto\nb@closing.example,C-1,noto\n")
    assert (report.rejected, report.domains[0].after) == (0, 2)


def test_a_forward_to_itself_is_rejected_and_an_unconfirmed_one_is_kept(world: World) -> None:
    rows = "a@closing.example,,,,A@closing.example\nb@closing.example,,,,b@newhome.example\n"
    assert bad_one(world, rows) == [("1", "forward_to", "the address would forward to itself")]
    (row,) = list_accounts(world.desk, None, "b@closing.example")
    assert (row["forward_to"], row["forward_confirmed"]) == ("b@newhome.example", "no")


# ── the file as a whole ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("content", ["address,nonsense\na@closing.example,\n", 'address\na@closing.example\n"b\n'])
def test_a_file_that_cannot_be_read_changes_nothing(world: World, content: str) -> None:
    world.take("address\nold@closing.example\n")
    with pytest.raises(BadFile):
        world.take(content)
    assert addresses(world) == ["old@closing.example"]
    assert staged_generations(world) == 0


def test_a_file_without_rows_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="holds no accounts"):
        world.take("address\n")


def test_a_file_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="is not a file that can be read"):
        import_accounts(world.desk, world.folder / "none.csv", world.rejects)


def test_a_domain_does_not_shrink_by_itself(world: World) -> None:
    world.take("address\n" + many(100))
    with pytest.raises(
        Refused, match=r"closing.example from 100 to 94 addresses, which is more than 5 %.*--allow-shrink"
    ):
        world.take("address\n" + many(94))
    assert len(addresses(world)) == 100
    assert world.take("address\n" + many(95)).published
    assert world.take("address\n" + many(9), allow_shrink=True).published
    assert len(addresses(world)) == 9


def test_an_older_reject_file_goes_when_nothing_is_rejected(world: World) -> None:
    world.take("address\nbad\n")
    assert world.rejects.exists()
    world.take("address\na@closing.example\n")
    assert not world.rejects.exists()
    assert not list(world.folder.glob("*.part"))


def test_progress_is_told_in_rows_and_octets(world: World) -> None:
    told: list[tuple[int, int]] = []
    file = world.write("address\n" + many(2500))
    import_accounts(world.desk, file, world.rejects, progress=lambda rows, octets: told.append((rows, octets)))
    assert [rows for rows, _ in told] == [1000, 2000, 2500]
    assert 0 < told[0][1] <= told[1][1] <= file.stat().st_size


def test_many_domains_share_slices(world: World) -> None:
    text = "address\n" + "".join(f"a@d{number}.closing.example\n" for number in range(300))
    assert len(world.take(text).domains) == 300


def test_a_chain_of_aimless_aliases_longer_than_the_rounds_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_import, "ROUNDS", 2)
    chain = "".join(f"c{number}@closing.example,c{number - 1}@closing.example\n" for number in range(1, 5))
    rows = "".join(f"user{n}@closing.example,\n" for n in range(1000))
    with pytest.raises(Refused, match="too many aliases hang on each other"):
        world.take("address,alias_of\n" + rows + chain)
    assert addresses(world) == []
