"""`lastpost contract ADDRESS`: words, languages, exit codes, and that requests are only tried."""

import pytest

from tests.rules.cli.conftest import Line
from tests.rules.desk.test_contracts import ACCOUNTS, TERMS
from tests.rules.desk.test_joining_accounts import ACCOUNTS as JOINED_ACCOUNTS
from tests.rules.desk.test_joining_accounts import CONSOLIDATION
from tests.rules.desk.world import PLAN

BASE, YEARLY, FIRM = "base@closing.example", "yearly@closing.example", "firm@closing.example"
ON = ("--on", "2026-11-22")
COMMANDS = [("show",), ("cancel", "--dry-run"), ("change", "--to", "address", "--dry-run")]


@pytest.fixture
def told(made: Line) -> Line:
    """An installation with accounts, and a plan that has terms of contract."""
    (made.folder / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    (made.folder / "terms.yaml").write_text(PLAN + TERMS, encoding="utf-8")
    assert made("accounts", "import", "accounts.csv").code == 0
    assert made("plan", "apply", "terms.yaml", "--reason", "decided").code == 0
    return made


def test_show_tells_course_expiry_and_check_list(told: Line) -> None:
    ran = told("contract", BASE, "show", *ON)
    assert ran.code == 0
    lines = ran.out.splitlines()
    for line in (
        "address: base@closing.example",
        "contract: C-1",
        "course: monthly",
        "expiry: automatic renewal",
        "has: additional-address homepage line mail",
        "plan: closing, edition 1",
        "last day of the service: 2027-03-31",
        "  - 2027-03-21 to 2027-03-31: move your mail",
        "  - before you give up: Line: Wi-Fi stops",
    ):
        assert line in lines


def test_show_speaks_japanese(told: Line) -> None:
    out = told("contract", BASE, "show", *ON, "--language", "ja").out
    for words in ("有効期限: 自動更新", "サービスの最終日: 2027年3月31日", "無線LANが止まります", "やること:"):
        assert words in out


def test_cancel_tells_days_costs_and_that_nothing_was_sent(told: Line) -> None:
    ran = told("contract", BASE, "cancel", "--dry-run", *ON)
    assert ran.code == 0
    lines = ran.out.splitlines()
    for line in (
        "asked: 2026-11-22, online",
        "last day: 2026-11-30",
        "or: 2026-12-31 (3,000 yen)",
        "complete: 2026-12-01 00:00",
        "costs: 3,000 yen",
        "  - Fee: 3,000 yen (paid when the contract ends)",
        "  - fee of the last month: 900 yen (of 2026-11, billed in 2026-12)",
        "  - extra@closing.example until 2027-01-31",
        "certificate to: base@closing.example, me@home.example",
        "member page until: 2027-06-01 00:00",
        "given up at: Leaving desk",
        "  - 2026-11-20 to 2026-11-30: move your mail",
        "this is what would follow; nothing has been sent or changed",
    ):
        assert line in lines


def test_cancel_speaks_japanese(told: Line) -> None:
    out = told("contract", BASE, "cancel", "--dry-run", *ON, "--language", "ja").out
    for words in (
        "最終利用日: 2026年11月30日",
        "費用: 3,000円",
        "これは試算です",
        "解約完了メールの送り先",
        "2026年11月分",
    ):
        assert words in out


def test_cancel_takes_the_wished_day(told: Line) -> None:
    out = told("contract", BASE, "cancel", "--dry-run", *ON, "--last-day", "2026-12-31").out
    assert "last day: 2026-12-31" in out.splitlines()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((BASE, "cancel", "--last-day", "2026-12-01"), "the last day can be: 2026-11-30, 2026-12-31"),
        ((BASE, "cancel", "--removal-work", "2026-12-10"), "there is no removal work"),
        ((FIRM, "cancel"), "Desk for firms, 0120-1"),
        ((YEARLY, "change", "--to", "address"), "possible at renewal, from 2027-01-16"),
    ],
)
def test_what_the_rules_refuse_is_an_answer_with_code_3(told: Line, words: tuple[str, ...], said: str) -> None:
    ran = told("contract", *words, "--dry-run", *ON)
    assert ran.code == 3
    assert said in ran.out
    assert ran.err == ""


def test_a_firm_leaves_by_phone_or_on_paper(told: Line) -> None:
    for medium, asked in (("phone", "by phone"), ("paper", "on paper")):
        ran = told("contract", FIRM, "cancel", "--dry-run", *ON, "--medium", medium)
        assert (ran.code, f"asked: 2026-11-22, {asked}" in ran.out) == (0, True)


def test_change_tells_whether_and_from_when(told: Line) -> None:
    ran = told("contract", BASE, "change", "--to", "address", "--dry-run", *ON)
    assert ran.code == 0
    for line in ("change to: Address alone", "answer: possible now", "possible from: 2026-11-22", "stays: mail"):
        assert line in ran.out.splitlines()
    assert (
        "変更先: アドレス" in told("contract", BASE, "change", "--to", "address", "--dry-run", "--language", "ja").out
    )


