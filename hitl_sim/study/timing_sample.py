"""What a worker that times and its parent tell each other; nothing here loads jax."""

from typing import Any, NamedTuple

from hitl_sim.energy import WorkUnit
from hitl_sim.study.grid import Condition

LEAST_CORE_FRAC = 0.95
"""A window that had less of its core was disturbed by other programs."""
MOST_OTHER_CORES = 0.25
"""So was one in which they kept more cores than this busy: caches, memory and clocks
are shared. Processor time is told in ticks: a tenth of a core in a short window."""
MOST_STEAL_FRAC = 0.02
"""So was one in which the host of a virtual machine gave it less time than this."""
MOST_UNEVEN_FRAC = 0.25
"""So was one whose calls took longer than the quickest by this, on average."""
LANES = 128
"""Copies of a unit that fill an accelerator: the widest mapping of a study."""


class Bench(NamedTuple):
    """What a worker can time.

    Attributes:
        platform: `cpu`, `gpu` or `tpu`.
        device_kind: the device's name, as its driver gives it.
        units: what to time, and a condition whose program holds it.
    """

    platform: str
    device_kind: str
    units: tuple[tuple[WorkUnit, Condition], ...]


class Barrier(NamedTuple):
    """Where workers wait for each other before they work at the same time.

    Attributes:
        folder: a folder of its own.
        rank: which of them this one is.
        size: how many there are.
    """

    folder: str
    rank: int
    size: int


class TimingSample(NamedTuple):
    """One timed window.

    Attributes:
        num_units: units of work, or runs, done in it.
        seconds: its length, s.
        gross: energy of each device in it, J, as JSON; unavailable with the reason.
        core_frac: processor time of this process over the window's length; below 1 in
            a busy loop on one core means that somebody else had the core.
        other_cores: processor time of other programs over the window's length.
        steal_frac: time that the host of a virtual machine gave to others, likewise.
        uneven_frac: how much longer than the quickest its calls took on average; 0
            where there were too few to tell.
    """

    num_units: float
    seconds: float
    gross: tuple[dict[str, Any], ...]
    core_frac: float
    other_cores: float = 0.0
    steal_frac: float = 0.0
    uneven_frac: float = 0.0


class RunSample(NamedTuple):
    """A run, repeated by itself.

    Attributes:
        whole: all of its program.
        aside: only what the simulation adds: making the task (the split and what is
            spoilt in it) and answering for people; billed to nobody.
        validation_accuracy: its curve.
    """

    whole: TimingSample
    aside: TimingSample
    validation_accuracy: tuple[float, ...]
