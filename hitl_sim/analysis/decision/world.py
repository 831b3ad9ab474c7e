"""What is not known about the world: prices, grids, devices, as inputs to be drawn.

Chance is which runs a study happened to make; the world is what its constants are. The
two are drawn apart, so that a report can say which of them an answer hangs on: more
replicates buy down the first, better sources the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from hitl_sim.analysis.condition.finding import StudyResult, TaskResult
from hitl_sim.array import FloatArray
from hitl_sim.cost import Scenarios
from hitl_sim.cost.price import RATES
from hitl_sim.energy import Kind, Quantity
from hitl_sim.energy.monte_carlo import displace

_WORDS = {name: rate.words for name, rate in RATES.items()} | {
    "device_energy_factor": "energy of the device's work",
    "label_s": "time of a label",
}
_Z_95 = float(ndtri(0.975))


@dataclass(frozen=True)
class Input:
    """One number of the world that is known up to its 95 % interval.

    Its name is a field of `Scenarios`, its value what the study uses.
    """

    name: str
    value: float
    low: float
    high: float
    kind: Kind
    source: str

    @property
    def words(self) -> str:
        """Return its name in words."""
        return _WORDS[self.name]


def world_inputs(result: StudyResult, task: TaskResult) -> tuple[Input, ...]:
    """List the constants that are uncertain in a study's bill of one task.

    Returns:
        The inputs whose interval has a width, in a fixed order. Those that the study
        file sets are exact and left out.
    """
    rates = result.pricing.rates
    found = [
        Input(name, *ends, quantity.kind, quantity.source)
        for name, rate in RATES.items()
        if (ends := _ends(quantity := getattr(rates, rate.attribute)))
    ]
    joules = task.control.joules.quantity
    if ends := _ends(joules):
        value, low, high = ends
        factor = 1.0, low / value, high / value
        found.append(Input("device_energy_factor", *factor, joules.kind, joules.source))
    return tuple(found)


def _ends(quantity: Quantity) -> tuple[float, float, float] | None:
    """Return a value and its interval; None where that has no width."""
    if not quantity.is_known or quantity.interval is None or not quantity.value:
        return None
    low, high = map(float, quantity.interval)
    return (float(quantity.value), low, high) if low < high else None


def worlds_at(inputs: Sequence[Input], levels: FloatArray) -> Scenarios:
    """Turn `[N, D]` levels between 0 and 1 into worlds; at 0.5 is the study's value.

    Returns:
        `N` scenarios: each input stands at two half normals that meet at its value, on
        the log scale where it is positive, as everywhere in this package. With no
        input every world is the study's own.
    """
    safe = np.clip(levels, 1e-9, 1.0 - 1e-9)
    numbers = {
        one.name: displace(ndtri(safe[:, d]) / _Z_95, one.value, one.low, one.high)
        for d, one in enumerate(inputs)
    }
    if not inputs:
        numbers = {"device_energy_factor": np.ones(len(levels))}
    if "pue" in numbers:
        numbers["pue"] = np.maximum(numbers["pue"], 1.0)
    return Scenarios({name: np.maximum(v, 0.0) for name, v in numbers.items()})


def draw_worlds(inputs: Sequence[Input], num: int, seed: int) -> Scenarios:
    """Draw worlds at random, the inputs independent of each other."""
    levels = np.random.default_rng(seed).random((num, len(inputs)))
    return worlds_at(inputs, levels)
