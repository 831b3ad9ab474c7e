"""Winners on fresh seeds: the best of many conditions looks better than it is."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from hitl_sim.analysis.condition.confirmation import Confirmation
from hitl_sim.analysis.condition.finding import Finding, TaskResult, best
from hitl_sim.study.conclude import CONFIRMED, analyse_folder, confirm_folder
from hitl_sim.study.grid import TARGET, own_key, set_field
from hitl_sim.study.runner import load_study, run_study
from hitl_sim.study.spec import SpecError, StudySpec, control_of, convert
from hitl_sim.study.store import write_json
from hitl_sim.study.sweep import Progress
from hitl_sim.study.trial import Winner, read_winners


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
    spec, _, manifest = load_study(folder)
    fresh = spec.seed + 1 if seed is None else seed
    if fresh == spec.seed:
        raise SpecError(
            f"`seed` must differ from the study's own ({spec.seed}), got {fresh}."
        )
    for index, task in enumerate(analyse_folder(folder).tasks):
        winner = best(task.with_people)
        if winner is None:
            continue
        out = confirm_folder(folder, index, task.task)
        own = spec.replicates if isinstance(spec.replicates, int) else winner.num_runs
        number = replicates or own
        narrow = narrow_spec(spec, task, winner, fresh, number)
        winners = settings_of(task, winner, manifest)
        run_study(narrow, out, workers, on_progress, winners=winners)
        write_json(out / CONFIRMED, {"label": winner.label})
    return analyse_folder(folder).confirmations


def settings_of(
    task: TaskResult, winner: Finding, manifest: Mapping[str, Any]
) -> tuple[Winner, ...]:
    """Return what was found for a winner and its control, as their own study has it.

    A search anew would be of other settings than those that are to be confirmed.
    """
    base = own_key(task.task, task.control.settings)
    names = (TARGET, task.control.arm, winner.arm)
    return tuple(
        replace(one, base=own_key(task.task, {}))
        for one in read_winners(manifest.get("tuning", ()))
        if one.base == base and one.arm in names
    )


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
    asked = spec.arm[position].all_machines
    machines, priced = (
        {name: own for name, own in table.items() if name in asked}
        for table in (tables["machine"], tables["prices"]["machine"])
    )
    return convert(
        tables
        | {
            "machine": machines,
            "prices": tables["prices"] | {"machine": priced},
            "seed": seed,
            "replicates": replicates,
            "task": {task.task: tables["task"][task.task]},
            "arm": [arms[control_of(spec.arm)], arms[position]],
            "axis": [],
            "exclude": [],
        }
    )
