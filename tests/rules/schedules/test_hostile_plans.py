"""Plan files that were written to do harm: links that run code, files that take hours to read."""

import pytest

from schedules.planfile import read_plan
from schedules.positions import BadFile
from tests.rules.schedules.plans import plan, text

STAGES = {"announce": "2022-01-11", "receive-end": "2024-02-01", "purge": "2024-12-01"}
NAMED = "title: {ja: 窓口, en: desk}"


@pytest.mark.parametrize(
    "section", [f"desks: [{{id: a, purpose: closure, {NAMED}, url: %s}}]", f"offers: [{{{NAMED}, url: %s}}]"]
)
@pytest.mark.parametrize(
    "url",
    [
        "'javascript:alert(1)//https://www.example/'",
        "'data:text/html,https://www.example/'",
        "'https://www.example/ onclick=x'",
        r'"https://www.example/\nX: y"',
        "'ftp://www.example/'",
    ],
)
def test_a_link_is_a_web_page_from_its_first_sign_to_its_last(section: str, url: str) -> None:
    with pytest.raises(BadFile, match="url"):
        read_plan(text(STAGES, more=section % url), "small.yaml")
    assert plan(STAGES, more=section % "'https://www.example/a?b=c#d'")
