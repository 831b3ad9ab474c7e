"""Net benefits of all options as a function of what is unknown about the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitl_sim.analysis.between import shared_replicates
from hitl_sim.analysis.finding import Finding, StudyResult
from hitl_sim.analysis.net_benefit import less
from hitl_sim.analysis.response import Term, fit_terms, runs_of, sweeps_through
from hitl_sim.analysis.verdict import Decision
from hitl_sim.analysis.world import Input, worlds_at
from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.cost import Measure, Scenarios, price_table
from hitl_sim.cost.engine import PriceTable

_PROBES = (0.025, 0.5, 0.975)
"""Levels at which it is looked whether an input enters a bill."""


@dataclass(frozen=True)
class OptionNet:
    """Net benefits of doing nothing and of each arm.

    Attributes:
        inputs: what is unknown of the world and enters an option's bill.
        parameters: parameters of the crowd that an option answers to.
        arms: `A - 1` options beside doing nothing.
        control: beside which they stand.
        terms: of each arm: how it answers to the parameters.
        replicate: `[R]` replicates that all conditions have.
        left_out: parameters that no arm, or not every arm, answers to, and why.
        price: `(levels of the inputs, scale) -> [F, N]` what one of everything costs.
    """

    inputs: tuple[Input, ...]
    parameters: tuple[str, ...]
    arms: tuple[Finding, ...]
    control: Finding
    terms: tuple[tuple[Term, ...], ...]
    replicate: IntArray
    left_out: tuple[str, ...]
    price: Callable[[FloatArray, float], FloatArray]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the inputs and parameters, in the order of their levels."""
        return (*(one.name for one in self.inputs), *self.parameters)

    def at(self, levels: FloatArray, scale: float) -> FloatArray:
        """Return `[N, A]` net benefits: of doing nothing, then of each arm.

        Args:
            levels: `[N, D]` of inputs and parameters, each in 0 to 1.
            scale: how many times as dear training is.
        """
        prices = self.price(levels[:, : len(self.inputs)], scale)
        beside = self.control.amounts.pooled @ prices
        columns: list[Any] = [np.zeros(len(levels))]
        for arm, terms in zip(self.arms, self.terms, strict=True):
            spent = arm.amounts.pooled @ prices
            for term in terms:
                per_unit = term.by_run.mean(axis=0) @ prices
                spent = spent + self._units(term, levels) * per_unit
            columns.append(less(beside, spent))
        return np.stack(columns, axis=1)

    def _units(self, term: Term, levels: FloatArray) -> FloatArray:
        return term.at(
            levels[:, len(self.inputs) + self.parameters.index(term.parameter)]
        )

    def gain_by_run(
        self, levels: FloatArray, scale: float, policy: IntArray, ignoring: int
    ) -> FloatArray:
        """Return `[R]` what a policy gains with the amounts of each replicate.

        Args:
            levels: `[N, D]` worlds.
            scale: how many times as dear training is.
            policy: `[N]` the option that is taken in each world.
            ignoring: the option beside which it gains.
        """
        prices = self.price(levels[:, : len(self.inputs)], scale)
        control = runs_of(self.control, self.replicate)
        gain = np.zeros(len(self.replicate))
        for index, (arm, terms) in enumerate(zip(self.arms, self.terms, strict=True)):
            taken = (policy == index + 1) * 1.0 - (ignoring == index + 1)
            spent = runs_of(arm, self.replicate)
            gain += (control - spent) @ (prices @ taken) / len(levels)
            for term in terms:
                units = taken * self._units(term, levels)
                gain -= term.by_run @ (prices @ units) / len(levels)
        return gain


