"""Sobol indices: which share of a variance each input makes, alone and with others.

References:
    Sobol' (2001), Global sensitivity indices for nonlinear mathematical models and
    their Monte Carlo estimates, Mathematics and Computers in Simulation 55, 271-280.
    Saltelli et al. (2010), Variance based sensitivity analysis of model output,
    Computer Physics Communications 181, 259-270.
    Iwanaga, Usher and Herman (2022), Toward SALib 2.0, Socio-Environmental Systems
    Modelling 4, 18155.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.record import FloatArray

NUM_BASE = 1024
"""Points of the low-discrepancy sequence; (inputs + 2) times as many evaluations."""


class MissingSalibError(RuntimeError):
    """SALib is not installed."""


@dataclass(frozen=True)
class Index:
    """What one input does to the variance of an output.

    Attributes:
        name: of the input.
        first: share of the variance that it makes alone.
        first_half: half width of its 95 % interval, from resampling the sequence.
        total: share with all its interactions.
        total_half: half width of that.
    """

    name: str
    first: float
    first_half: float
    total: float
    total_half: float


def sobol_indices(
    names: Sequence[str],
    function: Callable[[FloatArray], FloatArray],
    seed: int,
    num_base: int = NUM_BASE,
) -> tuple[Index, ...]:
    """Estimate first-order and total indices.

    Args:
        names: `D` inputs, each uniform between 0 and 1.
        function: of levels `[N, D]`, returns `[N]`.
        seed: fixes sequence and resamples.
        num_base: points of the sequence; a power of 2.

    Raises:
        MissingSalibError: SALib is not there; the message says how to get it.
        ValueError: the output is not finite, or does not vary.
    """
    try:
        analysis = importlib.import_module("SALib.analyze.sobol")
        sampling = importlib.import_module("SALib.sample.sobol")
    except ImportError as error:
        raise MissingSalibError(
            "Sobol indices need SALib: pip install 'hitl-sim[sensitivity]'."
        ) from error
    bounds = [[0.0, 1.0]] * len(names)
    problem = {"num_vars": len(names), "names": list(names), "bounds": bounds}
    levels = sampling.sample(problem, num_base, calc_second_order=False, seed=seed)
    output = np.asarray(function(levels), np.float64)
    if not np.isfinite(output).all() or np.ptp(output) == 0.0:
        raise ValueError("`function` must return finite numbers that vary.")
    standard = (output - output.mean()) / output.std()
    found = analysis.analyze(
        problem, standard, calc_second_order=False, seed=seed, print_to_console=False
    )
    return tuple(
        Index(
            name, *(float(found[key][d]) for key in ("S1", "S1_conf", "ST", "ST_conf"))
        )
        for d, name in enumerate(names)
    )
