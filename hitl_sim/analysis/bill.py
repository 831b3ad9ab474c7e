"""From counts to usage: what each run used up to where it stopped, in units of work.

A record counts work. A run is billed at the checkpoint where it reached its target, or
at the cap when it never did: counts times the unit costs of a device profile, protocol
and instrument apart, and the people's seconds up to that checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.people import describe_people, kinds_of
from hitl_sim.analysis.record import RunGroup
from hitl_sim.analysis.target import Stop
from hitl_sim.array import FloatArray
from hitl_sim.cost import Usage
from hitl_sim.cost.ledger import Device
from hitl_sim.cost.usage import UnitCount
from hitl_sim.energy import DeviceProfile, Quantity, UnitCost, WorkUnit, total
from hitl_sim.record import RecordError


def usage_at(group: RunGroup, stop: Stop) -> Usage:
    """Read what each run used up to the checkpoint where it stopped.

    Args:
        group: the runs.
        stop: where each of them stopped.

    Returns:
        Amounts `[R]`, one per run.
    """
    row = np.arange(group.num_runs)

    def at(curve: npt.ArrayLike) -> FloatArray:
        return np.asarray(curve, np.float64)[row, stop.checkpoint]

    return Usage(
        work=tuple(
            UnitCount(line.unit, line.phase, line.standing, at(line.count))
            for line in group.work
        ),
        steps=at(group.step),
        fit_steps=at(group.fit_step),
        asked=at(group.asked),
        answered=at(group.answered),
        worked_s=at(group.worked_s),
        paid_s=at(group.paid_s),
        wait_s=at(group.wait_s),
        elapsed_s=at(group.elapsed_s),
        requester_s=group.requester_s,
        pool_labels=group.pool_labels,
        validation_labels=group.validation_labels,
        people=describe_people(group),
        kinds=kinds_of(group),
    )


def price_units(
    units: Mapping[str, Mapping[str, Any]], profile: DeviceProfile
) -> dict[str, UnitCost]:
    """Turn the manifest's counted units into device seconds and joules.

    Args:
        units: phase, flops by dtype, bytes_moved and num_kernels by name of the unit.
        profile: the device.

    Raises:
        RecordError: a unit lacks a field.
    """
    return {
        name: profile.unit_cost(work_unit(name, unit)) for name, unit in units.items()
    }


def work_unit(name: str, unit: Mapping[str, Any]) -> WorkUnit:
    """Read a unit of work as the manifest counted it.

    Raises:
        RecordError: it lacks a field.
    """
    try:
        return WorkUnit(
            name,
            unit["phase"],
            dict(unit["flops"]),
            unit["bytes_moved"],
            unit["num_kernels"],
            _matrix_flops(unit),
        )
    except KeyError as error:
        raise RecordError(
            f"`units.{name}` in the manifest must have the field {error}, got"
            f" {', '.join(unit)}."
        ) from error


def _matrix_flops(unit: Mapping[str, Any]) -> dict[str, float] | None:
    """Return the operations of products by what they ask for; None where not kept.

    Older manifests kept the sizes of products alone; all were of default precision.
    """
    if "matrix_flops" in unit:
        return dict(unit["matrix_flops"])
    if "products" not in unit:
        return None
    found: dict[str, float] = {}
    for product in unit["products"]:
        asked = f"{product['dtype']} default"
        number = 2.0 * math.prod(product["size"]) * product["times"]
        found[asked] = found.get(asked, 0.0) + number
    return found


class Scopes(NamedTuple):
    """One run's training, counted in three ways, J.

    Attributes:
        final_fit: only the steps that made the final weights.
        all_training: every training step of the network, discarded fits included.
        whole_loop: everything the protocol needs: choosing, scoring and validation too.
    """

    final_fit: Quantity
    all_training: Quantity
    whole_loop: Quantity


def training_scopes(usage: Usage, device: Device) -> Scopes:
    """Count training narrowly, as much of the literature does, and whole.

    The final fit is given its share of all steps.
    """
    costs = device.costs
    trained = [line for line in usage.work if line.phase == "train"]
    spent = total(costs[line.unit].joules.scaled(line.count) for line in trained)
    # a run without a step has no final fit to take a share of
    share = np.asarray(usage.fit_steps) / np.maximum(usage.steps, 1.0)
    return Scopes(spent.scaled(share), spent, device.joules(usage))
