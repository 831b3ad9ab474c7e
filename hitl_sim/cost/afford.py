"""What a joule budget buys: human time, device time, training steps. No training."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.cost.boundary import BOUNDARIES, Boundary, human_hour_energy
from hitl_sim.cost.constant import exactly, load_toml
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import J_PER_MWH, S_PER_H

_FREE = (
    "people are outside the boundary device_only, where a budget buys any number of"
    " hours"
)


@dataclass(frozen=True)
class Affordance:
    """What a budget buys, each as if the whole of it went there.

    Attributes:
        joules: the budget, J.
        boundary: what an hour of human time is charged with.
        human_s: human time, s; unavailable where people are outside the boundary.
        device_s: time of the device at work, s; None where no device was named.
        num_steps: training steps of the device; None where no step was named.
    """

    joules: Quantity
    boundary: Boundary
    human_s: Quantity
    device_s: Quantity | None = None
    num_steps: Quantity | None = None


class AffordLine(NamedTuple):
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


def afford(
    joules: float,
    boundary: Boundary,
    *,
    power: Quantity | None = None,
    step_joules: Quantity | None = None,
) -> Affordance:
    """Say what a joule budget buys.

    Args:
        joules: the budget, J; > 0.
        boundary: what an hour of human time is charged with.
        power: of a device at work, W.
        step_joules: energy of one training step on it, J.

    Returns:
        Human time, and device time and steps where power and step are given.

    Raises:
        ValueError: the budget is not positive and finite, or the boundary has no such
            name.
    """
    if not 0 < joules < math.inf:
        raise ValueError(f"`joules` must be finite and > 0 J, got {joules}.")
    budget = exactly(float(joules), "J", "the given budget")
    return Affordance(
        joules=budget,
        boundary=boundary,
        human_s=_human_seconds(budget, boundary),
        device_s=_divided(budget, power, "s", Scope.DEVICE_TIME),
        num_steps=_divided(budget, step_joules, "1", Scope.CONSTANT),
    )


def afford_lines(
    joules: npt.ArrayLike, boundaries: Iterable[Boundary] = BOUNDARIES
) -> list[AffordLine]:
    """Compute the lines of the figure "what a joule buys in human time".

    Args:
        joules: `[B]` budgets, J; > 0.
        boundaries: which lines; those that charge people nothing are left out, since
            no line can be drawn there.

    Returns:
        One line per boundary in which human time has a price.

    Raises:
        ValueError: a budget is not positive and finite.
    """
    grid = np.asarray(joules, dtype=np.float64)
    if not (np.isfinite(grid) & (grid > 0)).all():
        raise ValueError(f"`joules` must be finite and > 0 J, got {grid.min()}.")
    budget = exactly(grid, "J", "a grid of budgets")
    lines = []
    for boundary in boundaries:
        seconds = _human_seconds(budget, boundary)
        if seconds.is_known:
            hours = seconds.scaled(1 / S_PER_H, unit="h")
            lines.append(AffordLine(boundary, grid, hours))
    return lines


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


def _human_seconds(budget: Quantity, boundary: Boundary) -> Quantity:
    rate = human_hour_energy(boundary)
    if boundary == "device_only":
        return unavailable("s", Scope.HUMAN_TIME, _FREE)
    hours = budget.over(rate, unit="h", scope=Scope.HUMAN_TIME)
    return hours.scaled(S_PER_H, unit="s")


def _divided(
    budget: Quantity, rate: Quantity | None, unit: str, scope: Scope
) -> Quantity | None:
    return None if rate is None else budget.over(rate, unit=unit, scope=scope)
