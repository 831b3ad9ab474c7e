"""A study's questions as a labelling project: how many people answer them in time?

One run of one arm asks so many questions of so many different people each. What the
study says of the crowd, of working hours and of wages holds for the project too; how
many people there are is what `hitl-sim staff` finds.
"""

from __future__ import annotations

from pathlib import Path

from hitl_sim.labour import WageTable
from hitl_sim.project_file import (
    CrowdTable,
    LabelWork,
    PeopleTable,
    PolicyTable,
    ProjectFile,
)
from hitl_sim.read_table import TableError
from hitl_sim.schema import one_of
from hitl_sim.study.plan import load_data
from hitl_sim.study.spec import StudySpec, load_spec
from hitl_sim.unit import S_PER_H, S_PER_MIN


def project_of_study(path: Path, arm: str | None) -> tuple[ProjectFile, str]:
    """Take a project from a study's file.

    Args:
        path: of the study.
        arm: name of the arm whose questions are answered; None where only one asks.

    Returns:
        The project, and a sentence that says what it is.

    Raises:
        TableError: there is no such arm, it does not ask simulated people at one stage,
            or `arm` is left out where several ask.
    """
    spec = load_spec(path)
    asking = {one.name: one for one in spec.arm if one.asking}
    if not asking:
        raise TableError(f"`arm` must ask people in {path}, got none that does.")
    if arm is None and len(asking) == 1:
        arm = next(iter(asking))
    if arm not in asking:
        raise TableError(
            f"`--arm` must be {one_of(list(asking))}, the arms that ask people, got "
            f"{'none' if arm is None else repr(arm)}."
        )
    stages = asking[arm].asking
    if len(stages) > 1:
        raise TableError(
            f"`--arm` must ask at one stage, got {arm!r}, which asks "
            f"{' and '.join(asking[arm].questions_of)}."
        )
    (stage,) = stages
    task = next(iter(spec.task))
    info = load_data(spec, task)[0]
    options = stage.num_options(info.num_classes, info.num_groups)
    given = ProjectFile(
        project=LabelWork(items=stage.num_questions, classes=max(2, options)),
        people=_people(spec),
        crowd=_crowd(spec, str(stage.question)),
        prices=_prices(spec),
        answers=(PolicyTable(policy="fixed", answers=stage.people * stage.asks),),
    )
    told = (
        f"One run of arm {arm!r} in task {task!r}: {stage.num_questions:,} questions "
        f"({stage.question}), {stage.people} people each. Every replicate asks as many."
    )
    return given, told


def _people(spec: StudySpec) -> PeopleTable:
    work = spec.workforce
    has_breaks = work.break_s > 0
    return PeopleTable(
        hours_per_day=work.hours_per_day,
        days_per_week=work.days_per_week,
        break_every_h=work.break_every_s / S_PER_H if has_breaks else None,
        break_min=work.break_s / S_PER_MIN,
    )


def _crowd(spec: StudySpec, question: str) -> CrowdTable:
    crowd = spec.crowd
    names = [name for name in CrowdTable.__struct_fields__ if name != "kind"]
    told = {name: getattr(crowd, name, None) for name in names}
    given = {name: value for name, value in told.items() if value is not None}
    if crowd.recording is not None or crowd.accuracies is not None:
        raise TableError(
            "`crowd` must be a population, got people who are told one by one."
        )
    return CrowdTable(kind=question, **given)


def _prices(spec: StudySpec) -> WageTable:
    prices = spec.prices
    wage = prices.wage_usd_per_h
    is_told = wage is not None
    return WageTable(
        wage_usd_per_h=wage,
        overhead_frac=prices.overhead_frac,
        requester_h=spec.workforce.requester_h if is_told else None,
        requester_usd_per_h=wage,
    )
