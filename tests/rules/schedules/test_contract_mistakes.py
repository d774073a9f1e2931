import pytest

from schedules.planfile import read_plan
from tests.rules.schedules.mistakes import HEAD, STAGES, TEXT, TITLE, problems


def service(more: str) -> str:
    return f"services:\n  - id: adsl\n    {TITLE}\n{more}"


def waits(*lines: str) -> str:
    return service("    waits:\n" + "".join(f"      - {{{line}, {TEXT}}}\n" for line in lines))


def table(*rows: str) -> str:
    made = "".join(f"          - {{when: {{{row}}}, {TEXT}}}\n" for row in rows)
    return service(f"    tables:\n      - id: t\n        {TITLE}\n        by: [area, model]\n        rows:\n{made}")


def terms(*lines: str) -> str:
    return "terms:\n" + "".join(f"  {line}\n" for line in lines)


DESK = "desks: [{id: leaving, purpose: cancelling, title: {ja: 窓口, en: desk}}]\n"

# One mistake each: what stands from line 13 on, where it is told, and how.
ONE_EACH = {
    "a notice twice": (
        f"notices:\n  - {{id: a, stage: purge, {TEXT}}}\n  - {{id: a, stage: purge, {TEXT}}}",
        "15:5",
        "the notice `a` is written twice, first in line 14",
    ),
    "a service twice": (f"services: [{{id: a, {TITLE}}}, {{id: a, {TITLE}}}]", "13:48", "the service `a` is written"),
    "advice twice": (f"advice: [{{id: a, {TEXT}}}, {{id: a, {TEXT}}}]", "13:45", "the advice `a` is written twice"),
    "a desk twice": (DESK.replace("]\n", ", " + DESK[8:-2] + "]"), "13:72", "the desk `leaving` is written twice"),
    "a deadline twice": (
        terms(*["deadlines:", *[f"  - {{id: d, {TITLE}, days: 5, loses: {{ja: 番号, en: it}}}}"] * 2]),
        "16:7",
        "the deadline `d` is written twice",
    ),
    "a minimum term twice": (
        terms("minimum_terms:", *[f"  - {{id: m, {TITLE}, months: 3, yen: 1}}"] * 2),
        "16:7",
        "the minimum term `m` is written twice",
    ),
    "a cost twice": (
        terms("costs:", *[f"  - {{id: c, {TITLE}, yen: 1}}"] * 2),
        "16:7",
        "the cost `c` is written twice",
    ),
    "a route twice": (terms("routes:", *[f"  - {{id: r, {TITLE}}}"] * 2), "16:7", "the route `r` is written twice"),
    "a route of a service twice": (
        service(f"    routes: [{{id: r, {TITLE}}}, {{id: r, {TITLE}}}]"),
        "16:50",
        "the route `r` is written twice",
    ),
    "a table twice": (
        service(f"    tables: [{', '.join([f'{{id: t, {TITLE}, by: a, rows: [{{when: {{a: b}}, {TEXT}}}]}}'] * 2)}]"),
        "16:107",
        "the table `t` is written twice",
    ),
    "a desk that is mistyped": (
        DESK + terms(f"routes: {{id: r, {TITLE}, desk: leavng}}"),
        "15:11",
        "there is no desk `leavng`",
    ),
    "a desk where there are none": (terms("succession: {desk: leaving}"), "14:15", "there is no desk `leaving`"),
    "a desk for a medium": (
        DESK + terms("media: {whom: {types: a}, media: paper, desk: other}"),
        "15:10",
        "there is no desk `other`",
    ),
    "a desk that only opens": (
        DESK.replace("}]", ", opens: 10:00}]").replace("desk}, opens", "desk}, opens"),
        "13:9",
        "opens or closes, not both",
    ),
    "a service that breaks itself": (
        service("    dependants: {affects: adsl, effect: {ja: 影響, en: effect}}"),
        "16:17",
        "`adsl` cannot break itself",
    ),
    "a service that is mistyped": (
        service(f"    dependants: {{affects: ip-fone, effect: {{ja: 影, en: e}}}}\n  - {{id: ip-phone, {TITLE}}}"),
        "16:17",
        "there is no service `ip-fone`",
    ),
    "a table without that column": (table("area: east, colour: red, model: a"), "21:13", "has no column `colour`"),
    "a mistyped column": (table("area: east, modell: a"), "21:13", "the table has no column `modell`"),
    "a row that says too little": (table("area: east"), "21:13", "this row says nothing of `model`"),
    "a row that never holds": (
        table("area: [east, west], model: a", "area: west, model: a"),
        "22:13",
        "the row in line 21 speaks of all that this one does",
    ),
    "a wait that ends before it begins": (waits("from_day: 5, to_day: 4"), "17:9", "ends before it begins"),
    "waits that overlap": (waits("to_day: 31", "from_day: 31"), "18:9", "begins on day 31, when the one in line 17"),
    "waits with a gap": (waits("to_day: 31", "from_day: 33"), "18:9", "between day 31 (line 17) and day 33 nothing"),
    "a wait after one for ever": (waits("from_day: 1", "from_day: 33"), "18:9", "still holds"),
    "an end that is never reached": (
        terms("ends:", "  - {rule: month-end}", "  - {rule: receipt-day, media: paper}"),
        "16:7",
        "this rule is never reached: the one in line 15",
    ),
    "an end below a wider one": (
        terms("ends:", "  - {rule: month-end, whom: {courses: [a, b]}}", "  - {rule: month-end, whom: {courses: a}}"),
        "16:7",
        "this rule is never reached",
    ),
    "removal work that is never reached": (
        terms("removal_work:", "  - {earliest_days: 6}", "  - {earliest_days: 10, whom: {areas: west}}"),
        "16:7",
        "this rule is never reached",
    ),
    "a course renewed in two ways": (
        terms("renewals:", "  - {courses: [a, b], months: 12}", "  - {courses: b, months: 24}"),
        "16:7",
        "how b is renewed is written twice, first in line 15",
    ),
    "a change to one course twice": (
        terms("course_changes:", *[f"  - {{to: a, {TITLE}}}"] * 2),
        "16:7",
        "the change to a is written twice",
    ),
    "a change at any time and at a renewal": (
        terms(f"course_changes: {{to: a, {TITLE}, any_time: [b, c], at_renewal: c}}"),
        "14:19",
        "c may change at any time, so not only at a renewal",
    ),
    "a reminder before there is anything to remind of": (
        terms(f"deadlines: {{id: d, {TITLE}, days: 5, reminders: 5 days, loses: {{ja: 番号, en: it}}}}"),
        "14:14",
        "has 5 days in all",
    ),
    "a day both closed and open": (
        terms("calendar: {closed: 2024-01-04, open: 2024-01-04}"),
        "14:13",
        "2024-01-04 is both closed and open",
    ),
    "a way of paying twice": (
        terms("invoices:", "  payments:", "    - {method: bank}", "    - {method: bank, day: 27}"),
        "17:9",
        "paying by bank is written twice",
    ),
    "a certificate for nobody": (
        terms("certificate: {to_closing: no, to_contact: no}"),
        "14:16",
        "this certificate goes to nobody",
    ),
    "an option that becomes two": (
        "consolidation:\n  at: 2024-03-01\n  account: joint\n  options:\n"
        + f"    - {{option: a, becomes: b, {TITLE}}}\n" * 2,
        "18:7",
        "what a becomes is written twice",
    ),
    "a price that changes twice": (
        "consolidation:\n  at: 2024-03-01\n  account: joint\n  prices:\n"
        + f"    - {{service: a, old: 1, new: 2, {TITLE}}}\n" * 2,
        "18:7",
        "the price of a is written twice",
    ),
    "a rule that is mistyped": (
        terms("ends: {rule: month-ends}"),
        "14:16",
        "`month-ends` is not one of the known words",
    ),
    "a rule without its word": (terms("ends: {business_days: 3}"), "14:9", "`rule` is missing"),
    "a key that is mistyped": (terms("ends: {rule: month-end, business_day: 3}"), "14:27", "is not known"),
    "the place of a block": (terms("ends: {rule: month-end, source: here}"), "14:35", "this key is not known"),
    "half a month": (terms("invoices: {late_percent: 14.55555}"), "14:28", "cannot be read"),
}