@pytest.mark.parametrize("words", [("cancel",), ("change", "--to", "address")])
def test_without_dry_run_nothing_is_done_and_the_way_is_told(told: Line, words: tuple[str, ...]) -> None:
    ran = told("contract", BASE, *words)
    assert (ran.code, ran.out) == (2, "")
    assert "their holder's own request" in " ".join(ran.err.split())
    assert "--dry-run" in ran.err


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_json_is_one_array_of_one_thing(told: Line, words: tuple[str, ...]) -> None:
    (one,) = told("contract", BASE, *words, *ON, "--json").array()
    shown = one if words[0] == "show" else one["shown"]
    assert isinstance(shown, dict)
    assert (shown["address"], shown["plan"], shown["asked"]) == (BASE, "closing", "2026-11-22")
    assert shown["expiry"] == {"ja": "自動更新", "en": "automatic renewal"}
    assert shown["contract"]["has"] == ["additional-address", "homepage", "line", "mail"]
    kinds = [item["kind"] for item in shown["checklist"]]
    assert kinds == ["advice", "warning", "desk"]


def test_json_of_a_cancellation_has_every_fact(told: Line) -> None:
    (one,) = told("contract", BASE, "cancel", "--dry-run", *ON, "--json").array()
    outcome = one["cancellation"]
    assert isinstance(outcome, dict)
    assert (one["medium"], one["total"]) == ("online", 3000)
    assert outcome["possible"] == ["2026-11-30", "2026-12-31"]
    assert outcome["addresses_after"] == {"extra@closing.example": "2027-01-31"}
    assert outcome["member_page_until"] == "2027-06-01T00:00:00+09:00"


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("address", "more", "code", "said"),
    [
        ("nobody@closing.example", (), 1, "the directory has no address nobody@closing.example"),
        (BASE, ("--plan", "opening"), 1, "there is no plan 'opening' in force"),
        ("nobody", (), 2, "is not an address"),
        (BASE, ("--on", "soon"), 2, "'soon' is not a day: write a day such as 2024-01-31"),
        (BASE, ("--language", "fr"), 2, "'fr' is not one of"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_sentence(
    told: Line, words: tuple[str, ...], address: str, more: tuple[str, ...], code: int, said: str
) -> None:
    ran = told("contract", address, *words, *more)
    assert (ran.code, ran.out) == (code, "")
    assert said in " ".join(ran.err.split())


@pytest.mark.parametrize("words", COMMANDS[1:], ids=lambda words: words[0])
def test_a_plan_without_terms_and_a_domain_without_a_plan_are_refused(closing: Line, words: tuple[str, ...]) -> None:
    ran = closing("contract", "hanako@closing.example", *words)
    assert (ran.code, ran.out) == (1, "")
    assert "has no rules for contracts" in ran.err
    (closing.folder / "second.csv").write_text("address\na@second.example\n", encoding="utf-8")
    assert closing("accounts", "import", "second.csv").code == 0
    assert "no plan covers second.example: name one with --plan" in closing("contract", "a@second.example", *words).err


@pytest.mark.parametrize("written", ["line", "line=", "=2026-11-01", "line=soon"])
def test_a_stop_needs_a_service_and_a_day(told: Line, written: str) -> None:
    ran = told("contract", BASE, "show", "--stopped", written)
    assert (ran.code, ran.out) == (2, "")
    assert "day" in ran.err.lower()


def test_a_service_that_stopped_is_not_warned_of(told: Line) -> None:
    assert "Wi-Fi stops" not in told("contract", BASE, "show", *ON, "--stopped", "line=2026-11-01").out


def test_the_group_and_an_address_alone_ask_for_more_words(told: Line) -> None:
    assert "show" in told("contract").out + told("contract").err
    ran = told("contract", BASE)
    assert (ran.code, "Missing command" in ran.err) == (2, True)


def test_plan_options_lists_what_becomes_nothing(made: Line) -> None:
    (made.folder / "joins.csv").write_text(JOINED_ACCOUNTS, encoding="utf-8")
    (made.folder / "joins.yaml").write_text(PLAN + CONSOLIDATION, encoding="utf-8")
    assert made("accounts", "import", "joins.csv").code == 0
    assert made("plan", "apply", "joins.yaml", "--reason", "decided").code == 0
    ran = made("plan", "options", "closing")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "fax\tC-1\tH\ta@closing.example")
    assert [row["option"] for row in made("plan", "options", "closing", "--json").array()] == [
        "fax",
        "homepage",
        "telex",
        "virus",
    ]
    assert "a new customer id is given out" in made("contract", "a@closing.example", "show").out
    assert "いまのお客様ID" in made("contract", "c@closing.example", "show", "--language", "ja").out
    assert made("plan", "options", "opening").code == 1
