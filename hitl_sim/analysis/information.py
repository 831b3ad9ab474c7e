"""What it would be worth to know a number before deciding.

References:
    Raiffa and Schlaifer (1961), Applied statistical decision theory.
    Strong, Oakley and Brennan (2014), Estimating multiparameter partial expected value
    of perfect information from a probabilistic sensitivity analysis sample: a
    nonparametric regression approach, Medical Decision Making 34(3), 311-326; here the
    regression is a cubic, since bills are linear in each price.
"""

from __future__ import annotations

import numpy as np

from hitl_sim.analysis.record import FloatArray

_DEGREE = 3


def perfect_information(net: FloatArray) -> float:
    """Return the expected value of knowing everything.

    Args:
        net: `[N, D]` net benefit of each of `D` options in each of `N` worlds; one of
            them is to do nothing, at 0.

    Returns:
        Mean of the best in each world less the best on average; >= 0.
    """
    return float(net.max(axis=1).mean() - net.mean(axis=0).max())


def partial_information(levels: FloatArray, net: FloatArray) -> float:
    """Return the expected value of knowing one input and no other.

    Args:
        levels: `[N]` the input in each world, independent of the other inputs.
        net: `[N, D]` net benefit of each option in each world.

    Returns:
        As for `perfect_information`, of net benefits averaged over everything else.
    """
    spread = float(np.ptp(levels))
    if spread == 0.0:
        return 0.0
    centred = (levels - levels.mean()) / levels.std()
    basis = np.vander(centred, _DEGREE + 1)
    weights, *_ = np.linalg.lstsq(basis, net, rcond=None)
    expected = basis @ weights
    return max(0.0, perfect_information(np.asarray(expected)))
