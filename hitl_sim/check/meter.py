"""Checks of meters: one is asked what it measures here, and read twice."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hitl_sim.check.base import Check, CheckError, Subject, build
from hitl_sim.energy import Quantity
from hitl_sim.energy.meters import Capability
from oracles.part import Part


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a meter, which opens nothing yet.

    Raises:
        CheckError: it does not build, or lacks a method of a `Backend`.
    """
    backend = build(part, options, lambda given: part.factory(**given))
    for name in ("name", "probe", "read", "delta"):
        if not hasattr(backend, name):
            raise CheckError(f"it must have `{name}`, got {type(backend).__name__}.")
    return Subject(part, options, lambda *_: {}, (), {}, more=backend)


def check_probe(subject: Subject) -> str:
    """It says of each device whether it can be read, and else why not."""
    found = subject.more.probe()
    if not found or not all(isinstance(seen, Capability) for seen in found):
        raise CheckError(f"`probe` must return a list of `Capability`, got {found!r}.")
    for seen in found:
        if not seen.is_available and not seen.reason:
            raise CheckError(f"`reason` must say why {seen.backend!r} cannot be read.")
    able = [seen.device for seen in found if seen.is_available]
    return f"reads {', '.join(able)}" if able else "it reads nothing on this machine"


def check_reading(subject: Subject) -> str:
    """Between two readings each device has joules that are known, or a reason."""
    backend = subject.more
    first = backend.read()
    energies = backend.delta(first, backend.read())
    if not all(isinstance(energy, Quantity) for energy in energies):
        raise CheckError(f"`delta` must return a list of `Quantity`, got {energies!r}.")
    names = [energy.of for energy in energies]
    for energy in energies:
        if energy.unit != "J" or names.count(energy.of) > 1:
            raise CheckError(f"`delta` must give J once a device, got {energies!r}.")
        if energy.value is not None and not np.all(np.asarray(energy.value) >= 0.0):
            raise CheckError(f"joules must be >= 0, got {energy.value} of {energy.of}.")
    return ""


CHECKS = (Check("probe", check_probe), Check("reading", check_reading))
