"""Values of information beside closed forms, in random decision problems.

Inputs are known through their distributions; a problem's net benefits are functions of
them whose values of information are integrals that can be written down.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from hitl_sim.analysis.decision.information import (
    draw_levels,
    gain_of,
    partial_policy,
    perfect_policy,
)

HALF_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)


@dataclass(frozen=True)
class Problem:
    """Net benefits `[N, A]` in worlds `levels`, and what knowing is truly worth."""

    levels: np.ndarray
    net: np.ndarray
    partial: dict[int, float]
    perfect: float


def perfect_information(net):
    return gain_of(perfect_policy(net), net)


def partial_information(levels, net):
    return gain_of(partial_policy(levels, net), net)


def beside_nothing(net):
    return np.stack([np.zeros(len(net)), net], axis=1)


def normal(levels):
    return ndtri(np.clip(levels, 1e-12, 1.0 - 1e-12))


def normal_gain(mean, spread):
    # E max(0, mean + spread z) - max(0, mean): Raiffa and Schlaifer's loss integral
    if spread == 0.0:
        return 0.0
    t = mean / spread
    density = math.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    return spread * density + mean * float(ndtr(t)) - max(0.0, mean)


def linear(rng, seed):
    """One option beside nothing, linear in normal inputs."""
    num = int(rng.integers(2, 9))
    spread = rng.lognormal(0.0, 1.0, num)
    whole = math.hypot(*spread)
    mean = rng.uniform(-1.5, 1.5) * whole
    levels = draw_levels(num + 1, seed)
    net = beside_nothing(mean + normal(levels[:, :num]) @ spread)
    partial = {d: normal_gain(mean, s) for d, s in enumerate(spread)}
    return Problem(levels, net, partial, normal_gain(mean, whole))


def lognormal_gain(mean, spread, fixed):
    # E max(0, exp(N(mean, spread^2)) - fixed) - max(0, E): Black and Scholes's call
    forward = math.exp(mean + 0.5 * spread**2)
    d1 = (mean + spread**2 - math.log(fixed)) / spread
    call = forward * float(ndtr(d1)) - fixed * float(ndtr(d1 - spread))
    return call - max(0.0, forward - fixed)


def multiplied(rng, seed):
    """One option whose saving is a product of lognormal inputs, less what it costs."""
    num = int(rng.integers(2, 6))
    spread = rng.uniform(0.1, 0.7, num)
    whole = math.hypot(*spread)
    fixed = math.exp(rng.uniform(-1.0, 1.0) * whole)
    levels = draw_levels(num + 1, seed)
    product = np.exp(normal(levels[:, :num]) @ spread)
    # the others are averaged over: each multiplies the saving by its mean
    partial = {
        d: lognormal_gain(0.5 * (whole**2 - s**2), s, fixed)
        for d, s in enumerate(spread)
    }
    perfect = lognormal_gain(0.0, whole, fixed)
    return Problem(levels, beside_nothing(product - fixed), partial, perfect)


def expected_best(intercept, slope):
    # E max_a (intercept_a + slope_a z) over a fine grid of z
    edge = np.linspace(-8.0, 8.0, 40_001)
    weight = np.exp(-0.5 * edge**2)
    lines = (intercept[:, None] + slope[:, None] * edge).max(axis=0)
    return float(lines @ weight / weight.sum())


def several(rng, seed):
    """Several options beside nothing, all driven by one normal, others by noise."""
    options = int(rng.integers(2, 6))
    slope = np.append(0.0, rng.normal(0.0, 1.0, options))
    intercept = np.append(0.0, rng.normal(0.0, 0.5, options))
    shared = rng.uniform(0.2, 0.9)
    levels = draw_levels(3, seed)
    z = normal(levels)
    driver = shared * z[:, 0] + math.sqrt(1.0 - shared**2) * z[:, 1]
    net = intercept + driver[:, None] * slope
    least = intercept.max()
    shares = {0: shared, 1: math.sqrt(1.0 - shared**2)}
    partial = {
        d: expected_best(intercept, s * slope) - least for d, s in shares.items()
    }
    return Problem(levels, net, partial, expected_best(intercept, slope) - least)


def discrete(rng, seed):
    """Several options whose net benefits are set by the values of two finite inputs."""
    sizes = rng.integers(2, 5, 2)
    chances = [rng.dirichlet(np.full(size, 3.0)) for size in sizes]
    options = int(rng.integers(2, 5))
    table = rng.normal(0.0, 1.0, (options, *sizes))
    table[0] = 0.0
    levels = draw_levels(3, seed)
    rows = [
        np.minimum(np.searchsorted(np.cumsum(p), levels[:, d], "right"), len(p) - 1)
        for d, p in enumerate(chances)
    ]
    net = table[:, rows[0], rows[1]].T
    least = np.einsum("aij,i,j->a", table, *chances).max()
    first = chances[0] @ np.einsum("aij,j->ai", table, chances[1]).max(axis=0)
    second = chances[1] @ np.einsum("aij,i->aj", table, chances[0]).max(axis=0)
    perfect = np.einsum("ij,i,j->", table.max(axis=0), *chances) - least
    return Problem(levels, net, {0: first - least, 1: second - least}, perfect)


def bent_gain(mean, spread, power):
    # u uniform: E max(0, mean + spread (u^power - 1 / (power + 1))) - max(0, mean)
    top = 1.0 / (power + 1.0)
    turn = min(max(top - mean / spread, 0.0), 1.0) ** (1.0 / power)
    gain = (mean - spread * top) * (1.0 - turn)
    return gain + spread * (1.0 - turn ** (power + 1.0)) * top - max(0.0, mean)


def bent(rng, seed):
    """One option, two monotone inputs: one steep at its end, one that jumps."""
    power, spread = rng.uniform(0.3, 6.0), rng.lognormal(0.0, 0.5)
    chance, jump = rng.uniform(0.2, 0.8), rng.lognormal(0.0, 0.5)
    mean = rng.uniform(-0.3, 0.3) * (spread + jump)
    levels = draw_levels(3, seed)
    bend = spread * (levels[:, 0] ** power - 1.0 / (power + 1.0))
    step = jump * ((levels[:, 1] < chance) - chance)
    ends = np.array([mean + jump * (1.0 - chance), mean - jump * chance])
    weights = np.array([chance, 1.0 - chance])
    least = max(0.0, mean)
    whole = [bent_gain(end, spread, power) + max(0.0, end) for end in ends]
    partial = {
        0: bent_gain(mean, spread, power),
        1: float(weights @ np.maximum(ends, 0.0)) - least,
    }
    perfect = float(weights @ whole) - least
    return Problem(levels, beside_nothing(mean + bend + step), partial, perfect)


KINDS = (linear, multiplied, several, discrete, bent)


@dataclass
class Tally:
    """What was seen in some problems.

    Attributes:
        above: partial information worth less than 0 or more than perfect information.
        judged: where it is worth a tenth of perfect information or more.
        beyond: those more than 10 % from the closed form.
        worst: the largest relative error of them.
        inert: inputs that move nothing, worth more than 2 standard errors.
        settled: problems not judged, as hardly any world changes the decision.
    """

    above: int = 0
    judged: int = 0
    beyond: int = 0
    worst: float = 0.0
    inert: int = 0
    settled: int = 0


def tally(num, first_seed):
    found = Tally()
    for seed in range(first_seed, first_seed + num):
        problem = KINDS[seed % len(KINDS)](np.random.default_rng(seed), seed)
        perfect = perfect_information(problem.net).value
        is_settled = problem.perfect < 0.01 * problem.net.std(axis=0).max()
        found.settled += is_settled
        for d, true in problem.partial.items():
            got = partial_information(problem.levels[:, d], problem.net).value
            found.above += not 0.0 <= got <= perfect
            if true >= 0.1 * problem.perfect and not is_settled:
                away = abs(got / true - 1.0)
                found.judged += 1
                found.beyond += away > 0.1
                found.worst = max(found.worst, away)
        inert = partial_information(problem.levels[:, -1], problem.net)
        found.inert += inert.value > 2.0 * inert.error
    return found


def test_partial_information_is_its_closed_form_in_random_problems():
    # of 1,000 problems under other keys none was above or beyond, and 1 inert input
    # was: with 1 in 1,000 beyond and 1 in 100 inert, 100 problems break these bounds
    # under fewer than 1 in 1,000 keys
    found = tally(100, first_seed=0)
    assert found.above == 0
    assert found.judged > 120
    assert found.beyond <= 2
    assert found.inert <= 5


@pytest.mark.slow
def test_partial_information_is_its_closed_form_in_a_thousand_problems():
    found = tally(1_000, first_seed=10_000)
    assert found.above == 0
    assert found.judged > 1_200
    assert found.beyond == 0
    assert found.inert <= 50
    assert found.settled <= 100


def test_knowing_a_standard_normal_net_benefit_is_worth_its_density_at_zero():
    net = beside_nothing(normal(draw_levels(1, 0)[:, 0]))
    found = perfect_information(net)
    assert found.value == pytest.approx(HALF_NORMAL, abs=4.0 * found.error)
    assert found.error < 0.01 * HALF_NORMAL


def test_an_input_that_explains_everything_is_worth_as_much_as_everything():
    levels = draw_levels(2, 1)
    net = beside_nothing(normal(levels[:, 0]) + 0.3)
    partial = partial_information(levels[:, 0], net).value
    everything = perfect_information(net).value
    assert partial <= everything
    assert partial == pytest.approx(everything, rel=0.01)


def test_an_option_that_never_pays_is_worth_nothing_however_it_bends():
    # a cubic through this bend rings above 0, where the net benefit never is
    levels = draw_levels(1, 2)[:, 0]
    net = beside_nothing(-0.01 - 100.0 * np.maximum(0.0, levels - 0.9))
    assert perfect_information(net).value == 0.0
    assert partial_information(levels, net).value == 0.0


def test_a_jump_is_worth_what_it_is():
    levels = draw_levels(2, 2)
    net = beside_nothing(np.where(levels[:, 0] < 0.05, 20.0, -1.0))
    partial = partial_information(levels[:, 0], net).value
    assert partial == pytest.approx(0.05 * 20.0 - (0.05 * 20.0 - 0.95), rel=0.02)
    inert = partial_information(levels[:, 1], net)
    assert inert.value <= 2.0 * inert.error


def test_what_cannot_change_the_decision_is_worth_nothing():
    levels = draw_levels(1, 3)
    net = beside_nothing(normal(levels[:, 0]) - 40.0)
    for found in (partial_information(levels[:, 0], net), perfect_information(net)):
        assert (found.value, found.error) == (0.0, 0.0)


def test_standard_errors_are_those_of_repeats():
    values, errors = [], []
    for seed in range(60):
        levels = draw_levels(4, 100 + seed)
        net = beside_nothing(0.2 + normal(levels) @ np.array([1.0, 0.5, 2.0, 0.2]))
        found = partial_information(levels[:, 0], net)
        values.append(found.value)
        errors.append(found.error)
    # the variance of 60 repeats is known to 18 %, four standard errors of it to 73 %
    assert np.var(values) == pytest.approx(np.mean(np.square(errors)), rel=0.73)
