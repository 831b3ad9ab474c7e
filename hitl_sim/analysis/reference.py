"""One condition per arm, where a page or a decision needs one."""

from __future__ import annotations

import math

from hitl_sim.analysis.finding import Finding, TaskResult, best

REFERENCE = "typical"
_ACCURACY = "crowd.accuracy"


def reference_arms(task: TaskResult) -> list[Finding]:
    """Return one condition per arm: those that ask nobody, and people of one crowd.

    The crowd is `typical` where the study has it, else the arm's first; with its least
    shared and systematic error, and the middle one of the accuracies that are swept.
    The null arm is left out: it is the control again.

    Args:
        task: one task's result.
    """
    shown: dict[tuple[str, str], Finding] = {}
    middle = _middle_accuracy(task)
    for finding in sorted(task.findings, key=lambda f: _rank(f, middle)):
        if finding.role == "arm":
            shown.setdefault((finding.arm, finding.variant), finding)
    return sorted(shown.values(), key=lambda f: (f.has_people, f.arm, f.variant))


def reached_arms(task: TaskResult) -> list[Finding]:
    """Return one condition per arm that reached the target at least once.

    Where the one that stands for its arm never did, the arm's best one does; arms that
    never reached are left out.

    Args:
        task: one task's result.
    """
    found = []
    for finding in reference_arms(task):
        alike = [
            f
            for f in task.findings
            if (f.arm, f.variant) == (finding.arm, finding.variant) and f.reach.hits > 0
        ]
        chosen = finding if finding.reach.hits > 0 else best(alike)
        if chosen is not None:
            found.append(chosen)
    return found


def _middle_accuracy(task: TaskResult) -> float:
    """Return the middle one of the accuracies that are swept; NaN without any."""
    values = sorted({f.settings[_ACCURACY] for f in task.findings if _is_swept(f)})
    return float(values[len(values) // 2]) if values else math.nan


def _is_swept(finding: Finding) -> bool:
    return _ACCURACY in finding.settings


def _rank(finding: Finding, middle: float) -> tuple[bool, float, float, float, str]:
    shared, systematic = (
        -1.0 if (value := finding.dials.get(name)) is None else float(value)
        for name in ("shared_error", "systematic")
    )
    is_other = finding.has_people and finding.population != REFERENCE
    away = abs(finding.settings[_ACCURACY] - middle) if _is_swept(finding) else 0.0
    return is_other, shared, systematic, away, finding.condition
