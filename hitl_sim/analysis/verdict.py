"""What a decision says, as plain frozen data; `choice.decide` works it out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hitl_sim.analysis.break_even import Answer
from hitl_sim.analysis.crossing import Crossing
from hitl_sim.analysis.fieller import RatioSet
from hitl_sim.analysis.finding import Finding, TaskResult
from hitl_sim.analysis.frontier import Frontier
from hitl_sim.analysis.variance import Spread
from hitl_sim.analysis.world import Input
from hitl_sim.array import FloatArray
from hitl_sim.cost import Boundary, Measure

TRAINING = "training"
"""What is spared on the device alone: above 0 where rho is below 1."""
Yardstick = str
"""`training`, or one of the measures of the whole bill."""


@dataclass(frozen=True)
class Range:
    """A price along which the break-even is solved, in the bill in which it matters.

    Its name is the field of `Scenarios`. The search ends where it is assumed to be
    wider than any published number of this kind.
    """

    name: str
    words: str
    unit: str
    low: float
    high: float
    measure: Measure


RANGES = (
    Range("wage_usd_per_h", "wage", "USD/h", 0.0, 100.0, "usd"),
    Range("electricity_usd_per_kwh", "electricity tariff", "USD/kWh", 0.0, 1.0, "usd"),
    Range("grid_kgco2e_per_kwh", "grid intensity", "kgCO2e/kWh", 0.02, 1.5, "kgco2e"),
)
WAGES = np.linspace(0.0, 60.0, 61)
"""Wages of the acceptability curves, USD/h."""
CARBON_PRICES = np.linspace(0.0, 2.0, 41)
"""Carbon prices of the acceptability curves, USD/kgCO2e."""
SCALES = np.logspace(0.0, 12.0, 97)
"""How many times as dear training is, for the acceptability curves."""


@dataclass(frozen=True)
class BreakEvenAlong:
    """A break-even solved along one number.

    Attributes:
        along: what the number is, in words.
        unit: its unit; empty for a share.
        yardstick: in which bill: `training`, joules, usd or kgco2e.
        scale: how many times as dear training is in it.
        arm: the arm, with whatever else is swept.
    """

    along: str
    unit: str
    yardstick: Yardstick
    scale: float
    arm: str
    crossing: Crossing


@dataclass(frozen=True)
class ArmDecision:
    """Whether one condition pays.

    Attributes:
        finding: the condition.
        saved_per_hour: joules of training saved per hour that people are paid for,
            the requester's included, J/h; only ever with its set.
        pays_here: probability that it pays at the study's prices, by measure.
        by_scale: `[M]` probability over `SCALES`, by measure.
        by_wage: `[W]` probability over `WAGES`, in money at `Decision.scale`.
        by_carbon_price: `[P]` probability over `CARBON_PRICES`, at the same scale.
        spread: what its variance is made of, at `Decision.scale`.
    """

    finding: Finding
    saved_per_hour: RatioSet
    pays_here: Mapping[Measure, float]
    by_scale: Mapping[Measure, FloatArray]
    by_wage: FloatArray
    by_carbon_price: FloatArray
    spread: tuple[Spread, ...]


@dataclass(frozen=True)
class Contour:
    """M* in money of one condition over wage and tariff.

    Attributes:
        wages: `[W]` USD/h.
        tariffs: `[P]` USD/kWh.
        multiple: `[P, W]` M*; NaN where money is unknown or no training is saved.
    """

    wages: FloatArray
    tariffs: FloatArray
    multiple: FloatArray


@dataclass(frozen=True)
class Step:
    """One step from the control's bill to the arm's; below 0 for what is saved."""

    words: str
    amount: float


@dataclass(frozen=True)
class Leader:
    """The condition with people that a page tells about, and its bill in steps.

    Attributes:
        finding: the condition: of those that stand for their arm, the one of least rho.
        measure: usd where money is known, else joules.
        control: the control's bill per success, with training `Decision.scale` times
            as dear.
        steps: from there to the condition's own bill.
        contour: M* over wage and tariff.
    """

    finding: Finding
    measure: Measure
    control: float
    steps: tuple[Step, ...]
    contour: Contour


@dataclass(frozen=True)
class BoundaryCase:
    """How one condition would end if an hour of a person counted otherwise.

    `pays_here` says whether its whole bill is below the control's, by chance alone.
    """

    finding: Finding
    boundary: Boundary
    measure: Measure
    multiple: float
    pays_here: Answer


@dataclass(frozen=True)
class Decision:
    """Everything that helps to decide about one task.

    Attributes:
        task: the task.
        scale: how many times as dear training is in the curves over wage and carbon
            price: where the arm that pays back soonest in money breaks even, or 1.
        inputs: what was drawn as the world.
        arms: the conditions beside the control, its copy left out.
        break_evens: solved along prices, quality and the three consistencies.
        frontier: over accuracy, joules, hours, money and carbon.
        leader: the condition with people that is told about; None where none reached.
        boundary_cases: conditions with people under the other boundaries of an hour.
    """

    task: TaskResult
    scale: float
    inputs: tuple[Input, ...]
    arms: tuple[ArmDecision, ...]
    break_evens: tuple[BreakEvenAlong, ...]
    frontier: Frontier
    leader: Leader | None
    boundary_cases: tuple[BoundaryCase, ...]
