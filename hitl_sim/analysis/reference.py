"""One condition per arm, where a page or a decision needs one."""

from __future__ import annotations

from hitl_sim.analysis.finding import Finding, TaskResult

REFERENCE = "typical"


def reference_arms(task: TaskResult) -> list[Finding]:
    """Return one condition per arm: those that ask nobody, and people of one crowd.

    The crowd is `typical` where the study has it, else the arm's first; with its least
    shared error. The null arm is left out: it is the control again.

    Args:
        task: one task's result.
    """
    shown: dict[tuple[str, str], Finding] = {}
    for finding in sorted(task.findings, key=_rank):
        if finding.role == "arm":
            shown.setdefault((finding.arm, finding.variant), finding)
    return sorted(shown.values(), key=lambda f: (f.has_people, f.arm, f.variant))


def _rank(finding: Finding) -> tuple[bool, float, str]:
    shared = finding.dials.get("shared_error")
    is_other = finding.has_people and finding.population != REFERENCE
    return is_other, -1.0 if shared is None else float(shared), finding.condition
