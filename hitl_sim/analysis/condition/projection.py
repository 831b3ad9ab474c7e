"""Would people pay back at a training that nobody ran here: a study's E* beside it.

A study says from which size of training on its guidance pays back (`training_size`). A
described workload has a size. Held against each other they answer, if the shares that a
study found, and its people, hold at that size; human hours may grow with it. No law of
size is applied, so every such number is hypothetical, and what is assumed is listed.
"""

import math
from dataclasses import dataclass, replace

from hitl_sim.analysis.chance.crossing import Payback
from hitl_sim.analysis.chance.interval import Bounded
from hitl_sim.analysis.condition.break_even import Answer
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.analysis.condition.training_size import (
    BETAS,
    CONTROL_NAME,
    TrainingSize,
)
from hitl_sim.energy import Kind, Quantity, Scope
from hitl_sim.unit import S_PER_H


@dataclass(frozen=True)
class Projection:
    """What a study's arm would be at another training, at one growth of human hours.

    Attributes:
        task: of the study.
        arm: with whatever else is swept: what pays back soonest.
        size: E* of it, as the study has it.
        onto: energy of the other training on all its data, J.
        beta: power of the size of training that human hours grow by.
        hours: of people, here, h.
    """

    task: str
    arm: str
    size: TrainingSize
    onto: Quantity
    beta: float
    hours: float

    @property
    def ends(self) -> tuple[float, float, float]:
        """Return the other training's energy and its ends, J."""
        value = math.nan if self.onto.value is None else float(self.onto.value)
        low, high = self.onto.interval or (value, value)
        return value, float(low), float(high)

    @property
    def is_sized(self) -> bool:
        """Return whether both sizes are known."""
        return math.isfinite(self.multiple)

    @property
    def multiple(self) -> float:
        """Return how many times this study's control the other training takes."""
        return self.ends[0] / self.size.control_j

    @property
    def decades(self) -> float:
        """Return how many powers of ten lie between the two."""
        return math.log10(self.multiple)

    @property
    def hours_there(self) -> float:
        """Return human hours at the other training, h."""
        return float(self.hours * self.multiple**self.beta)

    @property
    def break_even(self) -> Bounded:
        """Return E*, with the wider of what chance and constants leave open, J."""
        found = self.size.joules
        constants = found.quantity.interval
        low, high = found.low, found.high
        if constants is not None:
            low, high = min(low, float(constants[0])), max(high, float(constants[1]))
        wide = replace(self.size, joules=replace(found, low=low, high=high))
        return wide.grown(self.beta)

    @property
    def quantity(self) -> Quantity | None:
        """Return E* as a hypothetical quantity, J; None where there is none."""
        found = self.break_even
        if not math.isfinite(found.value):
            return None
        ends = found.low, max(found.high, found.value)
        source = f"E* of {self.arm} on {self.task}, hours growing by {self.beta:g}"
        interval = ends if math.isfinite(ends[1]) else None
        kind, scope = Kind.HYPOTHETICAL, Scope.SEVERAL
        return Quantity(found.value, "J", kind, scope, interval, source)

    @property
    def pays(self) -> Answer:
        """Return whether people would pay back there, by both intervals."""
        found, (value, low, high) = self.break_even, self.ends
        payback = self.size.payback
        if payback is Payback.UNKNOWN or math.isnan(value):
            return Answer.UNKNOWN
        above, below = low > found.high, high < found.low
        if payback is Payback.UP_TO:
            above, below = below, above
        if above:
            return Answer.YES
        return Answer.NO if below else Answer.UNDETERMINED


def project_study(result: StudyResult, onto: Quantity) -> tuple[Projection, ...]:
    """Hold a study against the size of another training.

    Args:
        result: of the study.
        onto: energy of the other training on all its data, J.

    Returns:
        Per task, against the best arm without people and against the control, at each
        of `BETAS`; none for a task where nobody is asked.
    """
    return tuple(
        projection
        for task in result.tasks
        if task.with_people
        for is_machine in (True, False)
        if not (is_machine and task.machine == CONTROL_NAME)
        for projection in _projected(task, onto, is_machine=is_machine)
    )


def _projected(
    task: TaskResult, onto: Quantity, *, is_machine: bool
) -> list[Projection]:
    """Project the condition that pays back soonest, of most trainings that share."""

    def size_of(finding: Finding) -> TrainingSize:
        return (finding.over_machine if is_machine else finding.over_control)[-1]

    finding = min(task.with_people, key=lambda one: size_of(one).order)
    hours = float(finding.usage.paid_s) / S_PER_H
    return [
        Projection(task.label, finding.label, size_of(finding), onto, beta, hours)
        for beta in BETAS
    ]
