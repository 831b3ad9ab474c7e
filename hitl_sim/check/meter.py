"""Checks of meters: one is asked what it measures here, and read twice."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hitl_sim.check.base import Subject, build, promise, require
from hitl_sim.energy import Quantity
from hitl_sim.energy.meters import Capability
from oracles.part import Part

GENERAL = ()


def sample(part: Part, options: Mapping[str, Any]) -> Subject:
    """Build a meter, which opens nothing yet.

    Raises:
        CheckError: it does not build, or lacks a method of a `Backend`.
    """
    backend = build(part, options, lambda given: part(**given))
    for name in ("name", "probe", "read", "delta"):
        got = type(backend).__name__
        require(hasattr(backend, name), f"it must have `{name}`, got {got}.")
    return Subject(part, options, lambda *_: {}, (), {}, more=backend)


@promise
def probe(subject: Subject) -> str:
    """It says of each device whether it can be read, and else why not."""
    found = subject.more.probe()
    is_list = found and all(isinstance(seen, Capability) for seen in found)
    require(is_list, f"`probe` must return a list of `Capability`, got {found!r}.")
    for seen in found:
        message = f"`reason` must say why {seen.backend!r} cannot be read."
        require(seen.is_available or seen.reason, message)
    able = [seen.device for seen in found if seen.is_available]
    return f"reads {', '.join(able)}" if able else "it reads nothing on this machine"


@promise
def reading(subject: Subject) -> str:
    """Between two readings each device has joules that are known, or a reason."""
    backend = subject.more
    first = backend.read()
    energies = backend.delta(first, backend.read())
    is_list = all(isinstance(energy, Quantity) for energy in energies)
    require(is_list, f"`delta` must return a list of `Quantity`, got {energies!r}.")
    names = [energy.of for energy in energies]
    for energy in energies:
        is_once = energy.unit == "J" and names.count(energy.of) == 1
        require(is_once, f"`delta` must give J once a device, got {energies!r}.")
        is_sound = energy.value is None or np.all(np.asarray(energy.value) >= 0.0)
        require(is_sound, f"joules must be >= 0, got {energy.value} of {energy.of}.")
    return ""
