"""The map of trade-offs: rho of one arm on one task over every numeric axis at once.

Cells are conditions that differ in numeric settings alone: how good people are, how
consistent, how much of the pool is corrupted, how large it is. Those of a task that
differ in corruption or size have controls of their own; replicates that they share are
drawn together.
"""

import json
from dataclasses import dataclass
from functools import partial

import numpy as np

from hitl_sim.analysis.chance.interval import MIN_REPLICATES, ratio_of, resample
from hitl_sim.analysis.chance.surface import (
    MAX_AXES,
    Surface,
    fit_surface,
    least_cells,
)
from hitl_sim.analysis.condition.between import rho_draws, shared_replicates
from hitl_sim.analysis.condition.finding import (
    PARAMETERS_SWEPT,
    Finding,
    StudyResult,
    TaskResult,
    reference_arms,
)
from hitl_sim.analysis.run.record import plain_value
from hitl_sim.array import BoolArray, FloatArray, IntArray

_CROWD = "crowd."


@dataclass(frozen=True)
class Cell:
    """One setting that was run.

    Attributes:
        values: `D` values of the axes.
        finding: the condition.
        is_fitted: whether rho is finite in every resample, as a surface needs.
    """

    values: tuple[float, ...]
    finding: Finding
    is_fitted: bool


