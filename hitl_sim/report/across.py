"""What arms do over several tasks, in sentences and as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from hitl_sim.analysis.chance.interval import Bounded
from hitl_sim.analysis.condition.across import MIN_PREDICTED, MIN_TASKS, Across
from hitl_sim.report.number import RHO, digits, percent, ratio_text, span
from hitl_sim.report.sentence import say
from hitl_sim.report.table import Table

_HEADINGS = ("condition, and task", f"{RHO} [95 %]", "reach", "what becomes of it")


def tell_across(found: Sequence[Across]) -> tuple[str, ...]:
    """Say what each arm does over tasks, one sentence or two for each.

    Of an arm with many crowds and settings the one that stands for it is told; the
    rest is counted, and in the table.
    """
    told = [one for one in found if one.summary is not None and one.is_reference]
    rest = sum(one.summary is not None for one in found) - len(told)
    few = sum(one.summary is None for one in found)
    said = [tell_summary(one) for one in told]
    if rest or few:
        said.append(say("across.rest", rest=rest, few=few, least=MIN_TASKS))
    return tuple(said)


def tell_every(
    found: Sequence[Across], differences: Mapping[str, Sequence[Any]]
) -> tuple[str, ...]:
    """Say every summary of several studies, and what these define rho by differently.

    Args:
        found: every condition that ran on two tasks or more.
        differences: settings by name, with their value in each study.
    """
    said = [tell_summary(one) for one in found if one.summary is not None]
    few = len(found) - len(said)
    if few or not said:
        said.append(say("across.rest", rest=0, few=few, least=MIN_TASKS))
    if differences:
        named = [
            f"{name} ({', '.join(map(str, v))})" for name, v in differences.items()
        ]
        said.append(say("across.differences", named=named))
    return tuple(said)


def tell_summary(found: Across) -> str:
    """Say one summary, and what became of the tasks that it does not average.

    Raises:
        ValueError: too few tasks were averaged for a summary.
    """
    if found.summary is None or found.ratio is None:
        raise ValueError(
            f"`found` must have a summary, got {found.label!r} with"
            f" {len(found.tasks)} tasks; {MIN_TASKS} are needed."
        )
    return say(
        "across.summary",
        found=found,
        num=found.summary.num,
        ratio=found.ratio,
        unbounded=[one.task for one in found.unbounded],
        left_out=[
            f"{one.task} ({one.membership.value.removeprefix('left out: ')})"
            for one in found.left_out
        ],
    )


def across_table(found: Sequence[Across], title: str = "") -> Table:
    """Lay out each condition's tasks, then its mean and what a new task would show."""
    rows: list[tuple[str, ...]] = []
    classes: list[str] = []
    for one in found:
        rows.append((one.label, "", "", ""))
        classes.append("heading")
        for task in one.tasks:
            reach = task.finding.reach
            rows.append(
                (
                    task.task,
                    ratio_text(task.finding.ratio),
                    f"{reach.hits}/{reach.trials}",
                    task.membership.value,
                )
            )
            classes.append("arm crowd")
        for name, ratio, said in _summary_rows(one):
            rows.append((name, ratio, "", said))
            is_saving = one.ratio is not None and one.ratio.high < 1.0
            classes.append("saving crowd" if is_saving else "arm crowd")
    return Table(_HEADINGS, rows, title, classes)


def _summary_rows(found: Across) -> list[tuple[str, str, str]]:
    """Return the rows beneath a condition's tasks."""
    if found.summary is None or found.ratio is None:
        return [("mean", "", f"too few tasks: {MIN_TASKS} are needed")]
    mean = f"{found.summary.num} tasks"
    if found.i2_frac is not None:
        mean += f", I² = {percent(found.i2_frac)}"
    rows = [("mean", _written(found.ratio), mean)]
    if found.predicted is None:
        said = f"too few tasks: {MIN_PREDICTED} are needed"
        return [*rows, ("a new task", "", said)]
    ends = span(found.predicted.low, found.predicted.high)
    return [*rows, ("a new task", ends, "95 % prediction interval")]


def _written(found: Bounded) -> str:
    return f"{digits(found.value)} {span(found.low, found.high)}"
