"""Sentences of any letters go into a plan file and come out again."""

from types import MappingProxyType
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from schedules.plan import Plan, StageLine
from schedules.planfile import print_plan, read_plan
from schedules.text import Text
from schedules.words import Stage, Suspension

SENTENCE = Text("理由", "reason")
SENTENCES = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\"'#:-? \ufeff")).map(
    lambda text: " ".join(text.split())
)


@given(SENTENCES.filter(bool), SENTENCES.filter(bool))
def test_texts_print_and_read_back(ja: str, en: str) -> None:
    domains, title = ("*.x.example",), Text(ja, en)
    stages: MappingProxyType[Stage, StageLine] = MappingProxyType({})
    plan = Plan("p", ZoneInfo("UTC"), domains, stages, (), Suspension.REFUSE, "https://x/", SENTENCE, title)
    assert read_plan(print_plan(plan), "printed.yaml") == plan
