"""The closed form of the Green Algorithms calculator, to compare with."""

from typing import NamedTuple

from hitl_sim.unit import KG_PER_G

W_PER_KW = 1e3
MEMORY_W_PER_GB = 0.3725
"""Power of memory by its size (Lannelongue, Grealey and Inouye 2021, section 2)."""


class GreenAlgorithms(NamedTuple):
    """What the calculator gives.

    Attributes:
        kwh: energy, kWh.
        kgco2e: emissions, kgCO2e; None where nobody gave the intensity.
    """

    kwh: float
    kgco2e: float | None


def green_algorithms(
    hours: float,
    cores: float,
    core_w: float,
    *,
    usage: float = 1.0,
    memory_gb: float = 0.0,
    pue: float,
    g_per_kwh: float | None,
    scaling: float = 1.0,
) -> GreenAlgorithms:
    """Apply the closed form: t (n P u + m 0.3725 W/GB) PUE PSF, times the intensity.

    Args:
        hours: running time t, h.
        cores: n, processors or boards.
        core_w: P, the power that each was designed for (TDP), W.
        usage: u, share of that power that is drawn.
        memory_gb: m, memory that was asked for, GB.
        pue: power usage effectiveness.
        g_per_kwh: carbon intensity of electricity, g CO2e/kWh; None where unknown.
        scaling: PSF, equal runs.

    References:
        Lannelongue, Grealey and Inouye (2021), Green Algorithms: quantifying the carbon
        footprint of computation, Advanced Science 8(12), doi:10.1002/advs.202100707.
    """
    power_w = cores * core_w * usage + memory_gb * MEMORY_W_PER_GB
    kwh = hours * power_w * pue * scaling / W_PER_KW
    carbon = None if g_per_kwh is None else kwh * g_per_kwh * KG_PER_G
    return GreenAlgorithms(kwh, carbon)
