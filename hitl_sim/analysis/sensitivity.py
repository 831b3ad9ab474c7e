"""Which unknown moves the answer, and which one is worth measuring.

The output is the net benefit of the arm with people that saves most training, at the
scale of training where it just pays: at a scale where people are thousands of times
too dear nothing that could be learned would change the decision, and that is said by
the value of information at the study's own scale, which is 0 there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from hitl_sim.analysis.dial import DIALS
from hitl_sim.analysis.finding import Finding, StudyResult, best
from hitl_sim.analysis.information import partial_information, perfect_information
from hitl_sim.analysis.net_benefit import less
from hitl_sim.analysis.pricing import Measure
from hitl_sim.analysis.record import FloatArray
from hitl_sim.analysis.reference import reached_arms
from hitl_sim.analysis.repricing import PriceTable, price_table
from hitl_sim.analysis.scenario import Scenarios
from hitl_sim.analysis.sobol import Index, MissingSalibError, sobol_indices
from hitl_sim.analysis.verdict import Decision
from hitl_sim.analysis.world import worlds_at

NUM_WORLDS = 8_192
"""Worlds in which the value of information is estimated."""


@dataclass(frozen=True)
class Worth:
    """What knowing one input is worth.

    Attributes:
        words: the input, in words.
        at_scale: expected value of knowing it, where the arm just pays.
        here: the same at the study's own scale of training.
        is_people: whether real participants would tell it.
    """

    words: str
    at_scale: float
    here: float
    is_people: bool


@dataclass(frozen=True)
class Sensitivity:
    """Indices and values of information of one task.

    Attributes:
        leader: the arm whose net benefit is the output.
        options: arms among which, and doing nothing, the decision is.
        measure: joules or usd; what the output is in.
        scale: how many times as dear training is.
        indices: Sobol indices of the inputs; empty where they are not to be had.
        why_not: why not, then.
        worths: of the inputs, the largest first.
        everything: expected value of knowing all inputs at once, at `scale`.
        left_out: dials that could not be interpolated, of which arm, and why.
    """

    leader: Finding
    options: tuple[Finding, ...]
    measure: Measure
    scale: float
    indices: tuple[Index, ...]
    why_not: str
    worths: tuple[Worth, ...]
    everything: float
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Surface:
    """What an arm uses per success, over the crowd's dials.

    Attributes:
        dials: `d` names; none where the study sweeps no dial of this arm.
        grids: settings of each.
        pooled: `[..., F]` amounts per success at each point of the grid.
    """

    dials: tuple[str, ...]
    grids: tuple[FloatArray, ...]
    pooled: FloatArray

    def at(self, levels: dict[str, FloatArray], num: int) -> FloatArray:
        """Return `[N, F]` amounts at levels in 0 to 1 of each dial."""
        if not self.dials:
            return np.broadcast_to(self.pooled, (num, self.pooled.shape[-1]))
        points = [
            grid[0] + levels[dial] * (grid[-1] - grid[0])
            for dial, grid in zip(self.dials, self.grids, strict=True)
        ]
        look_up = RegularGridInterpolator(self.grids, self.pooled)
        return np.asarray(look_up(np.stack(points, axis=1)))


def find_sensitivity(result: StudyResult, decision: Decision) -> Sensitivity | None:
    """Find what moves the net benefit and what is worth knowing.

    Args:
        result: the study.
        decision: of one of its tasks.

    Returns:
        None where no arm with people reached, its bill is unknown, or nothing is
        uncertain. Arms whose bill is unknown are no options.
    """
    task = decision.task
    arms = reached_arms(task)
    leader = best(f for f in arms if f.has_people)
    if leader is None or task.control.reach.hits == 0:
        return None
    measure: Measure = "usd" if leader.at("usd").multiple.is_known else "joules"
    arms = [f for f in arms if f.at(measure).multiple.is_known]
    if all(f is not leader for f in arms):
        return None
    model = _Model(result, decision, arms, measure)
    if not model.names:
        return None
    indices, why_not = _indices(model, leader, result.seed)
    levels = np.random.default_rng(result.seed).random((NUM_WORLDS, len(model.names)))
    scaled, here = (model.options(levels, scale) for scale in (decision.scale, 1.0))
    worths = [
        Worth(
            words,
            partial_information(levels[:, d], scaled),
            partial_information(levels[:, d], here),
            is_people=d >= model.num_world,
        )
        for d, words in enumerate(model.names)
    ]
    return Sensitivity(
        leader=leader,
        options=tuple(arms),
        measure=model.measure,
        scale=decision.scale,
        indices=indices,
        why_not=why_not,
        worths=tuple(sorted(worths, key=lambda w: -w.at_scale)),
        everything=perfect_information(scaled),
        left_out=tuple(model.left_out),
    )


def _indices(
    model: _Model, leader: Finding, seed: int
) -> tuple[tuple[Index, ...], str]:
    row = 1 + [arm.condition for arm in model.arms].index(leader.condition)

    def output(levels: FloatArray) -> FloatArray:
        return model.options(levels, model.decision.scale)[:, row]

    try:
        return sobol_indices(model.names, output, seed), ""
    except MissingSalibError as error:
        return (), str(error)


class _Model:
    """Net benefits of all options as a function of levels between 0 and 1."""

    def __init__(
        self,
        result: StudyResult,
        decision: Decision,
        arms: Sequence[Finding],
        measure: Measure,
    ) -> None:
        self.result, self.decision = result, decision
        self.arms, self.measure = list(arms), measure
        self.left_out: list[str] = []
        self.surfaces = [self._surface(arm) for arm in arms]
        used = dict.fromkeys(d for s in self.surfaces for d in s.dials)
        self.dials = tuple(used)
        self.num_world = len(decision.inputs)
        self.names = (
            *(one.words for one in decision.inputs),
            *(DIALS[dial] for dial in self.dials),
        )
        self._tables: dict[bytes, PriceTable] = {}

    def _surface(self, arm: Finding) -> _Surface:
        """Interpolate what an arm uses over the dials that its crowd was swept over."""
        asked = self.decision.task.with_people
        alike = [f for f in asked if _is_same_but(DIALS, f, arm)]
        dials = [
            dial
            for dial in DIALS
            if len({f.settings.get(f"crowd.{dial}") for f in alike}) > 1
        ]
        while dials:
            kept = [f for f in alike if _is_same_but(dials, f, arm)]
            found = _interpolated(dials, kept)
            if isinstance(found, _Surface):
                return found
            self.left_out.append(
                f"{dials[-1].replace('_', ' ')} of {arm.arm}, held at that of"
                f" {arm.label}: {found}"
            )
            dials = dials[:-1]
        return _Surface((), (), arm.amounts.pooled)

    def options(self, levels: FloatArray, scale: float) -> FloatArray:
        """Return `[N, 1 + arms]` net benefits: of doing nothing, then of each arm."""
        table = self._prices(levels)
        prices = table.beside[self.measure] + scale * table.training[self.measure]
        used = dict(zip(self.dials, levels[:, self.num_world :].T, strict=True))
        num = len(levels)
        control = self.decision.task.control.amounts.pooled
        beside = np.einsum("f,fn->n", control, np.nan_to_num(prices))
        columns: list[Any] = [np.zeros(num)]
        for surface in self.surfaces:
            spent = np.einsum("nf,fn->n", surface.at(used, num), np.nan_to_num(prices))
            columns.append(less(beside, spent))
        return np.stack(columns, axis=1)

    def _prices(self, levels: FloatArray) -> PriceTable:
        """Price everything in the worlds of some levels; kept for the last ones."""
        world = np.ascontiguousarray(levels[:, : self.num_world])
        key = world.tobytes()
        if key not in self._tables:
            inputs = self.decision.inputs
            ones = {"device_energy_factor": np.ones(len(levels))}
            scenarios = worlds_at(inputs, world) if inputs else Scenarios(ones)
            result = self.result
            self._tables = {
                key: price_table(
                    result.work,
                    [result.profile],
                    result.prices,
                    result.label_s,
                    scenarios,
                )
            }
        return self._tables[key]


def _interpolated(dials: Sequence[str], findings: Sequence[Finding]) -> _Surface | str:
    """Return amounts over a full grid of dials, or why there is none."""
    grids = [sorted({f.settings[f"crowd.{d}"] for f in findings}) for d in dials]
    at = {tuple(f.settings[f"crowd.{d}"] for d in dials): f for f in findings}
    points = list(itertools.product(*grids))
    for point in points:
        if point not in at or at[point].reach.hits == 0:
            where = ", ".join(map(str, point))
            return f"no run, or none that reached, at {', '.join(dials)} = {where}"
    pooled = np.array([at[point].amounts.pooled for point in points])
    shape = tuple(len(grid) for grid in grids)
    return _Surface(
        tuple(dials),
        tuple(np.asarray(grid, np.float64) for grid in grids),
        pooled.reshape(*shape, -1),
    )


def _is_same_but(dials: Iterable[str], finding: Finding, arm: Finding) -> bool:
    """Return whether two conditions differ in nothing but some dials."""
    swept = {f"crowd.{dial}" for dial in dials}

    def others(one: Finding) -> dict[str, Any]:
        return {k: v for k, v in one.settings.items() if k not in swept}

    is_same = finding.arm == arm.arm and finding.role == arm.role
    return is_same and others(finding) == others(arm)
