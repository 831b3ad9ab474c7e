"""How the answers behind a group's numbers, and their times, are known."""

from __future__ import annotations

import numpy as np

from hitl_sim.analysis.record import RunGroup
from hitl_sim.cost.usage import NOBODY, SIMULATED_PEOPLE, PeopleKinds
from hitl_sim.energy import Kind


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
    dials = ", ".join(
        f"{name} {value}"
        for name, value in group.dials.items()
        if value is not None and name not in ("population", "recording")
    )
    who = "recorded" if group.replay else "simulated"
    return f"{who} people: {group.population}{f' ({dials})' if dials else ''}"
