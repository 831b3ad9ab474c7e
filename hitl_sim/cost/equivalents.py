"""What a joule budget buys in human time. No training."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.cost.boundary import BOUNDARIES, Boundary, human_hour_energy
from hitl_sim.cost.constant import exactly, load_toml
from hitl_sim.energy.error import plain
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import J_PER_MWH, S_PER_H

_FREE = (
    "people are outside the boundary device_only, where a budget buys any number of"
    " hours"
)


class EquivalentLine(NamedTuple):
    """One line of the log-log figure "what a joule buys in human time".

    Attributes:
        boundary: what an hour of human time is charged with.
        joules: `[B]` budgets, J.
        hours: `[B]` human time, h, as one quantity with its interval.
    """

    boundary: Boundary
    joules: npt.NDArray[np.float64]
    hours: Quantity


class PublishedRun(NamedTuple):
    """A training run whose energy was published.

    Attributes:
        name: of the model.
        joules: energy of its training, J; no interval was published.
    """

    name: str
    joules: Quantity


def equivalents_of(joules: npt.ArrayLike, boundary: Boundary) -> Quantity:
    """Say what human time joule budgets buy, each as if the whole of it went there.

    Args:
        joules: a budget, or `[B]` of them, J; > 0.
        boundary: what an hour of human time is charged with.

    Returns:
        Human time, s; unavailable where people are outside the boundary.

    Raises:
        ValueError: a budget is not positive and finite, or the boundary has no such
            name.
    """
    budgets = plain(joules)
    if not np.all(np.isfinite(budgets) & np.greater(budgets, 0)):
        raise ValueError(f"`joules` must be finite and > 0 J, got {np.min(budgets)}.")
    rate = human_hour_energy(boundary)
    if boundary == "device_only":
        return unavailable("s", Scope.HUMAN_TIME, _FREE)
    budget = exactly(budgets, "J", "the given budget")
    hours = budget.over(rate, unit="h", scope=Scope.HUMAN_TIME)
    return hours.scaled(S_PER_H, unit="s")


def equivalent_lines(joules: npt.ArrayLike) -> list[EquivalentLine]:
    """Compute the lines of the figure "what a joule buys in human time".

    Returns:
        One line over `[B]` budgets, J, per boundary in which human time has a price.

    Raises:
        ValueError: a budget is not positive and finite.
    """
    grid = np.asarray(joules, dtype=np.float64)
    bought = {boundary: equivalents_of(grid, boundary) for boundary in BOUNDARIES}
    return [
        EquivalentLine(boundary, grid, seconds.scaled(1 / S_PER_H, unit="h"))
        for boundary, seconds in bought.items()
        if seconds.is_known
    ]


def nearest_run(joules: float) -> PublishedRun:
    """Return the published training run whose energy is the nearest, as a ratio.

    Args:
        joules: energy of a training, J; > 0.
    """

    def away(run: PublishedRun) -> float:
        return abs(math.log(float(plain(run.joules.value or math.nan)) / joules))

    return min(published_runs(), key=away)


def published_runs() -> tuple[PublishedRun, ...]:
    """Return training runs whose energy was published, to mark on the figure.

    References:
        See `data/published.toml`.
    """
    rows: list[dict[str, Any]] = load_toml("published.toml")["run"]
    return tuple(
        PublishedRun(
            row["name"],
            Quantity(
                value=row["mwh"] * J_PER_MWH,
                unit="J",
                kind=Kind.MODELLED_ANALYTIC,
                scope=Scope(row["scope"]),
                interval=None,
                source=row["source"],
            ),
        )
        for row in rows
    )
