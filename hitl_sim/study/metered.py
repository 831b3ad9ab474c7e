"""Timed windows: what a worker tells of one, what disturbed it, which joules count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hitl_sim.energy import Kind, Quantity, Scope, WorkUnit, total, unavailable
from hitl_sim.study.grid import Condition

_ON_BOARD = frozenset({"chip", "board", "module"})
_SHARED = "other programs used the processor while it was measured"
BENCH = "hitl_sim.study.bench"
"""Module of what a worker is asked to time."""
_NO_METER = "no energy counter can be read on this machine"
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
            corrupted in it) and answering for people; billed to nobody.
        validation_accuracy: its curve.
    """

    whole: TimingSample
    aside: TimingSample
    validation_accuracy: tuple[float, ...]


def check_platform(platform: str, scope: str, name: str) -> None:
    """Refuse a device profile of another kind of device than programs run on here.

    Args:
        platform: `cpu`, `gpu` or `tpu`.
        scope: what the profile's watts cover.
        name: of the profile.

    Raises:
        ValueError: a processor's profile for an accelerator, or the other way round.
    """
    if (platform == "cpu") == (scope in _ON_BOARD):
        wanted = "a processor" if platform == "cpu" else "an accelerator"
        raise ValueError(
            f"`base` must be the profile of {wanted}, since programs run on the"
            f" {platform} here, got {name!r} with watts of a {scope}."
        )


def why_disturbed(samples: Sequence[TimingSample], is_cpu: bool) -> str:
    """Say how other programs disturbed a processor while a window lasted.

    Four signs, each of which misses what another sees: less of the core than a busy
    loop takes; other programs on other cores, which share caches, memory and clocks;
    another guest of the same host; and calls of one program that take unlike times.

    Args:
        samples: of workers that worked at the same time, or of one after another.
        is_cpu: whether programs run on the processor.

    Returns:
        The signs in words; empty where the machine was quiet.
    """
    if not is_cpu:
        return ""
    core = min(sample.core_frac for sample in samples)
    others = max(sample.other_cores for sample in samples)
    steal = max(sample.steal_frac for sample in samples)
    uneven = max(sample.uneven_frac for sample in samples)
    signs = (
        (core < LEAST_CORE_FRAC, f"it had {100 * core:.0f} % of its core"),
        (others > MOST_OTHER_CORES, f"other programs kept {others:.1f} cores busy"),
        (steal > MOST_STEAL_FRAC, f"other guests of its host took {100 * steal:.0f} %"),
        (
            uneven > MOST_UNEVEN_FRAC,
            f"calls took {100 * uneven:.0f} % longer than the quickest",
        ),
    )
    return ", ".join(words for is_seen, words in signs if is_seen)


def own_seconds(sample: TimingSample, is_cpu: bool) -> float:
    """Return a window's seconds; processor time where others had the core too."""
    is_partial = is_cpu and sample.core_frac < LEAST_CORE_FRAC
    return sample.seconds * (sample.core_frac if is_partial else 1.0)


def own_joules(samples: Sequence[TimingSample], scope: str, is_cpu: bool) -> Quantity:
    """Return a window's joules; unavailable where others used the processor too.

    Args:
        samples: of workers that worked at the same time; the first one's meter is read.
        scope: what the profile's watts cover.
        is_cpu: whether programs run on the processor.
    """
    joules = measured_joules(samples[0].gross, scope)
    if joules.is_known and why_disturbed(samples, is_cpu):
        return unavailable("J", Scope(scope), _SHARED)
    return joules


def measured_joules(gross: Iterable[Mapping[str, Any]], scope: str) -> Quantity:
    """Pick from a window's readings the joules that a profile of some scope means.

    Args:
        gross: readings as JSON, one per device.
        scope: what the profile's watts cover.

    Returns:
        Their sum over the sockets of a processor, or the one accelerator's; unavailable
        with the reason where nothing was read, or where it is not known which of
        several accelerators did the work.
    """
    readings = [Quantity.from_json(data) for data in gross]
    wanted = Scope(scope)
    known = [
        q for q in readings if q.is_known and q.scope is wanted and q.value is not None
    ]
    places = dict.fromkeys(quantity.of for quantity in known)
    if not known:
        return unavailable("J", wanted, _why_not(readings, wanted))
    if scope in _ON_BOARD and len(places) > 1:
        reason = f"{len(places)} devices were read and one worked: make one visible"
        return unavailable("J", wanted, reason)
    joules = total(known)
    if joules.kind < Kind.MEASURED_SAMPLED:
        reason = f"the meter's joules are {joules.kind.words}, not measured"
        return unavailable("J", wanted, reason)
    return joules


def _why_not(readings: Sequence[Quantity], wanted: Scope) -> str:
    covered = {q.scope.value for q in readings if q.is_known}
    if covered:
        return f"the meters cover {', '.join(sorted(covered))}, not {wanted.value}"
    reasons = dict.fromkeys(q.reason for q in readings if q.reason)
    return "; ".join(reasons) or _NO_METER