def open_options(
    result: StudyResult,
    decision: Decision,
    arms: Sequence[Finding],
    measure: Measure,
) -> OptionNet:
    """Put together the options of a task.

    Args:
        result: the study.
        decision: of one of its tasks.
        arms: the options beside doing nothing; their bills are known.
        measure: what net benefits are in.
    """
    task = decision.task
    lines = [
        (arm, parameter, line)
        for arm in arms
        for parameter, line in sweeps_through(arm, task.with_people)
    ]
    conditions = [task.control, *arms, *(f for *_, line in lines for f in line)]
    shared = shared_replicates(conditions)
    pooled = np.stack([f.amounts.pooled for f in conditions if f.reach.hits > 0])
    desk = _Desk(result, measure, decision.inputs)
    if decision.inputs:
        desk = desk.among((pooled != 0.0).any(axis=0))
    middle = np.full((1, len(desk.inputs)), 0.5)
    told, left_out = _tell_terms(
        [(arm, name, fit_terms(name, arm, line, shared)) for arm, name, line in lines],
        desk.price(middle, decision.scale)[:, 0],
    )
    of_arms = tuple(tuple(told.get(arm.condition, ())) for arm in arms)
    every = (term.parameter for terms in of_arms for term in terms)
    return OptionNet(
        inputs=desk.inputs,
        parameters=tuple(dict.fromkeys(every)),
        arms=tuple(arms),
        control=task.control,
        terms=of_arms,
        replicate=shared,
        left_out=tuple(left_out),
        price=desk.price,
    )


def _tell_terms(
    fitted: Sequence[tuple[Finding, str, list[Term] | str]], prices: FloatArray
) -> tuple[dict[str, list[Term]], list[str]]:
    """Keep the terms whose effect is told, by condition; say why the rest is not.

    Args:
        fitted: arms with each parameter, and its terms or why there are none.
        prices: `[F]` what one of everything costs.
    """
    num_terms = sum(len(terms) for *_, terms in fitted if not isinstance(terms, str))
    told: dict[str, list[Term]] = {}
    left_out = []
    for arm, parameter, terms in fitted:
        why, kept = "its effect cannot be told from Monte-Carlo error", []
        if isinstance(terms, str):
            why = terms
        else:
            kept = [term for term in terms if term.is_told(prices, num_terms)]
        told.setdefault(arm.condition, []).extend(kept)
        if not kept:
            left_out.append(f"{parameter.replace('_', ' ')} of {arm.label}: {why}")
    return told, left_out


class _Desk:
    """Prices in worlds of the inputs that enter a bill; those last asked for kept."""

    def __init__(
        self, result: StudyResult, measure: Measure, inputs: Sequence[Input]
    ) -> None:
        self.result, self.measure = result, measure
        self.inputs = tuple(inputs)
        self._kept: dict[bytes, PriceTable] = {}

    def among(self, is_used: BoolArray) -> _Desk:
        """Return the desk of those inputs that move a price.

        Args:
            is_used: `[F]` whether any option uses some of it.
        """
        num = len(self.inputs)
        levels = np.full((num, len(_PROBES), num), 0.5)
        for column in range(num):
            levels[column, :, column] = _PROBES
        table = self._table(levels.reshape(-1, num))
        parts = table.beside[self.measure], table.training[self.measure]
        prices = np.nan_to_num(np.concatenate([part[is_used] for part in parts]))
        by_input = prices.reshape(-1, num, len(_PROBES))
        enters = (by_input != by_input[..., :1]).any(axis=(0, 2))
        kept = [
            one for one, is_kept in zip(self.inputs, enters, strict=True) if is_kept
        ]
        return _Desk(self.result, self.measure, kept)

    def price(self, levels: FloatArray, scale: float) -> FloatArray:
        """Return `[F, N]` what one of everything costs; what is unknown is unused."""
        return np.nan_to_num(self._table(levels).scaled(self.measure, scale))

    def _table(self, levels: FloatArray) -> PriceTable:
        key = np.ascontiguousarray(levels).tobytes()
        if key not in self._kept:
            study = Scenarios({"device_energy_factor": np.ones(len(levels))})
            worlds = worlds_at(self.inputs, levels) if self.inputs else study
            self._kept = {key: price_table([self.result.market], worlds)}
        return self._kept[key]
