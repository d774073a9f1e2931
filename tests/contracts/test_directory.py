from dataclasses import replace
from datetime import date

import pytest

from filters.mail import AddressKind, Forwarding, Left
from mailsvc.records import directory, staging
from mailsvc.records.directory import Entry
from mailsvc.records.errors import Conflict
from mailsvc.records.staging import Finding, Trouble
from mailsvc.records.store import Records
from schedules.names import Address, DomainName
from tests.contracts.made import CLOSING, NOW, entry, published

FULL = entry(
    "Hanako.Y@closing.example",
    kind=AddressKind.ADDITIONAL,
    holder="H-7",
    contact="hanako@elsewhere.example",
    language="en",
    contract="C-9",
    course="family",
    contract_type="monthly",
    start=date(2009, 4, 1),
    contract_expiry=date(2027, 3, 31),
    suspended_since=date(2026, 11, 1),
    group="coop-3",
    area="Noto",
    services=frozenset({"sms", "hikari", "pr-500ki"}),
    address_expiry=date(2027, 1, 31),
    left=Left(Address.parse("hanako@newhome.example"), disclose=True),
    forwarding=Forwarding(Address.parse('"a b"@newhome.example'), confirmed=True, disclose=False, keep=True),
    alias_of=Address.parse("yamada@closing.example"),
    quota=100_000_000_000,
    homepage="~hanako",
)
PLAIN = entry("yamada@closing.example")


def find(records: Records, text: str) -> Entry | None:
    address = Address.parse(text)
    with records.read() as connection:
        return directory.find(connection, address.domain, address.key)


@pytest.mark.parametrize(
    "given",
    [
        FULL,
        PLAIN,
        entry("moved@closing.example", left=Left(None, disclose=False)),
        entry("a..b.@closing.example", quota=0),
        entry("*@closing.example", alias_of=Address.parse("yamada@closing.example")),
        replace(PLAIN, address=Address("日本", CLOSING), course="特別"),
        replace(PLAIN, address=Address("with space", CLOSING)),
    ],
    ids=lambda given: given.address.local,
)
def test_an_entry_comes_back_as_it_was_given(records: Records, given: Entry) -> None:
    records.act(lambda connection: published(connection, given))
    with records.read() as connection:
        assert directory.find(connection, CLOSING, given.address.key) == given
        assert directory.page(connection) == [given]
        assert list(directory.export(connection)) == [given]


def test_addresses_are_found_without_regard_to_case(records: Records) -> None:
    records.act(lambda connection: published(connection, FULL))
    assert find(records, "HANAKO.y@CLOSING.example") == FULL


def test_what_is_not_there_is_not_found(records: Records) -> None:
    records.act(lambda connection: published(connection, PLAIN))
    assert find(records, "nobody@closing.example") is None
    assert find(records, "yamada@other.example") is None
    with records.read() as connection:
        assert directory.generation_of(connection, DomainName("other.example")) is None
        assert set(directory.ours(connection)) == {"closing.example"}


def test_two_addresses_share_a_contract_and_its_holder(records: Records) -> None:
    shared = {"contract": "C", "holder": "H", "course": "gold", "contact": "h@x.example"}
    first, second = entry("a@closing.example", **shared), entry("b@closing.example", **shared)
    records.act(lambda connection: published(connection, first, second))
    assert find(records, "a@closing.example") == first
    assert find(records, "b@closing.example") == second


def test_a_contract_and_a_holder_are_found_in_all_their_domains(records: Records) -> None:
    mine = [
        entry("a@closing.example", contract="C", holder="H"),
        entry("b@closing.example", contract="C", holder="H"),
        entry("c@closing.example", contract="D", holder="H"),
    ]
    far = entry("z@aaa.example", contract="C", holder="H")
    others = [entry("n@closing.example"), entry("o@closing.example", contract="E", holder="I")]
    records.act(lambda connection: published(connection, *mine, *others))
    records.act(lambda connection: published(connection, far, domain=DomainName("aaa.example")))
    with records.read() as connection:
        assert directory.of_contract(connection, mine[1]) == [far, mine[0], mine[1]]
        assert directory.of_holder(connection, mine[1]) == [far, *mine]
        assert directory.of_contract(connection, others[0]) == directory.of_holder(connection, others[0]) == [others[0]]


