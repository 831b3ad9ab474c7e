"""What a ledger is built from: work of the device, time of people, labels used.

Each number may be an array over runs; then the ledger's are too.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hitl_sim.energy.error import Values
from hitl_sim.energy.quantity import Kind, Quantity, Scope, exact

Standing = Literal["protocol", "instrument", "lifetime"]


@dataclass(frozen=True)
class DeviceWork:
    """Work of one phase, already turned into seconds and joules by a device profile.

    Attributes:
        phase: "pretrain", "train", "choose", "score", "embed", "evaluate".
        standing: "protocol" if the method needs it, "instrument" if only the
            experimenter does, such as test-set curves.
        seconds: device time, s.
        joules: device energy, J.
    """

    phase: str
    standing: Literal["protocol", "instrument"]
    seconds: Quantity
    joules: Quantity


@dataclass(frozen=True)
class WorkBill:
    """Everything that the device does, and waits, in one run or many.

    Attributes:
        device: its work; phases may repeat and are added.
        wait_s: time that it waits for people, s.
        idle_power: what it draws while it waits, W.
        item_joules: energy of evaluating one item, J, for the model's later use.
        embodied_per_s: emissions of its manufacture per second of its life, kgCO2e/s.
    """

    device: tuple[DeviceWork, ...]
    wait_s: Quantity
    idle_power: Quantity
    item_joules: Quantity
    embodied_per_s: Quantity


@dataclass(frozen=True)
class HumanBill:
    """Everything that people do, in one run or many.

    Attributes:
        worked_s: time that annotators spend on answers, s.
        paid_s: time that they are paid for, s; >= worked_s.
        requester_s: the requester's own time (guidelines, set-up, adjudication), s.
        num_pool_labels: given labels that the learner used.
        num_validation_labels: labels that the target and the stopping rule used.
        label_s: time of one label by the same crowd, with whatever redundancy, s.

    Raises:
        ValueError: less is paid than worked.
    """

    worked_s: Quantity
    paid_s: Quantity
    requester_s: Quantity
    num_pool_labels: Values
    num_validation_labels: Values
    label_s: Quantity

    def __post_init__(self) -> None:
        """Refuse more work than pay."""
        paid, worked = self.paid_s.value, self.worked_s.value
        if paid is not None and worked is not None and np.any(paid < worked):
            raise ValueError(
                f"`paid_s` must be >= `worked_s`, got {self.paid_s} and"
                f" {self.worked_s}."
            )


def simulated_seconds(
    value: Values, source: str, scope: Scope = Scope.HUMAN_TIME
) -> Quantity:
    """Make a quantity of simulated time.

    It has no width of its own: what differs between runs is Monte-Carlo error, which
    the analysis finds from the runs.

    Args:
        value: seconds, >= 0; one number or an array over runs.
        source: the population and the crew whose time it is.
        scope: whose time; `DEVICE_TIME` for a device that waits for the crew.

    Raises:
        ValueError: the time is negative.
    """
    if np.any(np.asarray(value) < 0):
        raise ValueError(f"`value` must be >= 0 s, got {value}.")
    return exact(value, "s", Kind.SIMULATED, scope, source)
