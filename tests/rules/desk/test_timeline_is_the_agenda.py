"""What is shown to come and what falls due are the same instants, also where clocks change."""

import pytest

from mailsvc.desk.planning.event import What
from mailsvc.desk.planning.timeline import events
from schedules.agenda import DeedKind, agenda
from schedules.edition import Edition
from schedules.planfile import read_plan
from tests.rules.desk.planned import DENSE, EXAMPLES, example

# What falls due for everybody, and what is shown of it.
SHOWN = {
    DeedKind.GATE: {What.GATE},
    DeedKind.HOLD_TOLD: {What.RELEASE_TOLD},
    DeedKind.HOLD_RELEASE: {What.HOLD_END},
    DeedKind.SWITCH: {What.SWITCH_OFF, What.SWITCH_ON},
    DeedKind.BROWN_OUT: {What.BROWN_OUT},
    DeedKind.SERVICE_END: {What.SERVICE_END},
    DeedKind.CONSOLIDATION: {What.CONSOLIDATION},
    DeedKind.PRICE: {What.CONSOLIDATION},
    DeedKind.OPTIONS_LISTED: {What.CONSOLIDATION},
}
CALM = DENSE.replace("gates: [{kind: mail, at_most: 50}]", "gates: [{kind: mail, at_most: 50}], unanswered: proceed")


def agree(edition: Edition) -> None:
    shown = events(edition)
    for kind, whats in SHOWN.items():
        due = {one.at for one in agenda(edition) if one.kind is kind}
        seen = {one.at for one in shown if one.what in whats}
        assert due <= seen if whats == {What.CONSOLIDATION} else due == seen, kind
    told = {one.at for one in agenda(edition) if one.kind in {DeedKind.NOTICE, DeedKind.NOTICE_PAGE} and not one.scope}
    assert told <= {one.at for one in shown if one.what is What.NOTICE}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "America/Sao_Paulo"])
def test_a_plan_in_which_everything_comes_is_shown_as_it_falls_due(zone: str) -> None:
    agree(Edition(read_plan(CALM.replace("Asia/Tokyo", zone), "dense.yaml")))


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.yaml")))
def test_the_example_plans_are_shown_as_they_fall_due(name: str) -> None:
    agree(example(name))