def test_two_lists_of_services_are_two_descriptions_of_a_contract(records: Records) -> None:
    lists = [{"hikari", "sms"}, {"sms", "hikari"}, {"sms"}]
    given = [
        entry(f"u{n}@closing.example", holder="H", contract=f"C-{n > 1}", services=frozenset(one))
        for n, one in enumerate(lists)
    ]
    generation = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "admin"))
    records.act(lambda connection: staging.stage(connection, generation, given))
    with records.read() as connection:
        assert staging.check(connection, [generation]) == []
    odd = entry("odd@closing.example", holder="H", contract="C-False", services=frozenset({"sms"}))
    records.act(lambda connection: staging.stage(connection, generation, [odd]))
    with records.read() as connection:
        assert staging.check(connection, [generation]) == [
            Finding(CLOSING.ascii, "C-False", Trouble.TWO_CONTRACTS),
        ]


def test_nobody_sees_a_generation_before_it_is_published(records: Records) -> None:
    records.act(lambda connection: published(connection, PLAIN))
    before = records.version("directory")
    generation = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "admin"))
    records.act(lambda connection: staging.stage(connection, generation, [FULL]))
    assert find(records, "hanako.y@closing.example") is None
    assert records.version("directory") == before
    records.act(lambda connection: staging.publish(connection, [generation], NOW))
    assert find(records, "hanako.y@closing.example") == FULL
    assert find(records, "yamada@closing.example") is None
    assert records.version("directory") == before + 1


def test_pages_go_through_everything_in_order(records: Records) -> None:
    other = DomainName("aaa.example")
    first = [entry(f"u{n:02}@closing.example") for n in range(7)]
    second = [entry(f"v{n:02}@aaa.example") for n in range(4)]
    records.act(lambda connection: published(connection, *reversed(first)))
    records.act(lambda connection: published(connection, *second, domain=other))
    seen: list[Entry] = []
    after: tuple[str, str] | None = None
    with records.read() as connection:
        while page := directory.page(connection, after=after, limit=3):
            seen += page
            after = (page[-1].address.domain.ascii, page[-1].address.key)
        assert directory.page(connection, other) == second
        assert list(directory.export(connection, CLOSING)) == first
    assert seen == [*second, *first]


@pytest.mark.parametrize("search", ["YAMA", "da@closing", "100%", "H-1"])
def test_search_finds_address_holder_and_contract(records: Records, search: str) -> None:
    wanted = entry("yamada@closing.example", holder="H-1", contract="100%_x")
    records.act(lambda connection: published(connection, wanted, entry("other@closing.example", contract="100x")))
    with records.read() as connection:
        assert directory.page(connection, search=search) == [wanted]


def test_counts_by_kind_and_state(records: Records) -> None:
    suspended = entry("s@closing.example", suspended_since=date(2026, 11, 1))
    forward = Forwarding(Address.parse("x@y.example"), confirmed=True, disclose=False, keep=False)
    others = [
        entry("a@closing.example"),
        entry("b@closing.example"),
        entry("f@closing.example", forwarding=forward),
        entry("l@closing.example", left=Left(None, disclose=False)),
        entry("x@closing.example", kind=AddressKind.ALIAS, alias_of=Address.parse("a@closing.example")),
    ]
    generation = records.act(lambda connection: published(connection, suspended, *others))
    with records.read() as connection:
        counted = directory.counts(connection, CLOSING)
        assert directory.size_of(connection, generation) == 6
    assert {(c.kind, c.left, c.suspended, c.forwarding): c.count for c in counted} == {
        (AddressKind.BASE, False, False, False): 2,
        (AddressKind.BASE, False, True, False): 1,
        (AddressKind.BASE, False, False, True): 1,
        (AddressKind.BASE, True, False, False): 1,
        (AddressKind.ALIAS, False, False, False): 1,
    }