@pytest.mark.parametrize("name", ONE_EACH)
def test_one_mistake_is_one_error_at_its_place(name: str) -> None:
    more, place, what = ONE_EACH[name]
    found = problems(f"{HEAD}{STAGES}{more}\n")
    assert [str(problem) for problem in found if what not in problem.what] == []
    assert [f"{problem.position.line}:{problem.position.column}" for problem in found] == [place]
    assert found[0].remedy


def test_renewals_that_are_cut_need_an_end_to_be_cut_at() -> None:
    renewals = terms("renewals: {courses: a, months: 12}")
    assert [problem.what for problem in problems(HEAD + renewals)] == [
        "renewals are cut at the end of the service, but the plan has none"
    ]
    assert read_plan(HEAD + STAGES + renewals, "p.yaml").terms.renewals
    assert read_plan(HEAD + renewals.replace("12}", "12, cut: no}"), "p.yaml").terms.renewals
    assert read_plan(HEAD + renewals + "  last_month_of: end of 2024-01\n", "p.yaml").terms.renewals


def test_a_consolidation_comes_with_its_mail() -> None:
    told = problems(
        HEAD + "stages:\n  successor: {at: 2024-02-01, to: 'smtp://mx.next.example'}\n"
        "consolidation: {at: 2024-03-01, account: joint}\n"
    )
    assert [str(problem) for problem in told] == [
        (
            "p.yaml:8:16: accounts move at another time (2024-03-01) than mail (2024-02-01, line 7): "
            "give both the same date"
        )
    ]


