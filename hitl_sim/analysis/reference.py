"""One condition per arm, where a page or a decision needs one."""

from hitl_sim.analysis.finding import Finding, TaskResult, best

REFERENCE = "typical"
_ACCURACY = "crowd.accuracy"


def reference_arms(task: TaskResult) -> list[Finding]:
    """Return one condition per arm: those that ask nobody, and people of one crowd.

    The crowd is `typical` where the study has it, else the arm's first; with its least
    shared and systematic error, and the middle one of the accuracies that are swept.
    The null arm is left out: it is the control again.
    """
    shown: dict[str, Finding] = {}
    swept = {f.settings[_ACCURACY] for f in task.findings if _ACCURACY in f.settings}
    middle = float(sorted(swept)[len(swept) // 2]) if swept else 0.0
    for finding in sorted(task.findings, key=lambda f: _rank(f, middle)):
        if finding.role == "arm":
            shown.setdefault(finding.name, finding)
    return sorted(shown.values(), key=lambda f: (f.has_people, f.arm, f.variant))


def reference_crowd(task: TaskResult) -> str:
    """Name the population of the people in `reference_arms`."""
    asked = [f for f in reference_arms(task) if f.has_people]
    return ", ".join(dict.fromkeys(str(f.population) for f in asked)) or "nobody"


def reached_arms(task: TaskResult) -> list[Finding]:
    """Return one condition per arm that reached the target at least once.

    Where the one that stands for its arm never did, the arm's best one does; arms that
    never reached are left out.
    """
    found = []
    for finding in reference_arms(task):
        alike = [f for f in task.findings if f.name == finding.name and f.reach.hits]
        chosen = finding if finding.reach.hits > 0 else best(alike)
        if chosen is not None:
            found.append(chosen)
    return found


def _rank(finding: Finding, middle: float) -> tuple[bool, float, float, float, str]:
    shared, systematic = (
        -1.0 if (value := finding.parameters.get(name)) is None else float(value)
        for name in ("shared_error", "systematic")
    )
    is_other = finding.has_people and finding.population != REFERENCE
    away = abs(finding.settings.get(_ACCURACY, middle) - middle)
    return is_other, shared, systematic, away, finding.condition
