"""How saving and questions move with the size of training, over ladders of rungs.

A ladder is a task with a kind of network; a rung is a size of its pool and of its
network. Of each arm there a number is known with its Monte-Carlo error: log rho, the
log of the questions that a stated quality of selection took, the log-odds of reach.
The law holds them against two covariates that vary apart within a ladder:

- the pool, in decades of items: a larger pool needs more questions;
- the width, in decades of joules that a step takes per item: width asks nobody.

Number = mean + a slope for each + what arm, ladder, arm within ladder and rung differ
by + slopes that differ by arm and ladder + residual + Monte-Carlo error. A rung's own
effect is what its arms have in common: they share a control. Spreads have half-normal
priors and are integrated out (`analysis.chance.mixed`). The scales of these priors are
assumed: an effect of 1 (a factor of 2.7), slopes and residuals of .3 a decade.

A prediction of one decade or less holds the error of the new number, too. What lies
further is hypothetical.

References:
    Hestness et al. (2017), Deep learning scaling is predictable, empirically,
    arXiv:1712.00409, for power laws in data and model size.
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and
    estimation, Journal of the American Statistical Association 102, 359-378: the
    interval score, equation 43.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from hitl_sim.analysis.chance.interval import Bounded
from hitl_sim.analysis.chance.mixed import Effect, Mixed, fit_mixed
from hitl_sim.array import FloatArray
from hitl_sim.energy import Kind, Quantity, Scope

LEVEL = 0.9
"""Of the intervals."""
SEED = 20261215
"""Of the draws of spreads, so that equal rungs always give equal intervals."""
COVARIATES = ("pool", "width")
MIN_LADDERS = 2
MIN_RUNGS = 3
"""Rungs of the largest ladder; with fewer no slope is told from a rung's own effect."""
_BETWEEN, _SLOPE = 1.0, 0.3
_EPSILON = 1e-9


@dataclass(frozen=True)
class Rung:
    """One number of one arm at one size.

    Attributes:
        ladder: task and kind of network.
        rung: name of the size; arms of one rung share a control.
        arm: with its people and questions.
        pool: items.
        pass_j: joules of a step of the control per item that it learns from.
        value: log of rho or of questions, or log-odds of reach.
        error: Monte-Carlo standard error of it, > 0.
    """

    ladder: str
    rung: str
    arm: str
    pool: float
    pass_j: float
    value: float
    error: float

    @property
    def size(self) -> FloatArray:
        """Return decades of items and of joules per item."""
        return np.log10([self.pool, self.pass_j])

    @property
    def pass_pool_j(self) -> float:
        """Return the joules of one pass over the pool."""
        return self.pool * self.pass_j


@dataclass(frozen=True)
class Predicted:
    """What the law says of a number at a size.

    Attributes:
        log: the logarithm, or log-odds, with its interval.
        decades: by which the farther covariate, or both together, lie outside the
            ladder's own rungs.
        kind: simulated within a decade, hypothetical beyond it.
        level: of the interval.
    """

    log: Bounded
    decades: float
    kind: Kind
    level: float

    def ratio(self, source: str) -> Quantity:
        """Return what the logarithm is of, never without its interval and kind."""
        low, high = math.exp(self.log.low), math.exp(self.log.high)
        value, scope = math.exp(self.log.value), Scope.CONSTANT
        return Quantity(value, "1", self.kind, scope, (low, high), source)


@dataclass(frozen=True)
class SizeLaw:
    """The law of one number.

    Attributes:
        rungs: that it was fitted to.
        model: given them.
        centre: `[2]` middle of the covariates, decades.
    """

    rungs: tuple[Rung, ...]
    model: Mixed
    centre: FloatArray

    def growth(self, covariate: str, level: float = LEVEL) -> Bounded:
        """Return by how much the number changes per decade, over ladders and arms."""
        row = np.zeros(1 + len(COVARIATES))
        row[1 + COVARIATES.index(covariate)] = 1.0
        return self.model.coefficient(row, level)

    def predict(self, new: Rung, level: float = LEVEL) -> Predicted:
        """Predict a number at a size, the Monte-Carlo error of it included.

        Args:
            new: where; its value is not looked at. Ladder and arm may be new: then
                what ladders and arms differ by is in the interval.
            level: of the interval.
        """
        size = (new.size - self.centre)[None]
        row = np.concatenate([[1.0], size[0]])
        found = self.model.predict(row, _effects([new], size), new.error, level)
        away = self.decades(new)
        kind = Kind.HYPOTHETICAL if away > 1.0 + _EPSILON else Kind.SIMULATED
        return Predicted(found, away, kind, level)

    def decades(self, new: Rung) -> float:
        """Return how far a size is outside of the ladder's own rungs; 0 inside."""
        own = [one for one in self.rungs if one.ladder == new.ladder] or self.rungs
        sizes = np.array([[*one.size, one.size.sum()] for one in own])
        at = np.array([*new.size, new.size.sum()])
        above, below = at - sizes.max(axis=0), sizes.min(axis=0) - at
        return float(max(0.0, above.max(), below.max()))


