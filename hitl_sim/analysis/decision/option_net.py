"""Net benefits of all options as a function of what is unknown: world and crowd.

Conditions that differ in one parameter alone also differ by chance. Read off point by
point, that difference would pass for an effect, and knowing the parameter would seem to
be worth something. So amounts follow a straight line over the parameter, and a bend
where three settings or more were run; each of the two counts only where its effect on
the net benefit can be told from Monte-Carlo error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from hitl_sim.analysis.chance.interval import LEVEL, MIN_REPLICATES
from hitl_sim.analysis.condition.between import shared_replicates
from hitl_sim.analysis.condition.finding import PARAMETERS_SWEPT, Finding, StudyResult
from hitl_sim.analysis.decision.decide import Decision
from hitl_sim.analysis.decision.net_benefit import less
from hitl_sim.analysis.decision.world import Input, worlds_at
from hitl_sim.array import BoolArray, FloatArray, IntArray
from hitl_sim.cost import Measure, price_table
from hitl_sim.cost.engine import PriceTable

_PROBES = (0.025, 0.5, 0.975)
"""Levels at which it is looked whether an input enters a bill."""
_FIELD = "crowd."
_BENT_FROM = 3
"""Settings from which on a bend can be seen."""


@dataclass(frozen=True)
class Term:
    """A line or a bend in what an arm uses, over one parameter of its crowd.

    Attributes:
        parameter: the parameter, by field of `[crowd]`, with its least and largest
            setting, and the arm's own, where the term is 0.
        by_run: `[R, F]` amounts per unit of the term, as pseudo-values of the
            replicates: their mean is the term, their spread its error.
    """

    parameter: str
    low: float
    high: float
    own: float
    is_bend: bool
    by_run: FloatArray

    def at(self, levels: FloatArray) -> FloatArray:
        """Return `[N]` how many units of the term there are at levels in 0 to 1."""
        own = (self.own - self.low) / (self.high - self.low)
        from_own = _shape(levels, is_bend=self.is_bend) - _shape(
            own, is_bend=self.is_bend
        )
        return np.asarray(from_own)

    def is_told(self, prices: FloatArray, num_terms: int) -> bool:
        """Return whether its effect on a bill can be told from Monte-Carlo error.

        Prices are `[F]`. Of `num_terms` that are asked about at once the error of
        telling any that has no effect is 5 % over all (Bonferroni).
        """
        effect = self.by_run @ prices
        num = len(effect)
        error = effect.std(ddof=1) / np.sqrt(num)
        least = student.isf((1.0 - LEVEL) / (2.0 * num_terms), num - 1)
        return bool(abs(effect.mean()) > least * error)


def _shape(levels: Any, *, is_bend: bool) -> Any:
    """Return Legendre's first or second polynomial over the range of settings."""
    z = 2.0 * levels - 1.0
    return 1.5 * z**2 - 0.5 if is_bend else z


def sweeps_through(
    arm: Finding, findings: Sequence[Finding]
) -> Iterator[tuple[str, list[Finding]]]:
    """Yield each parameter that the crowd of an arm was swept over, with conditions.

    Yields:
        The parameter, and the conditions that differ from the arm in it alone, by
        increasing setting, the arm among them: fewer than two where everything else
        was never held.
    """
    swept = {f"{_FIELD}{parameter}" for parameter in PARAMETERS_SWEPT}
    alike = [f for f in findings if _is_same_but(swept, f, arm)]
    for parameter in PARAMETERS_SWEPT:
        field = f"{_FIELD}{parameter}"
        if len({f.settings.get(field) for f in alike}) > 1:
            line = [
                f
                for f in alike
                if field in f.settings and _is_same_but({field}, f, arm)
            ]
            yield parameter, sorted(line, key=lambda f: float(f.settings[field]))


def _is_same_but(fields: set[str], finding: Finding, arm: Finding) -> bool:
    """Return whether two conditions differ in nothing but some fields."""

    def others(one: Finding) -> dict[str, Any]:
        return {k: v for k, v in one.settings.items() if k not in fields}

    is_same = finding.arm == arm.arm and finding.role == arm.role
    return is_same and others(finding) == others(arm)


def fit_terms(
    parameter: str, arm: Finding, line: Sequence[Finding], replicate: IntArray
) -> list[Term] | str:
    """Fit a line, and a bend, to what conditions used along a parameter.

    The line holds the arm and conditions that differ in the parameter alone, by
    increasing setting; all of them have the `[R]` replicates.

    Returns:
        The terms, or why there are none.
    """
    settings = np.array([float(f.settings[f"{_FIELD}{parameter}"]) for f in line])
    if len(line) < 2:
        return "no other run with everything else alike"
    for finding, setting in zip(line, settings, strict=True):
        if finding.reach.hits == 0:
            return f"no run that reached at {parameter.replace('_', ' ')} = {setting:g}"
    if len(replicate) < MIN_REPLICATES:
        return f"fewer than {MIN_REPLICATES} replicates"
    low, high = settings[0], settings[-1]
    level = (settings - low) / (high - low)
    bends = (False, True) if len(line) >= _BENT_FROM else (False,)
    design = [np.ones(len(line)), *(_shape(level, is_bend=bend) for bend in bends)]
    seen = np.stack([runs_of(finding, replicate) for finding in line], axis=1)
    fitted = np.einsum("tk,rkf->trf", np.linalg.pinv(np.stack(design, axis=1)), seen)
    own = float(arm.settings[f"{_FIELD}{parameter}"])
    return [
        Term(parameter, float(low), float(high), own, bend, by_run)
        for bend, by_run in zip(bends, fitted[1:], strict=True)
    ]


def runs_of(finding: Finding, replicate: IntArray) -> FloatArray:
    """Return `[R, F]` pseudo-values of what a condition's replicates used."""
    rows = np.searchsorted(finding.replicate, replicate)
    return finding.amounts.influence()[rows]


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

        Given `[N, D]` levels of inputs and parameters, each in 0 to 1, and how many
        times as dear training is.
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

        `policy` is `[N]` the option that is taken in each world, and it gains beside
        the one option of a policy that ignores all.
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
    """Put together the options of a task beside doing nothing: arms of known bills."""
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

    Given arms with each parameter, and its terms or why there are none, and `[F]` what
    one of everything costs.
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
        """Return the desk of inputs that move a price of what is used, `[F]`."""
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
            worlds = worlds_at(self.inputs, levels)
            self._kept = {key: price_table([self.result.pricing], worlds)}
        return self._kept[key]
