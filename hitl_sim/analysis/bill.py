"""From counts to bills: what each run used up to where it stopped, and what that costs.

A record counts work. A run is billed at the checkpoint where it reached its target, or
at the cap when it never did: counts times the unit costs of a device profile, protocol
and instrument apart, and the people's seconds up to that checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.people import (
    SIMULATED_PEOPLE,
    PeopleKinds,
    describe_people,
    kinds_of,
)
from hitl_sim.analysis.query import query_unit
from hitl_sim.analysis.record import INSTRUMENT, PROTOCOL, FloatArray, RunGroup
from hitl_sim.analysis.target import Stop
from hitl_sim.cost import DeviceWork, HumanBill, WorkBill
from hitl_sim.energy import (
    DeviceProfile,
    Kind,
    Quantity,
    Scope,
    UnitCost,
    WorkUnit,
    total,
    unavailable,
)
from hitl_sim.record import RecordError

Amount = float | FloatArray
"""One number, or one per run `[R]`."""


@dataclass(frozen=True)
class UnitCount:
    """How often one unit of work was done.

    Attributes:
        unit: its name.
        phase: train, choose, score, embed or evaluate.
        standing: protocol or instrument.
        count: units done.
    """

    unit: str
    phase: str
    standing: str
    count: Amount


@dataclass(frozen=True)
class Usage:
    """What runs used, in physical amounts: one per run `[R]`, or one for all.

    Attributes:
        work: units of device work.
        people: who answered, for provenance.
        kinds: how what they did is known.
        steps: training steps.
        fit_steps: those of them that made the final weights.
        asked: questions asked.
        answered: questions answered.
        worked_s: people's seconds on answers.
        paid_s: people's paid seconds.
        wait_s: seconds that the device waited for people.
        elapsed_s: seconds on the people's clock.
        requester_s: seconds of the requester.
        pool_labels: given labels of the pool.
        validation_labels: labels of the validation set.
    """

    work: tuple[UnitCount, ...]
    people: str
    kinds: PeopleKinds = SIMULATED_PEOPLE
    steps: Amount = 0.0
    fit_steps: Amount = 0.0
    asked: Amount = 0.0
    answered: Amount = 0.0
    worked_s: Amount = 0.0
    paid_s: Amount = 0.0
    wait_s: Amount = 0.0
    elapsed_s: Amount = 0.0
    requester_s: Amount = 0.0
    pool_labels: Amount = 0.0
    validation_labels: Amount = 0.0


_AMOUNTS = (
    "steps",
    "fit_steps",
    "asked",
    "answered",
    "worked_s",
    "paid_s",
    "wait_s",
    "elapsed_s",
    "requester_s",
    "pool_labels",
    "validation_labels",
)


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


def share_out(usage: Usage, among: float) -> Usage:
    """Add all runs up and divide by a number, such as that of successes.

    Args:
        usage: amounts `[R]`.
        among: what to divide by; > 0.

    Returns:
        Plain numbers.
    """

    def pooled(amount: Amount) -> float:
        return float(np.sum(amount)) / among

    changes: dict[str, Any] = {name: pooled(getattr(usage, name)) for name in _AMOUNTS}
    changes["work"] = tuple(
        replace(line, count=pooled(line.count)) for line in usage.work
    )
    return replace(usage, **changes)


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


def device_work(usage: Usage, costs: Mapping[str, UnitCost]) -> tuple[DeviceWork, ...]:
    """Bill the device's work by phase, protocol and instrument apart.

    Args:
        usage: amounts, one per run or one for all.
        costs: device seconds and joules by unit.

    Returns:
        One entry per phase and standing, in the order of the records.

    Raises:
        RecordError: a unit is not in the manifest.
    """
    lines: dict[tuple[str, str], list[UnitCount]] = {}
    for line in usage.work:
        if line.unit not in costs:
            raise RecordError(
                f"`units` in the manifest must hold {line.unit!r}, got"
                f" {', '.join(costs)}."
            )
        lines.setdefault((line.phase, line.standing), []).append(line)
    return tuple(
        DeviceWork(
            phase,
            "instrument" if standing == INSTRUMENT else "protocol",
            seconds=total(costs[n.unit].seconds.scaled(n.count) for n in counts),
            joules=total(costs[n.unit].joules.scaled(n.count) for n in counts),
        )
        for (phase, standing), counts in lines.items()
    )


def protocol_joules(usage: Usage, costs: Mapping[str, UnitCost]) -> Quantity:
    """Return what the device spends on the protocol, the cost of choosing included."""
    return total(
        work.joules for work in device_work(usage, costs) if work.standing == PROTOCOL
    )


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


def training_scopes(usage: Usage, costs: Mapping[str, UnitCost]) -> Scopes:
    """Count training narrowly, as much of the literature does, and whole.

    The final fit is given its share of all steps.
    """
    trained = [line for line in usage.work if line.phase == "train"]
    spent = total(costs[line.unit].joules.scaled(line.count) for line in trained)
    # a run without a step has no final fit to take a share of
    share = np.asarray(usage.fit_steps) / np.maximum(usage.steps, 1.0)
    return Scopes(spent.scaled(share), spent, protocol_joules(usage, costs))


def work_bill(
    usage: Usage, costs: Mapping[str, UnitCost], profile: DeviceProfile
) -> WorkBill:
    """Make the device's side of a ledger."""
    return WorkBill(
        device=device_work(usage, costs),
        wait_s=_people_seconds(
            usage.wait_s, usage.people, usage.kinds.clock, Scope.DEVICE_TIME
        ),
        idle_power=profile.idle_power,
        item_joules=_item_joules(usage, costs),
        embodied_per_s=profile.embodied_per_s,
    )


def human_bill(usage: Usage, label_s: Quantity) -> HumanBill:
    """Make the people's side of a ledger; the amounts are plain numbers.

    Args:
        usage: amounts, one for all runs.
        label_s: time of one label by the study's crowd, s.
    """
    return HumanBill(
        worked_s=_people_seconds(usage.worked_s, usage.people, usage.kinds.worked),
        paid_s=_people_seconds(usage.paid_s, usage.people, usage.kinds.paid),
        requester_s=_requester_seconds(usage.requester_s),
        num_pool_labels=float(usage.pool_labels),
        num_validation_labels=float(usage.validation_labels),
        label_s=label_s,
    )


def _people_seconds(
    seconds: Amount, people: str, kind: Kind, scope: Scope = Scope.HUMAN_TIME
) -> Quantity:
    """Make a quantity of time that people decide, without a width."""
    return Quantity(seconds, "s", kind, scope, (seconds, seconds), people)


def _requester_seconds(seconds: Amount) -> Quantity:
    source = "study file, crew.requester_h"
    scope = Scope.HUMAN_TIME
    return Quantity(seconds, "s", Kind.ASSUMED, scope, (seconds, seconds), source)


def _item_joules(usage: Usage, costs: Mapping[str, UnitCost]) -> Quantity:
    """Return what the trained model spends on one item."""
    for line in usage.work:
        if line.phase == "evaluate":
            return costs[query_unit(line.unit, costs)].joules
    reason = "no unit of work evaluates an item"
    return unavailable("J", Scope.CHIP, reason)
