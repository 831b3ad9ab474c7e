"""Winners on fresh seeds: the best of many conditions looks better than it is."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hitl_sim.analysis.condition.finding import Finding, TaskResult, best
from hitl_sim.analysis.condition.versus import Confirmation
from hitl_sim.study.conclude import analyse_folder
from hitl_sim.study.grid import set_field
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import SpecError, StudySpec, control_of, convert
from hitl_sim.study.sweep import Progress


def confirm(
    folder: Path,
    workers: int,
    seed: int | None = None,
    replicates: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[Confirmation, ...]:
    """Run each task's best condition with people, and its control, on fresh seeds.

    The runs go to `confirm/<task>` in the study's folder, where `hitl-sim report` reads
    them; they resume like any study.

    Args:
        folder: results folder of a study.
        workers: processes.
        seed: of the fresh runs; the study's plus one when left out.
        replicates: of the fresh runs; the study's own when left out, or by its rule as
            many as the winner has.
        on_progress: called as the runs go on.

    Returns:
        One confirmation per task that has a condition with people.

    Raises:
        SpecError: the seed is the study's own, or a number is out of range.
        RecordError: the folder holds no study.
    """
    spec, _, _ = load_study(folder)
    fresh = spec.seed + 1 if seed is None else seed
    if fresh == spec.seed:
        raise SpecError(
            f"`seed` must differ from the study's own ({spec.seed}), got {fresh}."
        )
    found = []
    for index, task in enumerate(analyse_folder(folder).tasks):
        winner = best(task.with_people)
        if winner is None:
            continue
        out = folder / "confirm" / f"{index + 1}-{task.task}"
        own = spec.replicates if isinstance(spec.replicates, int) else winner.num_runs
        number = replicates or own
        narrow = narrow_spec(spec, task, winner, fresh, number)
        run_study(narrow, out, workers, on_progress)
        (again,) = analyse_folder(out).tasks
        (finding,) = again.with_people
        found.append(
            Confirmation(
                task.task,
                winner.label,
                winner.ratio,
                finding.ratio,
                fresh,
                number,
            )
        )
    return tuple(found)


def narrow_spec(
    spec: StudySpec, task: TaskResult, winner: Finding, seed: int, replicates: int
) -> StudySpec:
    """Reduce a study to one condition and its control, without axes.

    Returns:
        A validated study of two arms.

    Raises:
        SpecError: a number is out of range.
    """
    tables: dict[str, Any] = msgspec.to_builtins(spec)
    arms: list[Mapping[str, Any]] = tables["arm"]
    position = next(i for i, arm in enumerate(arms) if arm["name"] == winner.arm)
    for field, value in winner.settings.items():
        set_field(tables, position, field, value)
    return convert(
        tables
        | {
            "seed": seed,
            "replicates": replicates,
            "task": {task.task: tables["task"][task.task]},
            "arm": [arms[control_of(spec.arm)], arms[position]],
            "axis": [],
            "exclude": [],
        }
    )
