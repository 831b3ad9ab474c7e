"""How an amount grows with the size of a model or a pool, and one decade further.

A power law is fitted to the sizes that were run, on log axes, each size one point. What
the points leave around the line holds both chance and the law's misfit, so that the
interval of a prediction is Student's with as many degrees of freedom as there are sizes
beyond two. Since a law may bend, the interval also holds that of the law of the largest
sizes alone: it is wider than 95 % where nothing bends. Nothing is predicted more than
one decade beyond the largest size: the
question is inverted there (`required_ratio`).

References:
    Draper and Smith (1998), Applied regression analysis, 3rd edition, section 1.4, for
    the interval of a single new observation.
    Hestness et al. (2017), Deep learning scaling is predictable, empirically,
    arXiv:1712.00409, for power laws in data and model size.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from hitl_sim.analysis.chance.interval import UPPER, Bounded
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.array import FloatArray, some_of
from hitl_sim.cost import Boundary, PublishedRun, human_hour_energy
from hitl_sim.energy import Kind, Quantity, Scope, exact

MIN_SIZES = 4
"""Fewer sizes leave fewer than two degrees of freedom: no interval can be told."""
DECADE = 10.0
"""Farthest prediction, as a multiple of the largest size that was run."""
_SIZES = {
    "task.pool": "items of the pool",
    "network.hidden": "width of the hidden layer",
    "network.embedding": "width of the embedding",
    "network.filters": "filters",
}


@dataclass(frozen=True)
class Growth:
    """A power law, amount = factor * size ** exponent.

    Attributes:
        size: `[K]` sizes that were run, increasing.
        amount: `[K]` what was measured there; > 0.
        exponent: of the law, with the ends of its 95 % interval.
        factor: amount at size 1.
        scatter: standard deviation of log amount around the law.
    """

    size: FloatArray
    amount: FloatArray
    exponent: float
    exponent_low: float
    exponent_high: float
    factor: float
    scatter: float

    def predict(self, size: float) -> Bounded:
        """Predict the amount at a size, with the interval of a new measurement.

        Raises:
            ValueError: the size is more than a decade beyond those that were run.
        """
        least, largest = float(self.size[0]), float(self.size[-1])
        if not least / DECADE <= size <= largest * DECADE * (1.0 + 1e-12):
            raise ValueError(
                f"`size` must be within one decade of the sizes that were run, from"
                f" {least / DECADE:g} to {largest * DECADE:g}, got {size:g}. Beyond,"
                " ask which ratio would be required instead."
            )
        low, high = _interval(self, size)
        if len(self.size) > MIN_SIZES:
            end = fit_growth(self.size[-MIN_SIZES:], self.amount[-MIN_SIZES:])
            end_low, end_high = _interval(end, size)
            low, high = min(low, end_low), max(high, end_high)
        return Bounded(self.factor * size**self.exponent, low, high)


def _interval(law: Growth, size: float) -> tuple[float, float]:
    """Return Student's 95 % interval of one new measurement."""
    x, centre, spread = _moments(law.size)
    away = math.log(size) - centre
    reach = math.sqrt(1.0 + 1.0 / len(x) + away**2 / spread)
    half = stdtrit(len(x) - 2, UPPER) * law.scatter * reach
    value = law.factor * size**law.exponent
    return value * math.exp(-half), value * math.exp(half)


def _moments(size: FloatArray) -> tuple[FloatArray, float, float]:
    x = np.log(size)
    return x, float(x.mean()), float(((x - x.mean()) ** 2).sum())


def fit_growth(size: npt.ArrayLike, amount: npt.ArrayLike) -> Growth:
    """Fit the power law.

    Args:
        size: `[K]` sizes, increasing; K >= `MIN_SIZES`.
        amount: `[K]` measured amounts; finite and > 0.

    Raises:
        ValueError: there are too few sizes, or they do not increase from above 0.
    """
    sizes, amounts = np.asarray(size, np.float64), np.asarray(amount, np.float64)
    if len(sizes) < MIN_SIZES or not (np.diff(sizes) > 0).all() or sizes[0] <= 0:
        raise ValueError(
            f"`size` must hold {MIN_SIZES} or more increasing sizes > 0, got"
            f" {some_of(sizes)}."
        )
    if not (np.isfinite(amounts).all() and (amounts > 0).all()):
        raise ValueError(f"`amount` must be finite and > 0, got {some_of(amounts)}.")
    x, centre, spread = _moments(sizes)
    y = np.log(amounts)
    exponent = float(((x - centre) * y).sum() / spread)
    rest = y - y.mean() - exponent * (x - centre)
    scatter = math.sqrt(float((rest**2).sum()) / (len(x) - 2))
    half = stdtrit(len(x) - 2, UPPER) * scatter / math.sqrt(spread)
    return Growth(
        size=sizes,
        amount=amounts,
        exponent=exponent,
        exponent_low=exponent - half,
        exponent_high=exponent + half,
        factor=math.exp(float(y.mean()) - exponent * centre),
        scatter=scatter,
    )


