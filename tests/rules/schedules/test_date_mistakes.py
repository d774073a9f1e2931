import pytest

from tests.rules.schedules.mistakes import HEAD, STAGES, TEXT, WHY, problems

# One mistake each: what stands below HEAD and STAGES (they fill lines 1 to 12), where it is told, and how.
ONE_EACH = {
    "two gates of one kind": (
        "",
        STAGES.replace(
            "purge: 2024-06-01",
            "purge: {at: 2024-06-01, gates: [{kind: told, at_least: 9 %}, {kind: told, at_least: 8 %}]}",
        ),
        "11:15",
        "`purge` has two gates of the kind `told`",
    ),
    "a gate that never opens": (
        "",
        STAGES.replace("announce: 2022-01-11", "announce: {at: 2022-01-11, gates: {kind: told, at_least: 9 %}}"),
        "7:18",
        "this gate never opens",
    ),
    "purge that would proceed": (
        "",
        STAGES.replace("purge: 2024-06-01", "purge: {at: 2024-06-01, unanswered: proceed}"),
        "11:15",
        "cannot be taken back",
    ),
    "an answer to no gate": (
        "",
        STAGES.replace("read-end: 2024-04-01", "read-end: {at: 2024-04-01, unanswered: proceed}"),
        "9:18",
        "has no gates that could be unanswered",
    ),
    "a successor at the wrong stage": (
        "",
        STAGES.replace("read-end: 2024-04-01", "read-end: {at: 2024-04-01, to: 'smtp://mx.next.example'}"),
        "9:18",
        "`to` has no meaning at `read-end`",
    ),
    "less notice than asked for": ("shortest_notice: 800 days", STAGES, "8:16", "less than 800 days after `announce`"),
    "a brown-out in the last five days": (
        "brown_outs: [{from: 2024-01-26, until: 2024-01-28}]",
        STAGES,
        "13:14",
        "not over 5 days before `receive-end`",
    ),
    "an exception in an impossible order": (
        f"exceptions: [{{scope: {{area: a}}, stages: {{export-end: 2024-07-01}}, {WHY}}}]",
        STAGES,
        "13:14",
        "for area a, `purge` (2024-06-01, line 11) comes before `export-end` (2024-07-01)",
    ),
    "an exception that is impossible with a wider one": (
        (
            f"exceptions:\n  - {{scope: {{domain: closing.example}}, stages: {{read-end: 2024-03-01}}, {WHY}}}\n"
            f"  - {{scope: {{domain: closing.example, area: a}}, stages: {{read-only: 2024-03-15}}, {WHY}}}"
        ),
        STAGES,
        "15:5",
        "`read-end` (2024-03-01, line 14) comes before `read-only` (2024-03-15)",
    ),
    "an exception with too little notice": (
        f"exceptions: [{{scope: {{area: a}}, stages: {{receive-end: 2022-01-20}}, {WHY}}}]",
        STAGES,
        "13:14",
        "for area a, `receive-end` (2022-01-20) comes less than 30 days after `announce`",
    ),
    "an exception beside a brown-out": (
        (
            "brown_outs: [{from: 2023-12-01, until: 2023-12-02}]\n"
            f"exceptions: [{{scope: {{area: a}}, stages: {{receive-end: 2023-12-05}}, {WHY}}}]"
        ),
        STAGES,
        "14:14",
        "the brown-out in line 13 is not over 5 days before `receive-end`",
    ),
    "an exception that moves the purge of a group": (
        f"exceptions: [{{scope: {{group: g}}, stages: {{purge: 2024-07-01}}, {WHY}}}]",
        STAGES,
        "13:14",
        "`purge` comes for a domain as a whole, and not for group g alone",
    ),
    "an exception that moves dns-end below a wildcard": (
        f"exceptions: [{{scope: {{domain: a.sub.example}}, stages: {{dns-end: 2025-07-01}}, {WHY}}}]",
        STAGES,
        "13:14",
        "can be moved for a domain only that stands in `domains`",
    ),
    "an exception for everybody": (
        f"exceptions: [{{scope: {{}}, stages: {{read-end: 2024-04-02}}, {WHY}}}]",
        STAGES,
        "13:14",
        "an exception for everybody is none",
    ),
    "an exception without stages": (
        f"exceptions: [{{scope: {{area: a}}, stages: {{}}, {WHY}}}]",
        STAGES,
        "13:41",
        "`exceptions.0.stages`",
    ),
    "an exception said twice": (
        (
            f"exceptions:\n  - {{scope: {{area: a}}, stages: {{read-end: 2024-04-02}}, {WHY}}}\n"
            f"  - {{scope: {{area: a}}, stages: {{read-end: 2024-04-03}}, {WHY}}}"
        ),
        STAGES,
        "15:5",
        "`read-end` for area a is written twice, first in line 14",
    ),
    "an address outside the domains": (
        f"holds: [{{scope: {{address: a@b.example}}, until: 2025-01-01, {WHY}}}]",
        STAGES,
        "13:9",
        "`scope` (address a@b.example) lies outside the plan's domains",
    ),
    "a switch outside the domains": (
        f"switches: [{{scope: {{domain: b.example}}, capabilities: send, off: 2023-01-01, {WHY}}}]",
        STAGES,
        "13:12",
        "`scope` (domain b.example) lies outside the plan's domains",
    ),
    "a switch that is on before it is off": (
        f"switches: [{{capabilities: send, off: 2023-01-01, on: 2023-01-01, {WHY}}}]",
        STAGES,
        "13:12",
        "on again (2023-01-01) before it is off (2023-01-01)",
    ),
    "a power named twice": (
        f"switches: [{{capabilities: [send, send], off: 2023-01-01, {WHY}}}]",
        STAGES,
        "13:12",
        "`send` is named twice",
    ),
    "a switch within another": (
        (
            f"switches:\n  - {{capabilities: [send, read], off: 2023-01-01, {WHY}}}\n"
            f"  - {{capabilities: send, off: 2023-05-01, {WHY}}}"
        ),
        STAGES,
        "15:5",
        "`send` is off already by the switch in line 14",
    ),
    "a course where none can be": (
        f"switches: [{{capabilities: 'send:yearly', off: 2023-01-01, {WHY}}}]",
        STAGES,
        "13:27",
        "`send:yearly` cannot name a course",
    ),
    "a hold that ends before the announcement": (
        f"holds: [{{until: 2021-01-01, {WHY}}}]",
        STAGES,
        "13:9",
        "this hold ends (2021-01-01) before it begins: `announce` is 2022-01-11 (line 7)",
    ),
    "a hold without effect": (
        f"holds: [{{until: 2024-01-01, stages: [purge, read-end], {WHY}}}]",
        STAGES,
        "13:9",
        "this hold has no effect: `read-end` comes later (2024-04-01)",
    ),
    "a hold of a stage that never comes": (
        f"holds: [{{until: 2025-01-01, stages: freeze, {WHY}}}]",
        STAGES,
        "13:9",
        "the plan has no `freeze` to hold",
    ),
    "a hold of the announcement": (
        f"holds: [{{until: 2025-01-01, stages: [announce, purge], {WHY}}}]",
        STAGES,
        "13:9",
        "`announce` cannot be held",
    ),
    "a hold of a successor for one address": (
        f"holds: [{{scope: {{group: g}}, until: 2025-01-01, stages: successor, {WHY}}}]",
        STAGES + "  successor: {at: 2024-01-01, to: 'smtp://mx.next.example'}\n",
        "14:9",
        "does not wait for group g",
    ),
    "a legal order without an end": (
        f"holds: [{{legal_order: 令和6年第1号, {WHY}}}]",
        STAGES,
        "13:9",
        "`holds.0.until` is missing",
    ),
    "a notice with neither stage nor dates": (f"notices: [{{id: a, {TEXT}}}]", STAGES, "13:11", "neither a stage nor"),
    "a notice with both": (
        f"notices: [{{id: a, stage: purge, at: 2024-01-01, {TEXT}}}]",
        STAGES,
        "13:11",
        "both a stage and dates of its own",
    ),
    "a notice of dates before nothing": (
        f"notices: [{{id: a, at: 2024-01-01, before: 3 days, {TEXT}}}]",
        STAGES,
        "13:11",
        "no stage to be before or after",
    ),
    "a notice of a stage the plan lacks": (
        f"notices: [{{id: a, stage: freeze, {TEXT}}}]",
        STAGES,
        "13:11",
        "belongs to `freeze`, which the plan lacks",
    ),
    "a notice twice at one time": (
        f"notices: [{{id: a, stage: purge, before: [7 days, 1 w], {TEXT}}}]",
        STAGES,
        "13:11",
        "told twice at one time",
    ),
    "a letter to the world": (
        f"notices: [{{id: a, stage: purge, to: world, by: letter, {TEXT}}}]",
        STAGES,
        "13:11",
        "for the world by letter",
    ),
    "a page for subscribers alone": (
        f"notices: [{{id: a, stage: purge, by: page, {TEXT}}}]",
        STAGES,
        "13:11",
        "for subscribers by the page alone",
    ),
    "administrators by what they have": (
        f"notices: [{{id: a, stage: purge, to: administrators, whom: {{has: mail}}, {TEXT}}}]",
        STAGES,
        "13:11",
        "`whom` and `until_done` say nothing",
    ),
    "a capability that a notice cannot have": (
        f"notices: [{{id: a, stage: purge, by: fax, {TEXT}}}]",
        STAGES,
        "13:37",
        "`fax` is not one of the known words",
    ),
}


@pytest.mark.parametrize("name", ONE_EACH)
def test_one_mistake_is_one_error_at_its_place(name: str) -> None:
    more, stages, place, what = ONE_EACH[name]
    found = problems(f"{HEAD}{stages}{more}\n")
    assert [str(problem) for problem in found if what not in problem.what] == []
    assert [f"{problem.position.line}:{problem.position.column}" for problem in found] == [place]
    assert found[0].remedy