@dataclass(frozen=True)
class StudySurface:
    """Rho of one arm on one task over its numeric axes.

    Attributes:
        task: name of the task.
        label: the arm, who is asked, and what else is swept and held.
        axes: `D` fields of a study, those with most values first.
        words: `D` the same in words.
        cells: every setting that was run.
        surface: of the cells that it can be fitted to; None where it is refused.
        reason: why it is; else empty.
        is_reference: whether one of its cells stands for the arm.
    """

    task: str
    label: str
    axes: tuple[str, ...]
    words: tuple[str, ...]
    cells: tuple[Cell, ...]
    surface: Surface | None
    reason: str
    is_reference: bool

    @property
    def num_lost(self) -> int:
        """Return how many cells have no finite rho: the surface is not about them."""
        return sum(not cell.is_fitted for cell in self.cells)

    @property
    def middle(self) -> tuple[float, ...]:
        """Return the middle value of each axis, of those that it can be told at."""
        return tuple(values[len(values) // 2] for values in self.told)

    @property
    def told(self) -> tuple[tuple[float, ...], ...]:
        """Return the values of each axis inside those that the surface was fitted to.

        Cells whose rho is infinite may lie beyond, where nothing is extrapolated.
        """
        if self.surface is None:
            return self.values
        return tuple(
            tuple(value for value in values if low <= value <= high)
            for values, (low, high) in zip(
                self.values, self.surface.bounds.tolist(), strict=True
            )
        )

    @property
    def values(self) -> tuple[tuple[float, ...], ...]:
        """Return the values of each axis that were run, increasing."""
        columns = zip(*(cell.values for cell in self.cells), strict=True)
        return tuple(tuple(sorted(set(column))) for column in columns)


def find_surfaces(result: StudyResult) -> tuple[StudySurface, ...]:
    """Fit a surface to every arm, on every task, that has two numeric axes or more.

    An axis is a swept field of numbers that takes two or more values, all else that is
    no number being equal. Where cells are too few, replicates too few or axes too many
    the surface is refused, and says why.
    """
    return result.once("surfaces", partial(_find_surfaces, result))


def _find_surfaces(result: StudyResult) -> tuple[StudySurface, ...]:
    groups: dict[str, list[tuple[TaskResult, Finding]]] = {}
    for task in result.tasks:
        for finding in task.findings:
            if finding.role == "arm":
                groups.setdefault(_key(task, finding), []).append((task, finding))
    reference = {f.condition for task in result.tasks for f in reference_arms(task)}
    return tuple(
        _surface(members, axes, result.seed, reference)
        for members in groups.values()
        if len(axes := _axes(members)) > 1
    )


def _swept(task: TaskResult, finding: Finding) -> dict[str, object]:
    return {**task.control.settings, **finding.settings}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _key(task: TaskResult, finding: Finding) -> str:
    """Return what cells of one surface have in common."""
    swept = _swept(task, finding)
    names = sorted(swept)
    others = {k: v for k, v in swept.items() if not _is_number(v)}
    own = task.task, finding.arm, finding.kind, finding.population, names, others
    return json.dumps(own, sort_keys=True)


def _axes(members: list[tuple[TaskResult, Finding]]) -> tuple[str, ...]:
    """Return the fields of numbers that vary, those with most values first."""
    swept = [_swept(*member) for member in members]
    values = {
        name: {one[name] for one in swept}
        for name in swept[0]
        if _is_number(swept[0][name])
    }
    found = [name for name, taken in values.items() if len(taken) > 1]
    return tuple(sorted(found, key=lambda name: (-len(values[name]), name)))


def _surface(
    members: list[tuple[TaskResult, Finding]],
    axes: tuple[str, ...],
    seed: int,
    reference: set[str],
) -> StudySurface:
    task, first = members[0]
    places = np.array(
        [[float(str(_swept(*member)[name])) for name in axes] for member in members]
    )
    surface, reason, is_fitted = _fit(members, places, seed)
    held = [
        f"{name.rpartition('.')[2].replace('_', ' ')} {plain_value(value)}"
        for name, value in _swept(task, first).items()
        if name not in (*axes, "task", "crowd.population")
    ]
    return StudySurface(
        task=task.task,
        label=", ".join([first.arm, *filter(None, [first.population]), *held]),
        axes=axes,
        words=tuple(map(axis_words, axes)),
        cells=tuple(
            Cell(tuple(map(float, values)), finding, bool(fitted))
            for values, (_, finding), fitted in zip(
                places, members, is_fitted, strict=True
            )
        ),
        surface=surface,
        reason=reason,
        is_reference=any(finding.condition in reference for _, finding in members),
    )


def _fit(
    members: list[tuple[TaskResult, Finding]], places: FloatArray, seed: int
) -> tuple[Surface | None, str, BoolArray]:
    """Fit the surface of `[N, D]` cells, or say why not; `[N]` which could be used."""
    num, axes = places.shape
    shared = shared_replicates(finding for _, finding in members)
    if axes > MAX_AXES:
        reason = f"{axes} axes are more than the {MAX_AXES} that it may have"
        return None, reason, np.zeros(num, bool)
    if len(shared) < MIN_REPLICATES:
        reason = f"its cells share {len(shared)} replicates; it needs {MIN_REPLICATES}"
        return None, reason, np.zeros(num, bool)
    logs, draws = _logs(members, shared, seed)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(logs) & (draws.std(axis=0) > 0.0)
    cells = places[usable]
    if len(cells) < least_cells(axes) or (cells == cells[0]).all(axis=0).any():
        reason = (
            f"{len(cells)} of its {num} cells have a known finite ratio; it needs"
            f" {least_cells(axes)}, with two values of every axis"
        )
        return None, reason, usable
    fitted = fit_surface(cells, logs[usable], draws[:, usable], len(shared))
    return fitted, "", usable


def _logs(
    members: list[tuple[TaskResult, Finding]], shared: IntArray, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return `[N]` log rho and `[B, N]` of it in each resample of all cells at once."""
    weights = resample(len(shared), seed)

    values, draws = [], []
    for task, finding in members:
        arm, control = (
            one.cost_sample_of(shared).per_success for one in (finding, task.control)
        )
        values.append(float(ratio_of(arm, control)))
        draws.append(rho_draws(finding, task.control, shared, weights))
    with np.errstate(divide="ignore"):
        return np.log(np.array(values)), np.log(np.stack(draws, axis=1))


def axis_words(field: str) -> str:
    """Write a swept field as an axis is named."""
    name = field.removeprefix(_CROWD)
    words = PARAMETERS_SWEPT.get(name) if field.startswith(_CROWD) else None
    return words or field.rpartition(".")[2].replace("_", " ")
