"""What a reader has to know before believing a task's figures."""

from __future__ import annotations

import math

from hitl_sim.analysis import Answer, Finding, StudyResult, TaskResult
from hitl_sim.analysis.break_even import AXIS_NAMES
from hitl_sim.analysis.finding import NullCheck
from hitl_sim.analysis.interval import MIN_REPLICATES
from hitl_sim.cost import LabelStanding
from hitl_sim.report.sentence import say

_MOST_CHANGES = 4


def list_checks(task: TaskResult, result: StudyResult) -> tuple[str, ...]:
    """List what a reader has to know before believing a task's figures."""
    checks = [_null_sentence(task), _label_sentence(task, result)]
    if task.without_target:
        checks.append(say("check.without_target", replicates=task.without_target))
    missing = [f for f in task.findings if f.num_missing]
    if missing:
        checks.append(say("check.missing", found=missing))
    if len(task.replicates) < MIN_REPLICATES:
        num = len(task.replicates)
        checks.append(say("check.few", num=num, least=MIN_REPLICATES))
    return tuple(checks)


def _null_sentence(task: TaskResult) -> str:
    if task.null is None:
        return say("check.no_null")
    ratio = task.null.ratio
    if not task.null.holds_one:
        return say("check.null_fails", ratio=ratio)
    unseen = _unseen_sentence(task, task.null)
    return say("check.null_holds", ratio=ratio, unseen=unseen)


def _unseen_sentence(task: TaskResult, null: NullCheck) -> str:
    """Say how large an error of the method the check would not show."""
    low, high = null.ratio.low, null.ratio.high
    most = max(high, 1.0 / low if low > 0.0 else math.inf)
    if math.isinf(most):
        return say("check.unseen_any")
    arms = [f for f in task.findings if f.role == "arm" and f.ratio.value < 1.0]
    best = min(arms, key=lambda f: f.ratio.value, default=None)
    is_hidden = best is not None and best.ratio.value >= low
    return say("check.unseen", most=most, best=best if is_hidden else None)


def _label_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say where the conclusion would differ if the control's labels stood otherwise."""
    standing = result.prices.label_standing
    changes = [
        change
        for finding in task.findings
        if finding.role == "arm"
        for change in _changes(finding, standing)
    ]
    return say(
        "check.labels",
        standing=standing.replace("_", " "),
        changes=changes,
        most=_MOST_CHANGES,
        reason=_unknown_standing(task, result),
    )


def _unknown_standing(task: TaskResult, result: StudyResult) -> str:
    """Say if another standing leaves nothing known because a label's time is not."""
    is_unknown = any(
        case.pays_here is Answer.UNKNOWN and case.measure == "joules"
        for finding in task.findings
        for case in finding.label_cases
        if case.standing == "bought_same_price"
    )
    if result.label_s.is_known or not is_unknown:
        return ""
    return result.label_s.reason


def _changes(finding: Finding, standing: LabelStanding) -> list[str]:
    """Say what another standing of the labels would change for one condition."""
    found: dict[tuple[LabelStanding, Answer], list[str]] = {}
    for case in finding.label_cases:
        is_other = case.pays_here is not finding.at(case.measure).pays_here
        is_known = case.pays_here is not Answer.UNKNOWN
        if case.standing != standing and is_other and is_known:
            axes = found.setdefault((case.standing, case.pays_here), [])
            axes.append(AXIS_NAMES[case.measure])
    return [
        say(
            "check.labels_change",
            finding=finding,
            ends=_ENDS[answer],
            axes=axes,
            standing=other.replace("_", " "),
        )
        for (other, answer), axes in found.items()
    ]


_ENDS = {
    Answer.YES: "pays",
    Answer.NO: "does not pay",
    Answer.UNDETERMINED: "may pay",
    Answer.UNKNOWN: "is unknown",
}
