"""Which rule wins where several speak, as one table: every combination for receiving, sending and reading."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedules.amendments import Hold
from schedules.blocks.scopes import Scope
from schedules.decisions import ENDED_BY, EXPIRING, SUSPENDED
from schedules.edition import Edition
from schedules.names import Address
from schedules.words import Capability, Profile, Rule, Stage
from tests.rules.schedules.plans import HANAKO, amended, local, plan

NOON = "2024-02-15T12:00"  # the instant of every question
STAGES = {"before": "2024-03-20", "after": "2024-02-01"}

# (stage has come, held on, expired, suspended, brown-out): allowed, rule, deferred; plan with `suspension: keep`
RECEIVING = {
    (False, False, False, False, False): (True, "open", False),
    (False, False, False, False, True): (False, "brown-out", True),
    (False, False, False, True, False): (True, "suspension", False),
    (False, False, False, True, True): (False, "brown-out", True),
    (False, False, True, False, False): (False, "expiry", False),
    (False, False, True, False, True): (False, "expiry", False),
    (False, False, True, True, False): (False, "expiry", False),
    (False, False, True, True, True): (False, "expiry", False),
    (True, False, False, False, False): (False, "stage", False),
    (True, False, False, True, False): (False, "stage", False),
    (True, False, True, False, False): (False, "stage", False),
    (True, False, True, True, False): (False, "stage", False),
    (True, True, False, False, False): (True, "hold", False),
    (True, True, False, True, False): (True, "suspension", False),
    (True, True, True, False, False): (False, "expiry", False),
    (True, True, True, True, False): (False, "expiry", False),
}
SENDING = {
    (False, False, False, False): (True, "open"),
    (False, False, False, True): (False, "suspension"),
    (False, False, True, False): (False, "expiry"),
    (False, False, True, True): (False, "expiry"),
    (True, False, False, False): (False, "stage"),
    (True, False, False, True): (False, "stage"),
    (True, False, True, False): (False, "stage"),
    (True, False, True, True): (False, "stage"),
    (True, True, False, False): (True, "hold"),
    (True, True, False, True): (False, "suspension"),
    (True, True, True, False): (False, "expiry"),
    (True, True, True, True): (False, "expiry"),
}
READING = {
    (False, False, False, False): (True, "open"),
    (False, False, False, True): (False, "suspension"),
    (False, False, True, False): (True, "open"),
    (False, False, True, True): (False, "suspension"),
    (True, False, False, False): (False, "stage"),
    (True, False, False, True): (False, "stage"),
    (True, False, True, False): (False, "stage"),
    (True, False, True, True): (False, "stage"),
    (True, True, False, False): (True, "hold"),
    (True, True, False, True): (False, "suspension"),
    (True, True, True, False): (True, "hold"),
    (True, True, True, True): (False, "suspension"),
}


def asked(
    stage: str, *, come: bool, held: bool, expired: bool, suspended: bool, brown: bool
) -> tuple[Edition, Profile]:
    brown_outs = [("2024-02-15", "2024-02-16")] if brown else []
    edition = Edition(plan({stage: STAGES["after" if come else "before"]}, brown_outs=brown_outs))
    if held:
        edition = amended(edition, Hold(Scope(), local("2024-02-20T00:00")))
    profile = edition.profile(
        HANAKO,
        contract_expiry=date(2024, 2, 14) if expired else None,
        suspended_since=date(2024, 2, 15) if suspended else None,
    )
    return edition, profile


@pytest.mark.parametrize(("case", "answer"), RECEIVING.items())
def test_receiving(case: tuple[bool, bool, bool, bool, bool], answer: tuple[bool, str, bool]) -> None:
    come, held, expired, suspended, brown = case
    edition, profile = asked("receive-end", come=come, held=held, expired=expired, suspended=suspended, brown=brown)
    ruling = edition.at(profile, local(NOON))[Capability.RECEIVE]
    assert (ruling.allowed, ruling.rule, ruling.deferred) == answer


@pytest.mark.parametrize(("case", "answer"), SENDING.items())
def test_sending(case: tuple[bool, bool, bool, bool], answer: tuple[bool, str]) -> None:
    come, held, expired, suspended = case
    edition, profile = asked("send-end", come=come, held=held, expired=expired, suspended=suspended, brown=False)
    ruling = edition.at(profile, local(NOON))[Capability.SEND]
    assert (ruling.allowed, ruling.rule, ruling.deferred) == (*answer, False)


@pytest.mark.parametrize(("case", "answer"), READING.items())
def test_reading(case: tuple[bool, bool, bool, bool], answer: tuple[bool, str]) -> None:
    come, held, expired, suspended = case
    edition, profile = asked("read-end", come=come, held=held, expired=expired, suspended=suspended, brown=False)
    ruling = edition.at(profile, local(NOON))[Capability.READ]
    assert (ruling.allowed, ruling.rule, ruling.deferred) == (*answer, False)


def test_the_tables_leave_no_case_out() -> None:
    every = set(itertools.product([False, True], repeat=4))
    possible = {case for case in every if case[0] or not case[1]}  # without its stage nothing is held on
    assert set(SENDING) == set(READING) == possible
    # A brown-out cannot fall into the five days before receive-end, nor after it.
    assert set(RECEIVING) == {(*case, brown) for case in possible for brown in (False, True) if not (case[0] and brown)}


@pytest.mark.parametrize("capability", Capability)
def test_every_capability_has_an_end(capability: Capability) -> None:
    assert ENDED_BY[capability]
    for stage in ENDED_BY[capability]:
        edition = Edition(plan({stage: "2024-02-01"}))
        ruling = edition.at(edition.profile(HANAKO), local("2024-02-01T00:00"))[capability]
        assert (ruling.allowed, ruling.rule, ruling.stage) == (False, Rule.STAGE, stage)


@pytest.mark.parametrize("capability", Capability)
def test_a_contract_and_its_suspension_touch_what_they_are_said_to(capability: Capability) -> None:
    edition = Edition(plan({}))
    expired = edition.profile(HANAKO, contract_expiry=date(2024, 1, 1))
    assert edition.at(expired, local(NOON))[capability].allowed == (capability not in EXPIRING)
    suspended = edition.profile(HANAKO, suspended_since=date(2024, 1, 1))
    assert edition.at(suspended, local(NOON))[capability].allowed == (capability not in SUSPENDED)


def test_whichever_of_two_stages_comes_first_ends_what_both_end() -> None:
    for first, second in (("read-only", "read-end"), ("homepage-upload-end", "homepage-end")):
        edition = Edition(plan({first: "2024-02-01", second: "2024-03-01"}))
        capability = next(c for c in Capability if ENDED_BY[c] == (Stage(first), Stage(second)))
        ruling = edition.at(edition.profile(HANAKO), local("2024-03-02T00:00"))[capability]
        assert (ruling.stage, ruling.since) == (first, local("2024-02-01T00:00"))


ADDRESSES = [Address.parse(text) for text in ("a@x.example", "b@x.example", "A@sub.x.example", "c@sub.x.example")]
NAMES = st.sampled_from(["", "g", "h"])
SCOPES = st.builds(
    Scope,
    domain=st.sampled_from(["", "x.example", "*.x.example", "sub.x.example"]),
    group=NAMES,
    area=NAMES,
    address=st.none() | st.sampled_from(ADDRESSES),
)


def concerns(scope: Scope, address: Address, group: str, area: str) -> bool:
    """A second opinion on scopes, from the whole address instead of its profile."""
    domain = address.domain.ascii
    wanted = [
        scope.domain in {"", domain} or (scope.domain == "*.x.example" and domain == "sub.x.example"),
        not scope.group or scope.group == group,
        not scope.area or scope.area == area,
        scope.address is None or str(scope.address).lower() == str(address).lower(),
    ]
    return all(wanted)


@given(st.lists(SCOPES, max_size=4), st.sampled_from(ADDRESSES), NAMES, NAMES)
def test_a_profile_keeps_all_that_holds_ask_for(scopes: list[Scope], address: Address, group: str, area: str) -> None:
    edition = Edition(plan({"receive-end": "2024-02-01"}, domains=["x.example", "*.x.example"]))
    ends = [local(f"2024-03-{number + 1:02}T00:00") for number in range(len(scopes))]
    edition = amended(edition, *(Hold(scope, end) for scope, end in zip(scopes, ends, strict=True)))
    profile = edition.profile(address, group=group, area=area)
    covering = [end for scope, end in zip(scopes, ends, strict=True) if concerns(scope, address, group, area)]
    ruling = edition.at(profile, local(NOON))[Capability.RECEIVE]
    assert ruling.allowed == bool(covering)
    assert ruling.until == (max(covering) if covering else None)


@given(
    st.none() | st.dates(date(2024, 1, 25), date(2024, 2, 5)),
    st.none() | st.dates(date(2024, 1, 25), date(2024, 2, 5)),
    st.integers(0, 15 * 24),
)
def test_a_profile_keeps_all_that_dates_decide(contract: date | None, own: date | None, hour: int) -> None:
    ends = ["freeze", "send-end", "receive-end", "read-only", "homepage-upload-end"]
    edition = Edition(plan(dict.fromkeys(ends, "2024-02-01")))
    profile = edition.profile(HANAKO, contract_expiry=contract, address_expiry=own)
    now = local(f"2024-01-{23 + hour // 24:02}T{hour % 24:02}:00") if hour < 9 * 24 else local("2024-02-03T00:00")
    counts = own or contract
    over = now >= local("2024-02-01T00:00")
    expired = counts is not None and now.date() > counts
    assert edition.at(profile, now)[Capability.SEND].allowed == (not over and not expired)