def hide_largest(growth: Growth) -> Bounded | None:
    """Predict the largest size from the others, as a test of the law.

    Returns:
        The prediction, to be held against the last amount; None where too few sizes
        would be left or the largest is more than a decade beyond the next.
    """
    if len(growth.size) <= MIN_SIZES:
        return None
    rest = fit_growth(growth.size[:-1], growth.amount[:-1])
    largest = float(growth.size[-1])
    if largest > DECADE * float(rest.size[-1]):
        return None
    return rest.predict(largest)


def required_ratio(run: PublishedRun, hours: float, boundary: Boundary) -> Quantity:
    """Say which rho would repay some hours of people at a published training run.

    That is 1 - hours x energy of an hour / energy of the run. Below 0 not even training
    for nothing repays them. It is hypothetical, since no such study was run.

    Raises:
        ValueError: the hours are negative or not finite.
    """
    if not 0.0 <= hours < math.inf:
        raise ValueError(f"`hours` must be finite and >= 0 h, got {hours}.")
    spent = human_hour_energy(boundary).scaled(hours, unit="J")
    share = spent.over(run.joules, unit="1", scope=Scope.CONSTANT)
    whole = exact(1.0, "1", Kind.HYPOTHETICAL, Scope.CONSTANT, "question inverted")
    return whole - share


@dataclass(frozen=True)
class Scaling:
    """How one amount of one arm grows along one size.

    Attributes:
        size: what grows, in words.
        rest: what else is swept and held, in words; empty where nothing is.
        amount: which, in words.
        ahead: prediction one decade beyond the largest size; hypothetical.
        hidden: prediction of the largest size from the others; None where it cannot be
            hidden.
    """

    task: str
    size: str
    rest: str
    arm: str
    amount: str
    growth: Growth
    ahead: Bounded
    hidden: Bounded | None

    @property
    def is_held(self) -> bool | None:
        """Return whether the hidden largest was held; None where none was hidden."""
        if self.hidden is None:
            return None
        return self.hidden.holds(float(self.growth.amount[-1]))


def find_scalings(result: StudyResult) -> tuple[Scaling, ...]:
    """Fit growth along every size of which a study has enough settings.

    Steps and operations are per success, choosing included; an arm is left out where
    it never reached at one of the sizes.
    """
    return tuple(
        scaling
        for name, words in _SIZES.items()
        for tasks in _families(result, name)
        for scaling in _scalings(tasks, name, words, result)
    )


def hidden_tests(scalings: Iterable[Scaling]) -> tuple[bool, ...]:
    """Return whether each arm's hidden largest size was held, by all of its amounts.

    Operations are steps times what one step takes, so that the laws of both miss or
    hold together: they are one test, and so are any amounts of one arm along one size.
    """
    found: dict[tuple[str, str, str, str], bool] = {}
    for scaling in scalings:
        if scaling.is_held is not None:
            key = scaling.task, scaling.size, scaling.rest, scaling.arm
            found[key] = found.get(key, True) and scaling.is_held
    return tuple(found.values())


def _families(result: StudyResult, name: str) -> Iterator[list[TaskResult]]:
    """Yield tasks that differ in one size alone, in its order."""
    found: dict[str, list[TaskResult]] = {}
    for task in result.tasks:
        settings = dict(task.control.settings)
        if name in settings:
            del settings[name]
            key = json.dumps([task.task, settings], sort_keys=True)
            found.setdefault(key, []).append(task)
    for tasks in found.values():
        if len(tasks) >= MIN_SIZES:
            yield sorted(tasks, key=lambda t: float(t.control.settings[name]))


def _scalings(
    tasks: list[TaskResult], name: str, words: str, result: StudyResult
) -> Iterator[Scaling]:
    sizes = [float(task.control.settings[name]) for task in tasks]
    rest = {k: v for k, v in tasks[0].control.settings.items() if k != name}
    held = ", ".join(f"{key} {value}" for key, value in rest.items() if key != "task")
    for arm in ("control", *dict.fromkeys(f.arm for t in tasks for f in t.with_people)):
        found = [_finding(task, arm) for task in tasks]
        known = [f for f in found if f is not None and f.reach.hits > 0]
        if len(known) < len(found):
            continue
        for amount, values in (
            ("steps", [float(f.usage.steps) for f in known]),
            ("operations", [_operations(f, result) for f in known]),
        ):
            growth = fit_growth(sizes, values)
            yield Scaling(
                task=tasks[0].task,
                size=words,
                rest=held,
                arm=arm,
                amount=amount,
                growth=growth,
                ahead=growth.predict(DECADE * sizes[-1]),
                hidden=hide_largest(growth),
            )


def _finding(task: TaskResult, arm: str) -> Finding | None:
    if arm == "control":
        return task.control
    asked = [f for f in task.with_people if f.arm == arm]
    return asked[0] if len(asked) == 1 else None


def _operations(finding: Finding, result: StudyResult) -> float:
    """Return operations per success of everything the protocol needs."""
    pooled = dict(zip(finding.amounts.names, finding.amounts.pooled, strict=True))
    return float(
        sum(
            pooled[name] * sum(unit["flops"].values())
            for name, unit in result.work.items()
            if pooled[name]
        )
    )
