"""Whatever goes into quarantine: only people of ours who are named are told, and never in a stranger's words."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from filters.scan import Unreadable
from filters.verdict import Because
from mailsvc.records.cases import INFECTED, Case, Recipient, unread
from schedules.names import Address
from tests.rules.notices.scene import DAY, case, scene

# Words by which a stranger's text would be known again, wherever it stood.
WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=40)
NAMES = st.text("abcxyz.+", min_size=1, max_size=9)
ADDRESSES = st.builds(
    lambda local, domain: Address.parse(f"{local}@{domain}"),
    NAMES,
    st.sampled_from(["closing.example", "CLOSING.example", "elsewhere.example", "sub.closing.example"]),
)
SENDERS = st.one_of(st.just(""), ADDRESSES.map(str), st.just('"https://x.example/ y"@elsewhere.example'))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    recipients = draw(st.lists(ADDRESSES, min_size=1, max_size=4))
    return case(
        "",
        client_kind=draw(st.sampled_from(["world", "inbound", "submission"])),
        mail_from=draw(SENDERS),
        sender_local=draw(st.booleans()),
        accepted=draw(st.booleans()),
        why=draw(st.sampled_from([INFECTED, *map(unread, Unreadable)])),
        threat=_marked(draw(WORDS)),
        helo=_marked(draw(WORDS)),
        recipients=tuple(Recipient(str(one), str(one), Because.LIVE) for one in recipients),
    )


def _marked(words: str) -> str:
    return f"STRANGER{words.replace(chr(0), '')}STRANGER"


@given(
    made=st.lists(cases(), min_size=1, max_size=3),
    tell=st.lists(ADDRESSES, max_size=4),
    subject=WORDS.map(_marked),
    body=WORDS.map(_marked),
)
def test_only_ours_are_told_and_nothing_of_a_stranger(
    made: list[Case], tell: list[Address], subject: str, body: str
) -> None:
    asyncio.run(_told(made, tell, f"Subject: {subject}\r\n\r\n{body}\r\n".encode()))


async def _told(made: list[Case], tell: list[Address], octets: bytes) -> None:
    ours = {(one.key, one.domain) for one in tell if str(one.domain) == "closing.example"}
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as stage:
            for number, one in enumerate(made):
                await stage.keep(replace(one, id=f"K{number}"), *tell, octets=octets)
                await stage.notices.round()
            stage.clock.advance(DAY)
            await stage.notices.round()
            told = {(one.key, one.domain) for one in map(Address.parse, stage.recipients())}
            assert told == ours
            assert len(stage.queued()) == len(ours) * min(len(made), 2)
            assert {one.mail_from for one in stage.queued()} <= {""}
            for letter in await stage.letters():
                assert "STRANGER" not in letter.as_string()
                assert "STRANGER" not in letter.get_content()
                assert "://" not in letter.get_content()