def _effects(rungs: Sequence[Rung], size: FloatArray) -> list[Effect]:
    """Lay out what arms, ladders and rungs differ by; `size` `[n, 2]` is centred."""
    one = np.ones(len(rungs))
    arm = tuple(r.arm for r in rungs)
    ladder = tuple(r.ladder for r in rungs)
    both = tuple(f"{r.ladder}\n{r.arm}" for r in rungs)
    rung = tuple(f"{r.ladder}\n{r.rung}" for r in rungs)
    found = [
        Effect("arm", arm, one, _BETWEEN),
        Effect("ladder", ladder, one, _BETWEEN),
        Effect("arm within ladder", both, one, _SLOPE),
        Effect("rung", rung, one, _SLOPE),
    ]
    for place, name in enumerate(COVARIATES):
        found.append(Effect(f"{name} by arm", arm, size[:, place], _SLOPE))
        found.append(Effect(f"{name} by ladder", ladder, size[:, place], _SLOPE))
    return found


def fit_size_law(rungs: Sequence[Rung], seed: int = SEED) -> SizeLaw:
    """Fit the law.

    Args:
        rungs: numbers of arms at sizes.
        seed: of the draws of spreads.

    Raises:
        ValueError: there are too few ladders or rungs, a number is not finite, a size
            or an error is not > 0, or pool and width never vary apart.
    """
    names = {one.ladder: set[str]() for one in rungs}
    for one in rungs:
        names[one.ladder].add(one.rung)
    most = max(map(len, names.values()), default=0)
    if len(names) < MIN_LADDERS or most < MIN_RUNGS:
        raise ValueError(
            f"`rungs` must be of {MIN_LADDERS} or more ladders, one of them with"
            f" {MIN_RUNGS} or more, got {len(names)} with {most} at most."
        )
    for field in ("pool", "pass_j", "error"):
        bad = [one for one in rungs if not 0.0 < getattr(one, field) < math.inf]
        if bad:
            raise ValueError(
                f"`{field}` must be finite and > 0 of every rung, got"
                f" {getattr(bad[0], field)} of {bad[0].rung!r}."
            )
    sizes = np.array([one.size for one in rungs])
    centre = sizes.mean(axis=0)
    size = sizes - centre
    design = np.column_stack([np.ones(len(size)), size])
    if np.linalg.matrix_rank(design, tol=1e-6) < design.shape[1]:
        raise ValueError(
            "`rungs` must vary pool and width apart, got sizes at which one follows"
            " from the other."
        )
    value = np.array([one.value for one in rungs])
    error = np.array([one.error for one in rungs])
    model = fit_mixed(value, error, design, _effects(rungs, size), _SLOPE, seed)
    return SizeLaw(tuple(rungs), model, centre)


def needed_questions(
    questions: npt.ArrayLike,
    quality: npt.ArrayLike,
    error: npt.ArrayLike,
    wanted: float,
) -> tuple[float, float] | None:
    """Find how many questions a quality of selection took, between those tried.

    Quality is taken to be straight between neighbours on the logarithm of questions.

    Args:
        questions: `[K]` numbers of questions, increasing.
        quality: `[K]` such as the share of what was kept that is not spoilt.
        error: `[K]` its standard errors.
        wanted: the quality.

    Returns:
        Log of the questions and its standard error, by the first crossing from below;
        None where the quality was met by the fewest, or by none.
    """
    log_q = np.log(np.asarray(questions, np.float64))
    found = np.asarray(quality, np.float64)
    spread = np.asarray(error, np.float64)
    for low in range(len(found) - 1):
        high = low + 1
        if found[low] < wanted <= found[high]:
            rise = found[high] - found[low]
            share = (wanted - found[low]) / rise
            width = log_q[high] - log_q[low]
            # of the ends' errors, carried through the line between them
            sd = math.hypot((1.0 - share) * spread[low], share * spread[high])
            return float(log_q[low] + share * width), float(sd * width / rise)
    return None


