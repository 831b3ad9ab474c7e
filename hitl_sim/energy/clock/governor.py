"""A governor that learns which clock to choose, from what the last period showed.

Each period it sees how busy the last one was, chooses a clock, and then pays: the
joules of the job, and a penalty if the job was late. What a late job has not done when
its period ends is done at the top clock. It learns

    Q(s, a) <- Q(s, a) + rate (cost + discount min over a' of Q(s', a') - Q(s, a))

with s the bins of the last period's load: the share of the period that its cycles take
at the top clock, and the share that it waits for memory. Nothing is known at first to
cost anything, so every clock is tried once in each state; later one is tried by lot
with a chance that falls with the visits of s.

References:
    Kim and Wu (2020), AutoScale: energy efficiency optimization for stochastic edge
    inference using reinforcement learning, MICRO, 1082-1096 (Q-learning over discrete
    states of load and interference; rate .9 and discount .1 there; the rate falls with
    the visits here, because costs are noisy).
    Watkins and Dayan (1992), Q-learning, Machine Learning 8, 279-292.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hitl_sim.energy.clock.load import FloatArray, Load
from hitl_sim.energy.clock.model import Clocked, work_energy, work_time


@dataclass(frozen=True)
class GovernorConfig:
    """How a governor learns.

    Attributes:
        edges: between the bins of both shares, rising; AutoScale's states are set by
            such thresholds too.
        discount: worth of the next period's cost in this one's; >= 0, < 1.
        explore: the chance of a trial at visit n of a state is explore ÷ (explore + n);
            > 0.
        least_rate: lowest learning rate, so that it never stops following the load;
            > 0, <= 1.

    Raises:
        ValueError: a number is out of range, or the edges do not rise.
    """

    edges: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
    discount: float = 0.1
    explore: float = 2.0
    least_rate: float = 0.02

    def __post_init__(self) -> None:
        """Refuse numbers with which nothing is learned."""
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"`edges` must rise, got {self.edges}.")
        for name, is_right, condition in (
            ("discount", 0.0 <= self.discount < 1.0, ">= 0 and < 1"),
            ("explore", self.explore > 0.0, "> 0"),
            ("least_rate", 0.0 < self.least_rate <= 1.0, "> 0 and <= 1"),
        ):
            if not is_right:
                raise ValueError(
                    f"`{name}` must be {condition}, got {getattr(self, name)}."
                )


@dataclass(frozen=True)
class Governed:
    """What a governor did.

    Attributes:
        choice: `[T]` which clock it chose.
        cost: `[T]` J paid in each period, penalties included.
    """

    choice: npt.NDArray[np.int64]
    cost: FloatArray

    @property
    def total(self) -> float:
        """Return the cost of all periods."""
        return float(self.cost.sum())


def cost_table(
    load: Load, device: Clocked, clocks_hz: FloatArray, late_j: float
) -> FloatArray:
    """Return what each clock would have cost in each period, `[T, A]`, J.

    Args:
        load: the jobs.
        device: what runs them.
        clocks_hz: `[A]` clocks to choose from.
        late_j: penalty of a job that is late, J; >= 0.

    Raises:
        ValueError: the penalty is negative, or a clock is not the device's.
    """
    if not late_j >= 0.0:
        raise ValueError(f"`late_j` must be >= 0 J, got {late_j}.")
    if not (
        np.all(clocks_hz >= device.bottom_hz) and np.all(clocks_hz <= device.top_hz)
    ):
        raise ValueError(
            f"`clocks_hz` must be >= {device.bottom_hz} and <= {device.top_hz}, got"
            f" {clocks_hz.tolist()}."
        )
    clocks = clocks_hz[None]
    cycles, memory_s = load.cycles[:, None], load.memory_s[:, None]
    seconds = np.asarray(work_time(cycles, memory_s, clocks))
    share = np.minimum(load.period_s / seconds, 1.0)
    joules = np.asarray(work_energy(cycles, memory_s, device, clocks))
    at_top = np.asarray(work_energy(cycles, memory_s, device, device.top_hz))
    table: FloatArray = share * joules + (1.0 - share) * at_top + late_j * (share < 1.0)
    return table


def best_fixed(costs: FloatArray) -> tuple[int, float]:
    """Return the one clock that would have cost least over all periods, and its cost.

    Known only in hindsight.

    Args:
        costs: `[T, A]` from `cost_table`.
    """
    totals = costs.sum(axis=0)
    at = int(np.argmin(totals))
    return at, float(totals[at])


def govern(
    load: Load, device: Clocked, costs: FloatArray, config: GovernorConfig, seed: int
) -> Governed:
    """Let a governor choose the clock of each period and learn from what it paid.

    It sees the load of a period only when that is over.

    Args:
        load: the jobs.
        device: what runs them.
        costs: `[T, A]` what each clock costs in each period.
        config: how it learns.
        seed: of its trials.
    """
    num_periods, num_clocks = len(costs), len(costs[0])
    states = _states(load, device, config.edges)
    num_states = (len(config.edges) + 1) ** 2
    rng = np.random.default_rng(seed)
    lots = rng.random(num_periods)
    trials = rng.integers(0, num_clocks, num_periods)
    worth = np.zeros((num_states, num_clocks))
    visits = np.zeros(worth.shape, np.int64)
    choice = np.zeros(num_periods, np.int64)
    seen = 0
    for period in range(num_periods):
        chance = config.explore / (config.explore + visits[seen].sum())
        is_trial = lots[period] < chance
        action = int(trials[period] if is_trial else np.argmin(worth[seen]))
        then = int(states[period])
        visits[seen, action] += 1
        rate = max(1.0 / visits[seen, action], config.least_rate)
        aim = costs[period, action] + config.discount * worth[then].min()
        worth[seen, action] += rate * (aim - worth[seen, action])
        choice[period] = action
        seen = then
    return Governed(choice, costs[np.arange(num_periods), choice])


def _states(
    load: Load, device: Clocked, edges: tuple[float, ...]
) -> npt.NDArray[np.int64]:
    """Number the state that each period leaves behind, `[T]`."""
    busy = load.cycles / device.top_hz / load.period_s
    waiting = load.memory_s / load.period_s
    rows, columns = np.digitize(busy, edges), np.digitize(waiting, edges)
    return np.asarray(rows * (len(edges) + 1) + columns, np.int64)