@pytest.mark.parametrize(
    "more",
    [
        terms("ends:", "  - {rule: month-end, media: online}", "  - {rule: receipt-day, media: paper}"),
        terms("ends:", "  - {rule: month-end, whom: {has: mail}}", "  - {rule: receipt-day}"),
        terms("ends:", "  - {rule: month-end, whom: {courses: a}}", "  - {rule: month-end, whom: {courses: [a, b]}}"),
        terms("ends:", "  - {rule: month-end, whom: {has: a, lacks: b}}", "  - {rule: month-end, whom: {has: a}}"),
        waits("to_day: 31", "from_day: 32, to_day: 40", "from_day: 41"),
        waits("to_day: 31, whom: {has: a}", "from_day: 10, whom: {has: b}"),
        table("area: east, model: a", "area: east, model: b"),
        service("    dependants: {affects: television, effect: {ja: 影響, en: effect}}"),
        service("    dependants: {affects: receive, effect: {ja: 影響, en: effect}}"),
        DESK.replace("}]", ", opens: 10:00, closes: 18:00}]"),
    ],
)
def test_what_only_looks_like_a_mistake_is_read(more: str) -> None:
    assert read_plan(HEAD + STAGES + more, "p.yaml").stages


def test_what_cannot_be_read_is_not_told_as_missing() -> None:
    broken = DESK.replace("cancelling", "canceling") + terms(f"routes: {{id: r, {TITLE}, desk: leaving}}")
    assert [str(problem.position) for problem in problems(HEAD + STAGES + broken)] == ["p.yaml:13:32"]
    stages = STAGES.replace("read-end: 2024-04-01", "read-end: someday")
    notice = f"notices: [{{id: a, stage: read-end, {TEXT}}}]\nholds: [{{until: 2025-01-01, stages: read-end, "
    found = problems(HEAD + stages + notice + "reason: {ja: 理由, en: why}}]\n")
    assert [str(problem.position) for problem in found] == ["p.yaml:9:13"]
    gap = waits("to_day: 31", "from_day: 32, to_day: soon", "from_day: 41")
    assert [str(problem.position) for problem in problems(HEAD + STAGES + gap)] == ["p.yaml:18:32"]


def test_what_stands_beside_a_mistake_is_checked_all_the_same() -> None:
    found = problems(HEAD.replace("Asia/Tokyo", "Asia/Tokio") + STAGES + waits("to_day: x", "from_day: 5, to_day: 4"))
    assert [str(problem.position) for problem in found] == ["p.yaml:2:7", "p.yaml:17:18", "p.yaml:18:9"]
