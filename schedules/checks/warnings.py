"""What a plan may say but is seldom meant: told as warnings, and never a reason to refuse it.

plan_warnings(plan, now)
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain

from schedules.blocks.scopes import Scope
from schedules.checks.draft import told
from schedules.names import DomainName
from schedules.plan import QUEUE_LIFE, Plan
from schedules.positions import Position, Problem
from schedules.words import Capability, Power, Stage
from schedules.yamlfile import did_you_mean

# Fair notice before mail stops is asked for by terms (KY-11); good practice is two years (SK-13).
FAIR_NOTICE = timedelta(days=30)


def plan_warnings(plan: Plan, now: datetime | None = None) -> list[Problem]:
    """What a plan may say but is seldom meant, in order of place; an empty list where nothing stands out.

    With `now`, dates that are past are told as well.
    """
    found = (
        _notice_warnings(plan),
        _stage_warnings(plan) if plan.domains else (),
        _null_mx_warnings(plan),
        _successor_warnings(plan),
        _domain_warnings(plan),
        _course_warnings(plan),
        _scope_warnings(plan),
        _past_warnings(plan, now) if now is not None else (),
    )
    return sorted(set(chain.from_iterable(found)))


def _notice_warnings(plan: Plan) -> Iterator[Problem]:
    announce, end = plan.stages.get(Stage.ANNOUNCE), plan.stages.get(Stage.RECEIVE_END)
    if announce is None:
        yield Problem(plan.source, "nothing is announced", "add the stage `announce`")
    elif end is not None and end.at.timestamp() - announce.at.timestamp() < FAIR_NOTICE.total_seconds():
        what = f"`receive-end` comes less than {FAIR_NOTICE.days} days after `announce`"
        yield Problem(end.source, what, "give subscribers more time; two years are good practice")
    if not plan.notice_url:
        yield Problem(plan.source, "replies name no page about the end", "add `notice_url`")


def _stage_warnings(plan: Plan) -> Iterator[Problem]:
    end = plan.stages.get(Stage.RECEIVE_END)
    if end is None:
        yield Problem(plan.source, "mail never ends", "add the stage `receive-end`")
        for one in plan.brown_outs:
            yield Problem(one.source, "a brown-out without an end to rehearse", "add the stage `receive-end`")
    elif end.soft_for > QUEUE_LIFE:
        what = f"`soft_for` is longer than senders' queues keep trying ({QUEUE_LIFE.days} days)"
        yield Problem(end.source, what, "shorten it: senders learn of the end only when it is over")
    read_end = plan.stages.get(Stage.READ_END)
    if read_end is not None and end is not None and read_end.at.timestamp() < end.at.timestamp():
        yield Problem(read_end.source, "`read-end` comes before `receive-end`", "nobody could read the mail in between")
    if Stage.PURGE in plan.stages:
        needed: Iterable[Stage] = (Stage.RECEIVE_END, Stage.READ_END, Stage.EXPORT_END)
        for stage in needed:
            if stage not in plan.stages:
                source = plan.stages[Stage.PURGE].source
                yield Problem(source, f"mail is purged, but there is no `{stage}`", f"add the stage `{stage}`")


def _null_mx_warnings(plan: Plan) -> Iterator[Problem]:
    """A domain whose mail records go while nothing ends receiving or forwarding before (RFC 7505)."""
    line = plan.stages.get(Stage.DNS_END)
    if line is None:
        return
    for stage, capability in ((Stage.RECEIVE_END, Capability.RECEIVE), (Stage.FORWARD_END, Capability.FORWARD)):
        switched = any(Power(capability) in one.capabilities and one.scope == Scope() for one in plan.switches)
        if stage not in plan.stages and not switched:
            what = f"`dns-end` takes the mail records down, but nothing ends `{capability}` before"
            yield Problem(line.source, what, f"add the stage `{stage}`")


def _successor_warnings(plan: Plan) -> Iterator[Problem]:
    line, end = plan.stages.get(Stage.SUCCESSOR), plan.stages.get(Stage.RECEIVE_END)
    if line is None:
        return
    host = line.to.removeprefix("smtp://").rpartition(":")[0]
    if not host.startswith("[") and plan.closeness(DomainName.parse(host)) is not None:
        what = f"the successor's host {host} has a name that this plan ends"
        yield Problem(line.source, what, "name a host whose name stays")
    if end is not None and end.at.timestamp() == line.at.timestamp():
        what = "`receive-end` comes with `successor`, so nothing is ever handed over"
        yield Problem(end.source, what, "let mail be received while it goes to the successor")


def _domain_warnings(plan: Plan) -> Iterator[Problem]:
    if not plan.domains:
        yield Problem(plan.source, "no mail domains are named, so no mail ends", "add `domains` where some end")
    for pattern in plan.domains:
        apex = pattern.removeprefix("*.")
        if apex != pattern and apex not in plan.domains:
            remedy = f"add {apex} if it ends too"
            yield Problem(Position(plan.source.file), f"`{pattern}` does not cover {apex} itself", remedy)


def _course_warnings(plan: Plan) -> Iterator[Problem]:
    """Courses that a switch names, and no rule of the contracts."""
    terms = plan.terms
    rules = [*terms.ends, *terms.minimum_terms, *terms.costs, *terms.removal_work, *terms.media]
    known = {course for rule in rules for course in rule.whom.courses}
    known |= {course for renewal in terms.renewals for course in renewal.courses}
    for change in terms.course_changes:
        known |= {change.to, *change.any_time, *change.at_renewal}
    if not known:
        return
    for switch in plan.switches:
        for course in sorted({power.course for power in switch.capabilities} - known - {""}):
            what = f"no rule of `terms` speaks of the course {course}"
            yield Problem(switch.source, what, did_you_mean(course, known))


def _scope_warnings(plan: Plan) -> Iterator[Problem]:
    """Stages that an exception gives to its addresses, and that come for nobody else."""
    for one in plan.exceptions:
        for stage in one.stages:
            if stage not in plan.stages:
                what = f"`{stage}` comes for {one.scope} alone"
                yield Problem(one.source, what, f"add `{stage}` to the stages if it is meant for all")


def _past_warnings(plan: Plan, now: datetime) -> Iterator[Problem]:
    """Dates that had come already at `now`."""
    remedy = "nothing to do where the plan is to be read as it was, else correct the date"
    for line in plan.stages.values():
        if line.at.timestamp() <= now.timestamp():
            yield Problem(line.source, f"`{line.stage}` is past ({told(line.at)})", remedy)
    for hold in plan.holds:
        if hold.until.timestamp() <= now.timestamp():
            yield Problem(hold.source, f"this hold is over ({told(hold.until)})", remedy)