def log_odds(hits: int, trials: int) -> tuple[float, float]:
    """Return the log-odds of a share and its standard error, by half a hit more each.

    References:
        Haldane (1956), The estimation and significance of the logarithm of a ratio of
        frequencies, Annals of Human Genetics 20, 309-311.
    """
    yes, no = hits + 0.5, trials - hits + 0.5
    return math.log(yes / no), math.sqrt(1.0 / yes + 1.0 / no)


def interval_score(found: Bounded, value: float, level: float) -> float:
    """Score an interval by its width and what a miss costs; less is better."""
    miss = max(found.low - value, value - found.high, 0.0)
    return found.high - found.low + 2.0 / (1.0 - level) * miss


@dataclass(frozen=True)
class Hidden:
    """A ladder's largest rung, held against what the law says of it without it.

    Attributes:
        rung: with what was found.
        predicted: by the law.
        unchanged: the prediction that the number stays as it was one rung below.
    """

    rung: Rung
    predicted: Predicted
    unchanged: Bounded

    @property
    def is_held(self) -> bool:
        """Return whether the law's interval holds what was found."""
        return self.predicted.log.holds(self.rung.value)

    @property
    def scores(self) -> tuple[float, float]:
        """Return the interval scores of the law, and of no change."""
        level = self.predicted.level
        pair = self.predicted.log, self.unchanged
        low, high = (interval_score(one, self.rung.value, level) for one in pair)
        return low, high


def hide_largest_rungs(
    rungs: Sequence[Rung], arm: str, level: float = LEVEL
) -> tuple[Hidden, ...]:
    """Hide each ladder's largest rung and all within half a decade of it, in turn.

    One point is held against the law per ladder: of one arm, for arms that share a
    control err together. Sizes are joules of a pass over the pool.

    Args:
        rungs: of all ladders and arms.
        arm: whose numbers are held against the law.
        level: of the intervals.

    Returns:
        One for every ladder that has the arm at its largest rung and below it, where
        two ladders or more are left to fit.
    """
    found = []
    for ladder in dict.fromkeys(one.ladder for one in rungs):
        own = [one for one in rungs if one.ladder == ladder]
        top = max(own, key=lambda one: one.pass_pool_j)
        kept = [one for one in rungs if one.ladder != ladder]
        kept += [r for r in own if r.pass_pool_j < top.pass_pool_j / math.sqrt(10.0)]
        hidden = [r for r in own if r.rung == top.rung and r.arm == arm]
        below = [r for r in kept if r.ladder == ladder and r.arm == arm]
        if not hidden or not below:
            continue
        try:
            law = fit_size_law(kept)
        except ValueError:
            continue
        last = max(below, key=lambda one: one.pass_pool_j)
        predicted = law.predict(hidden[0], level)
        stays = unchanged(last, hidden[0].error, level)
        found.append(Hidden(hidden[0], predicted, stays))
    return tuple(found)


def unchanged(last: Rung, error: float, level: float) -> Bounded:
    """Predict that a number stays as it is; both Monte-Carlo errors are in it."""
    half = float(ndtri(0.5 + 0.5 * level)) * math.hypot(last.error, error)
    return Bounded(last.value, last.value - half, last.value + half)


def hours_growth(
    ladder: Sequence[str],
    joules: npt.ArrayLike,
    log_hours: npt.ArrayLike,
    error: npt.ArrayLike,
    level: float = LEVEL,
) -> Bounded:
    """Estimate beta: human hours grow as the control's joules to this power.

    Ladders differ by an intercept and a slope of their own, as in the law.

    Args:
        ladder: `[n]` of each size.
        joules: `[n]` of the control, > 0.
        log_hours: `[n]` natural logarithm of hours.
        error: `[n]` its standard error.
        level: of the interval.

    Raises:
        ValueError: there are too few sizes, or a number is not finite.
    """
    size = np.log(np.asarray(joules, np.float64))
    if len(size) < MIN_RUNGS:
        raise ValueError(
            f"`joules` must hold {MIN_RUNGS} or more sizes, got {len(size)}."
        )
    size = size - size.mean()
    names, one = tuple(ladder), np.ones(len(size))
    effects = [
        Effect("ladder", names, one, _BETWEEN),
        Effect("slope by ladder", names, size, _SLOPE),
    ]
    design = np.column_stack([one, size])
    model = fit_mixed(log_hours, error, design, effects, _SLOPE, SEED)
    return model.coefficient([0.0, 1.0], level)
