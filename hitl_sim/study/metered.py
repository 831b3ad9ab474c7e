"""Joules of a timed window: which devices' readings count, and why the rest do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hitl_sim.energy import Kind, Quantity, Scope, total, unavailable
from hitl_sim.study.timing_sample import (
    LEAST_CORE_FRAC,
    MOST_OTHER_CORES,
    MOST_STEAL_FRAC,
    MOST_UNEVEN_FRAC,
    TimingSample,
)

_ON_BOARD = frozenset({"chip", "board", "module"})
_SHARED = "other programs used the processor while it was measured"
_NO_METER = "no energy counter can be read on this machine"


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


def is_disturbed(samples: Sequence[TimingSample], is_cpu: bool) -> bool:
    """Return whether other programs disturbed a processor while a window lasted."""
    return bool(why_disturbed(samples, is_cpu))


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
    if joules.is_known and is_disturbed(samples, is_cpu):
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