def test_check_finds_what_must_not_be_published(records: Records) -> None:
    loop = Forwarding(Address.parse("LOOP@closing.example"), confirmed=True, disclose=False, keep=False)
    given = [
        entry("twice@closing.example"),
        entry("Twice@closing.example"),
        entry("loop@closing.example", forwarding=loop),
        entry("lost@closing.example", kind=AddressKind.ALIAS, alias_of=Address.parse("gone@closing.example")),
        entry("fine@closing.example", kind=AddressKind.ALIAS, alias_of=Address.parse("TWICE@closing.example")),
        entry("c1@closing.example", contract="C", course="gold", holder="H", contact="a@x.example"),
        entry("c2@closing.example", contract="C", course="silver", holder="H", contact="b@x.example"),
    ]
    generation = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "admin"))
    records.act(lambda connection: staging.stage(connection, generation, given))
    with records.read() as connection:
        findings = staging.check(connection, [generation])
    assert [(finding.key, finding.what) for finding in findings] == [
        ("twice", "the address is there twice"),
        ("loop", "it forwards to itself"),
        ("lost", "its alias target does not exist"),
        ("C", "the contract is described in two ways"),
        ("H", "the holder is described in two ways"),
    ]


def test_an_alias_may_point_into_another_domain_of_ours(records: Records) -> None:
    other = DomainName("other.example")
    records.act(lambda connection: published(connection, entry("old@other.example"), domain=other))
    given = [
        entry("a@closing.example", alias_of=Address.parse("old@other.example")),
        entry("b@closing.example", alias_of=Address.parse("new@other.example")),
    ]

    def stage(domain: DomainName, entries: list[Entry]) -> int:
        generation = records.act(lambda connection: staging.begin(connection, domain, NOW, "admin"))
        records.act(lambda connection: staging.stage(connection, generation, entries))
        return generation

    mine, theirs = stage(CLOSING, given), stage(other, [entry("new@other.example")])
    with records.read() as connection:
        assert [finding.key for finding in staging.check(connection, [mine])] == ["b"]
        assert [finding.key for finding in staging.check(connection, [mine, theirs])] == ["a"]


def test_of_two_imports_at_once_the_second_is_refused(records: Records) -> None:
    published_ = records.act(lambda connection: published(connection, PLAIN))
    first = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "one"))
    second = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "two"))
    records.act(lambda connection: staging.publish(connection, [first], NOW))
    with pytest.raises(Conflict, match="another import"):
        records.act(lambda connection: staging.publish(connection, [second], NOW))
    with pytest.raises(Conflict, match="not being staged"):
        records.act(lambda connection: staging.stage(connection, first, [PLAIN]))
    assert published_ < first < second


def test_of_two_first_imports_the_second_is_refused(records: Records) -> None:
    first = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "one"))
    second = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "two"))
    records.act(lambda connection: staging.publish(connection, [first], NOW))
    with pytest.raises(Conflict, match="another import"):
        records.act(lambda connection: staging.publish(connection, [second], NOW))


def test_publishing_several_domains_is_all_or_nothing(records: Records) -> None:
    other = DomainName("other.example")
    mine = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "one"))
    theirs = records.act(lambda connection: staging.begin(connection, other, NOW, "one"))
    records.act(lambda connection: published(connection, domain=other))
    with pytest.raises(Conflict):
        records.act(lambda connection: staging.publish(connection, [mine, theirs], NOW))
    with records.read() as connection:
        assert directory.generation_of(connection, CLOSING) is None


def test_old_generations_are_swept_in_slices_and_the_current_one_stays(records: Records) -> None:
    many = [entry(f"u{n}@closing.example", holder=f"H{n % 3}") for n in range(25)]
    records.act(lambda connection: published(connection, *many))
    records.act(lambda connection: published(connection, PLAIN))
    given_up = records.act(lambda connection: staging.begin(connection, CLOSING, NOW, "x"))
    records.act(lambda connection: staging.stage(connection, given_up, many))
    records.act(lambda connection: staging.discard(connection, given_up))
    steps = 0
    while gone := records.act(lambda connection: staging.sweep_generations(connection, 10)):
        assert gone <= 10
        steps += 1
    assert steps >= 2 * (3 + 3 + 1)
    assert find(records, "yamada@closing.example") == PLAIN
    with records.read() as connection:
        assert directory.size_of(connection, given_up) == 0
