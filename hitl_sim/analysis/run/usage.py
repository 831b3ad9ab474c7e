"""From counts to usage: what each run used up to where it stopped, in units of work.

A record counts work. A run is billed at the checkpoint where it reached its target, or
at the cap when it never did: counts times the unit costs of a device profile, protocol
and instrument apart, and the people's seconds up to that checkpoint.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from hitl_sim.analysis.run.record import RunGroup
from hitl_sim.analysis.run.target import Stop
from hitl_sim.array import FloatArray
from hitl_sim.cost import Prices, Usage
from hitl_sim.cost.ledger import Device
from hitl_sim.cost.machine import nothing_here
from hitl_sim.cost.usage import NOBODY, SIMULATED_PEOPLE, PeopleKinds, UnitCount
from hitl_sim.energy import (
    DeviceProfile,
    Kind,
    Quantity,
    Scope,
    UnitCost,
    WorkUnit,
    exact,
    total,
    unavailable,
)
from hitl_sim.purpose import MACHINE
from hitl_sim.record import RecordError

_CURVES = ("asked", "answered", "worked_s", "paid_s", "wait_s", "elapsed_s")
PRETRAIN: Final = "pretrain"
"""Phase of the work that made the weights which training starts from."""


def share_pretraining(group: RunGroup, prices: Prices) -> RunGroup:
    """Bill the runs of a condition with their share of its pretraining.

    The group's counts hold all of it; the prices say which share: none, one use's, or
    all.

    Raises:
        ValueError: there is pretraining, and the prices say nothing of it.
    """
    if not any(line.phase == PRETRAIN for line in group.work):
        return group
    if prices.pretraining_cost is None:
        raise ValueError(
            "`prices.pretraining_cost` must be one of 'sunk', 'shared', 'full' where "
            "an arm "
            f"starts from pretrained weights, got None with arm {group.arm!r}."
        )
    share = prices.pretraining_frac
    work = (
        replace(line, count=np.asarray(line.count * share, np.float64))
        if line.phase == PRETRAIN
        else line
        for line in group.work
    )
    return replace(group, work=tuple(work))


def usage_at(group: RunGroup, stop: Stop) -> Usage:
    """Read what each run used up to where it stopped: amounts `[R]`, one per run."""
    row = np.arange(group.num_runs)

    def at(curve: npt.ArrayLike) -> FloatArray:
        return np.asarray(curve, np.float64)[row, stop.checkpoint]

    return Usage(
        work=tuple(
            UnitCount(line.unit, line.phase, line.purpose, at(line.count))
            for line in group.work
        ),
        steps=at(group.step),
        fit_steps=at(group.fit_step),
        **{name: at(getattr(group, name)) for name in _CURVES},
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

    Of each it takes phase, flops by dtype, bytes_moved and num_kernels. Answers of a
    machine among the annotators take nothing of the device.

    Raises:
        RecordError: a unit lacks a field, or its operations were not counted and the
            profile has not measured it.
    """
    for name, unit in units.items():
        if not unit.get("is_counted", True) and name not in profile.unit:
            raise RecordError(
                f"`device` must be a profile that has measured {name!r}, as that of "
                "the session that did this work, for nobody counted its operations; "
                f"got {profile.name!r}."
            )
    return {
        name: nothing_here()
        if unit["phase"] == MACHINE
        else profile.unit_cost(work_unit(name, unit))
        for name, unit in units.items()
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


_UNKNOWN = "no arm of the study asks for labels, and its manifest has no label_seconds"


def kinds_of(group: RunGroup) -> PeopleKinds:
    """Say how what a group's people did is known.

    Recorded answers and times were measured, by whoever recorded them; one that fitted
    people gave or lent in any run makes all simulated. Shifts, breaks and waits are
    then a model's, on measured times.
    """
    if not group.replay:
        return SIMULATED_PEOPLE
    if group.replay["modelled"].any():
        return SIMULATED_PEOPLE
    recorded = Kind.MEASURED_COUNTER
    if group.replay["untimed"].any():
        return PeopleKinds(answers=recorded)
    clock = Kind.MODELLED_ANALYTIC
    is_plain = np.array_equal(group.paid_s, group.worked_s)
    return PeopleKinds(recorded, recorded, recorded if is_plain else clock, clock)


def describe_people(group: RunGroup) -> str:
    """Say whose answers a group's numbers rest on."""
    if group.population is None:
        return NOBODY
    parameters = ", ".join(
        f"{name} {value}"
        for name, value in group.parameters.items()
        if value is not None and name not in ("population", "recording")
    )
    who = "recorded" if group.replay else "simulated"
    return f"{who} people: {group.population}{f' ({parameters})' if parameters else ''}"


_LABELLERS = ("labelling", "machine_verified", "machine_disagreement", "pseudo_labels")
"""Kinds of arm whose people give labels, unless their `feedback` is another."""


def label_seconds(groups: Sequence[RunGroup], manifest: Mapping[str, Any]) -> Quantity:
    """Find the paid time of one label, with the redundancy that the study uses.

    Args:
        groups: all conditions. Arms whose kind asks for labels show it, which ask for
            nothing else in any stage: their paid seconds over the labels that came out
            of them.
        manifest: of the study; its table `label_seconds` (`seconds` and `source`)
            speaks where no arm asks for labels.

    Returns:
        Seconds per label, as known as the weakest of these; unavailable where nothing
        tells.
    """
    arms = [
        g
        for g in groups
        if g.kind in _LABELLERS
        and g.population is not None
        and g.parameters.get("feedback", "label") in ("label", "number")
    ]
    # people and asks: how many answers make one label
    answers = sum(
        float(g.answered[:, -1].sum())
        / (int(g.parameters.get("people", 1)) * int(g.parameters.get("asks", 1)))
        for g in arms
    )
    if answers > 0:
        paid_s = sum(float(g.paid_s[:, -1].sum()) for g in arms)
        names = ", ".join(sorted({g.arm for g in arms}))
        source = f"paid time per label over all crowds of the arms {names}"
        kind = min(kinds_of(group).paid for group in arms)
        return exact(paid_s / answers, "s", kind, Scope.HUMAN_TIME, source)
    given = manifest.get("label_seconds")
    if given is None:
        return unavailable("s", Scope.HUMAN_TIME, _UNKNOWN)
    seconds, source = float(given["seconds"]), str(given["source"])
    return exact(seconds, "s", Kind.SIMULATED, Scope.HUMAN_TIME, source)
