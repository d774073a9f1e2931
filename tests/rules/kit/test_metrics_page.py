"""The page about /metrics names everything that is counted, and nothing else."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from mailsvc.kit.metrics import Metrics

PAGE = Path(__file__).parents[3] / "docs" / "METRICS.md"


def test_every_metric_has_its_row() -> None:
    counted = {family.name for family in Metrics(CollectorRegistry()).registry.collect()}
    told = set(re.findall(r"`(lastpost_[a-z_]+)`", PAGE.read_text().split("Worth an alarm")[0]))
    assert told == counted
