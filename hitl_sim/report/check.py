"""What a reader has to know before believing a task's figures."""

from __future__ import annotations

import math

from hitl_sim.analysis import Answer, Finding, StudyResult, TaskResult
from hitl_sim.analysis.break_even import AXIS_NAMES
from hitl_sim.analysis.finding import NullCheck
from hitl_sim.analysis.interval import MIN_REPLICATES
from hitl_sim.cost import LabelStanding
from hitl_sim.report.number import RHO, digits, join_words, percent, ratio_text

_MOST_CHANGES = 4
_DOUBLE = 2.0
"""Ratio from which on a difference is told as a factor, not in per cent."""


def list_checks(task: TaskResult, result: StudyResult) -> tuple[str, ...]:
    """List what a reader has to know before believing a task's figures."""
    checks = [_null_sentence(task), _label_sentence(task, result)]
    if task.without_target:
        checks.append(
            "Replicates without a target, since their pilot did not stay finite, are"
            f" left out of every arm: {', '.join(map(str, task.without_target))}."
        )
    missing = [f for f in task.findings if f.num_missing]
    if missing:
        names = "; ".join(f"{f.label}: {f.num_missing}" for f in missing)
        checks.append(
            f"Replicates without a record yet, left out of the pair: {names}."
        )
    if len(task.replicates) < MIN_REPLICATES:
        checks.append(
            f"{len(task.replicates)} replicates cannot bound anything at 95 %: run at"
            f" least {MIN_REPLICATES}."
        )
    return tuple(checks)


def _null_sentence(task: TaskResult) -> str:
    if task.null is None:
        return (
            "A/A: the study has no copy of its control, so nothing checks the method."
        )
    text = ratio_text(task.null.ratio)
    if task.null.holds_one:
        return (
            f"A/A: the control beside its own copy gives {RHO} = {text}, which holds 1."
            f" {_unseen_sentence(task, task.null)}"
        )
    return (
        f"A/A: the control beside its own copy gives {RHO} = {text}, which does NOT"
        " hold 1. One sound study in twenty does so; until it is rerun with another"
        f" seed, no other {RHO} here should be relied on."
    )


def _unseen_sentence(task: TaskResult, null: NullCheck) -> str:
    """Say how large an error of the method the check would not show."""
    low, high = null.ratio.low, null.ratio.high
    most = max(high, 1.0 / low if low > 0.0 else math.inf)
    if math.isinf(most):
        return "No error of the method, however large, would show in it."
    error = percent(most - 1.0) if most < _DOUBLE else f"a factor of {digits(most)}"
    arms = [f for f in task.findings if f.role == "arm" and f.ratio.value < 1.0]
    best = min(arms, key=lambda f: f.ratio.value, default=None)
    if best is None or best.ratio.value < low:
        return f"An error of the method of up to {error} would not show in it."
    return (
        f"An error of the method of up to {error} would not show in it, and so none as"
        f" large as the largest saving ({best.label}, {RHO} ="
        f" {digits(best.ratio.value)})."
    )


def _label_sentence(task: TaskResult, result: StudyResult) -> str:
    """Say where the conclusion would differ if the control's labels stood otherwise."""
    standing = result.prices.label_standing
    changes = [
        change
        for finding in task.findings
        if finding.role == "arm"
        for change in _changes(finding, standing)
    ]
    labels = f"Labels of the pool are {standing.replace('_', ' ')}"
    unknown = _unknown_standing(task, result)
    if not changes:
        return f"{labels}; no conclusion would differ if they were not{unknown}."
    shown = "; ".join(changes[:_MOST_CHANGES])
    left = len(changes) - _MOST_CHANGES
    more = f"; and {left} more" if left > 0 else ""
    return f"{labels}. The conclusion would differ: {shown}{more}{unknown}."


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
    return f"; if bought same price nothing is known, since {result.label_s.reason}"


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
        f"{finding.label} {_case_words(answer)} in {join_words(axes)} if"
        f" {other.replace('_', ' ')}"
        for (other, answer), axes in found.items()
    ]


def _case_words(answer: Answer) -> str:
    return {
        Answer.YES: "pays",
        Answer.NO: "does not pay",
        Answer.UNDETERMINED: "may pay",
        Answer.UNKNOWN: "is unknown",
    }[answer]
