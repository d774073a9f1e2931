"""Small plans with one mistake, and what is told of them."""

import pytest

from schedules.planfile import read_plan
from schedules.positions import BadFile, Problem

HEAD = """\
plan: small
zone: Asia/Tokyo
domains: [closing.example, "*.sub.example"]
title: {ja: 終了, en: the end}
reason: {ja: 終了しました, en: it has ended}
"""
STAGES = """\
stages:
  announce: 2022-01-11
  receive-end: 2024-02-01
  read-end: 2024-04-01
  export-end: 2024-05-01
  purge: 2024-06-01
  forward-end: 2024-07-01
"""
WHY = "reason: {ja: 理由, en: why}"
TEXT = "text: {ja: 文, en: words}"
TITLE = "title: {ja: 題, en: title}"


def problems(source: str) -> tuple[Problem, ...]:
    """What is wrong with a plan."""
    with pytest.raises(BadFile) as caught:
        read_plan(source, "p.yaml")
    return caught.value.problems
