"""What the public suite does not ask of SPF: octets of strangers, and names that lead astray."""

import ipaddress
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.auth.spf import Spf, check_host
from filters.auth.spf_macros import Asking, expand
from filters.auth.spf_record import BadRecord, read_record
from tests.support.names import NameTable

ASKING = Asking(ipaddress.ip_address("192.0.2.7"), "a@b.example", "mx.b.example")


async def result(*records: str | bytes, asking: Asking = ASKING, **names: object) -> Spf:
    table = {"b.example": {"TXT": list(records)}, **names}
    return await check_host(NameTable(table), "b.example", asking)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "record",
    [b"v=spf1 a\xff", "v=spf1 " + "a " * 5000, "v=spf1 " + "a." * 4000 + "!", "v=spf1 a:" + "a-" * 4000 + "%"],
)
async def test_a_record_of_a_stranger_costs_little_and_is_an_error(record: str | bytes) -> None:
    begun = time.process_time()
    assert await result(record) is Spf.PERMERROR
    assert time.process_time() - begun < 1.0


async def test_a_record_that_includes_itself_ends() -> None:
    assert await result("v=spf1 include:b.example -all") is Spf.PERMERROR
    assert await result("v=spf1 redirect=b.example") is Spf.PERMERROR


async def test_an_ipv4_client_on_a_dual_stack_socket_is_ipv4() -> None:
    mapped = Asking(ipaddress.ip_address("::ffff:192.0.2.7"), "a@b.example", "x")
    assert await result("v=spf1 ip4:192.0.2.7 -all", asking=mapped) is Spf.PASS


async def test_a_sender_without_local_part_is_the_postmaster() -> None:
    lookup = NameTable(
        {"b.example": {"TXT": ["v=spf1 exists:%{l}.b.example -all"]}, "postmaster.b.example": {"A": ["1"]}}
    )
    assert await check_host(lookup, "b.example", Asking(ASKING.ip, "b.example", "x")) is Spf.PASS


@given(st.text(st.sampled_from("amxptr:/%{}ilds0129.-+?~=_incluedxsto "), max_size=60))
def test_any_record_is_read_or_refused(text: str) -> None:
    try:
        record = read_record(text)
    except BadRecord:
        return
    for _, mechanism in record.directives:
        spec = getattr(mechanism, "domain", "")
        assert len(expand(spec, ASKING, "b.example")) <= 253 or "." not in expand(spec, ASKING, "b.example")


@pytest.mark.parametrize("length", range(240, 270))
def test_a_long_name_loses_as_few_labels_as_it_must(length: int) -> None:
    name = ("ab." * 100)[-length:] + "example"
    slowly = name
    while len(slowly) > 253 and "." in slowly:
        slowly = slowly.partition(".")[2]
    assert expand(name, ASKING, "b.example") == slowly


def test_a_name_that_expands_without_end_stops_nobody() -> None:
    asking = replace(ASKING, sender="a." * 31 + "a@" + "b." * 90 + "example")
    began = time.process_time()
    assert len(expand("%{s}" * 2000 + ".x", asking, "b.example")) <= 253
    assert time.process_time() - began < 0.5
