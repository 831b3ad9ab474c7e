"""Measure this machine: seconds and joules of units of work, as a device profile.

Units are sampled in turn, a window each, until every interval is tight or the time is
up; so a slow drift of the machine shows as spread between a unit's windows and widens
its interval, rather than shifting one unit against another. On a processor, windows in
which other programs disturbed the machine are repeated; where too few are quiet, all
count, those in which others had a part of the core by this program's processor time.
Two regimes are measured: *alone*, one program by itself, as a run is billed; and
*saturated*, as many copies as fill the device (a process per core, or 128 lanes of one
program on an accelerator), where a unit's share of time and energy is smaller.

Seconds are always measured. Joules are where a meter covers what the base profile's
watts cover; elsewhere the file leaves them out, and the profile models them from the
measured seconds and the base profile's watts.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hitl_sim.energy import DeviceProfile, Kind, Quantity, save_profile, total
from hitl_sim.energy.profile import Constant, MeasuredCost, Regime, RegimeCost
from hitl_sim.energy.repeat import MIN_REPEATS, Repeated, summarise
from hitl_sim.output import write_bytes
from hitl_sim.study.grid import Condition, digest, expand
from hitl_sim.study.plan import load_data
from hitl_sim.study.sampling import IDLE_S, Effort, Progress, Sampling, Tally
from hitl_sim.study.spec import StudySpec, convert, validate


@dataclass(frozen=True)
class UnitResult:
    """What was found of one unit in one regime.

    Attributes:
        name: of the unit.
        regime: `alone` or `saturated`.
        seconds: device time.
        joules: energy; None where it was not measured.
        is_tight: whether the wanted precision was reached.
        num_disturbed: of its windows, those in which other programs disturbed the
            machine; 0 where enough were quiet, since only those count then.
        disturbance: how they did in the first of them, in words.
    """

    name: str
    regime: Regime
    seconds: Repeated
    joules: Repeated | None
    is_tight: bool
    num_disturbed: int
    disturbance: str


@dataclass(frozen=True)
class Calibration:
    """A measured device.

    Attributes:
        profile: the base profile with what was measured in place of its rule.
        results: by unit and regime.
        skipped: units that were not sampled often enough to be billed.
        no_joules: why joules were not measured; empty where they were.
        elapsed_s: time that it took, s.
        is_interrupted: whether somebody stopped it.
    """

    profile: DeviceProfile
    results: tuple[UnitResult, ...]
    skipped: tuple[str, ...]
    no_joules: str
    elapsed_s: float
    is_interrupted: bool

    def write(self, path: Path) -> None:
        """Write the profile's file, whole or not at all."""
        joules = (
            f"unavailable ({self.no_joules}): modelled from the seconds and the watts"
        )
        comment = (
            "Written by `hitl-sim profile`. Seconds of the units below were measured.\n"
            f"Joules: {joules if self.no_joules else 'measured'}.\n"
            "Everything else is the base profile's."
        )
        write_bytes(path, save_profile(self.profile, comment).encode())


def conditions_of(specs: Sequence[StudySpec]) -> list[Condition]:
    """List conditions whose programs differ, the first of each.

    Raises:
        SpecError: a study cannot be run as written.
    """
    programs: dict[str, Condition] = {}
    for spec in specs:
        for condition in expand(validate(spec)):
            content = load_data(condition.spec, condition.task_name)[0].content_hash
            programs.setdefault(digest(condition.static(content)), condition)
    return list(programs.values())


def grid_specs(networks: Sequence[str], batches: Sequence[int]) -> list[StudySpec]:
    """Make one small study per network and batch, on 8 x 8 images of ten classes.

    Args:
        networks: widths of hidden layers, such as "64" or "256x256"; "0" has none.
        batches: items per training step.

    Raises:
        ValueError: a network is not written so, or a width or batch is refused.
    """
    specs = []
    for network in networks:
        widths = network.split("x")
        if not all(width.isdigit() for width in widths):
            raise ValueError(
                "`network` must be widths of hidden layers such as '64' or '256x256',"
                f" got {network!r}."
            )
        hidden = [int(width) for width in widths if int(width)]
        specs += [convert(_grid_tables(hidden, batch)) for batch in batches]
    return specs


def _grid_tables(hidden: list[int], batch: int) -> dict[str, Any]:
    sizes = {"pool": 1000, "validation": 297, "test": 500}
    return {
        "question": "What does a unit of work cost here?",
        "seed": 0,
        "replicates": 2,
        "smallest_effect": 0.05,
        "device": "laptop-cpu",
        "task": {"digits": {"source": "digits", **sizes}},
        "network": {"hidden": hidden},
        "training": {"batch": batch, "learning_rate": 1e-3},
        "arm": [{"name": "control", "kind": "whole_pool", "role": "control"}],
        "prices": {
            "boundary": "device_only",
            "label_cost": "sunk",
            "waiting": "held",
        },
    }


def calibrate(
    conditions: Sequence[Condition],
    base: DeviceProfile,
    name: str,
    workers: int,
    effort: Effort | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Calibration:
    """Measure the units of work of some conditions on this machine.

    Interrupting it keeps what was measured enough.

    Args:
        conditions: whose units; see `conditions_of`.
        base: the profile whose watts and rates stand where nothing is measured.
        name: of the new profile.
        workers: processes that fill the processor, one core each.
        effort: how hard to measure.
        on_progress: called before each window.

    Raises:
        ValueError: the base is a profile of another kind of device.
        RuntimeError: nothing was measured enough to be written.
    """
    sampling = Sampling(base, workers, effort or Effort(), on_progress)
    is_interrupted = False
    try:
        sampling.run(conditions)
    except KeyboardInterrupt:
        is_interrupted = True
    if not any(len(t.samples) >= MIN_REPEATS for t in sampling.tallies):
        raise RuntimeError(
            "`calibrate` must sample a unit three times before it is stopped;"
            " nothing was measured."
        )
    return _write_up(sampling, name, is_interrupted)


def _write_up(sampling: Sampling, name: str, is_interrupted: bool) -> Calibration:
    """Make a profile of the units that were sampled often enough."""
    today = datetime.date.today().isoformat()
    costs: dict[str, dict[Regime, RegimeCost]] = {}
    results, reasons, skipped = [], [], []
    for tally in sampling.tallies:
        if len(tally.samples) < MIN_REPEATS:
            skipped.append(f"{tally.unit.name} ({tally.regime})")
            continue
        reasons += [s.joules.reason for s in tally.used if not s.joules.is_known]
        found = _summary(tally, sampling.effort)
        results.append(found)
        costs.setdefault(found.name, {})[found.regime] = RegimeCost(
            _constant(
                found.seconds,
                Kind.MEASURED_COUNTER,
                f"{_source(sampling, tally)}, {today}, by a monotonic clock",
            ),
            None
            if found.joules is None
            else _constant(
                found.joules,
                min(share.joules.kind for share in tally.used),
                f"{_source(sampling, tally)}, {today}, by"
                f" {tally.used[0].joules.source}",
            ),
        )
    changes: dict[str, Any] = {
        "name": name,
        "description": (
            f"Measured on {sampling.place}, {today}. Watts and rates that were not"
            f" measured are those of {sampling.base.name}: {sampling.base.description}"
        ),
        "unit": {
            unit: MeasuredCost(
                cost["alone"].seconds, cost["alone"].joules, cost.get("saturated")
            )
            for unit, cost in costs.items()
            if "alone" in cost
        },
    }
    idle = _idle(sampling, today)
    if idle is not None:
        changes["idle_w"] = idle
    return Calibration(
        msgspec.structs.replace(sampling.base, **changes),
        tuple(results),
        tuple(skipped),
        "; ".join(dict.fromkeys(reasons)),
        sampling.elapsed_s,
        is_interrupted,
    )


def _summary(tally: Tally, effort: Effort) -> UnitResult:
    seconds = summarise([share.seconds for share in tally.used])
    joules = None
    readings = [share.joules for share in tally.used]
    values = [float(j.value) for j in readings if j.is_known and j.value is not None]
    if len(values) == len(readings) and min(values) > 0.0:
        joules = summarise(values, _shared_error(readings))
    return UnitResult(
        tally.unit.name,
        tally.regime,
        seconds,
        joules,
        tally.is_done(effort),
        tally.num_disturbed,
        next((share.disturbance for share in tally.used if share.disturbance), ""),
    )


DISTURBED = "others disturbed the machine"
"""What the source of a constant says that was measured so."""


def _source(sampling: Sampling, tally: Tally) -> str:
    how = "alone" if tally.regime == "alone" else "with the device filled"
    own = ""
    if tally.num_disturbed:
        own = (
            f" ({DISTURBED} in {tally.num_disturbed}: by processor time where they had"
            " the core)"
        )
    return (
        f"{len(tally.used)} windows of {sampling.window_s:g} s{own} {how}"
        f" on {sampling.place}"
    )


def _idle(sampling: Sampling, today: str) -> Constant | None:
    if sampling.idle is None or sampling.idle.interval is None:
        return None
    value, (low, high) = sampling.idle.value, sampling.idle.interval
    if not all(isinstance(x, float) and x > 0.0 for x in (value, low, high)):
        return None
    found = {"value": value, "low": low, "high": high, "kind": sampling.idle.kind.value}
    source = f"{IDLE_S:g} s without work on {sampling.place}, {today}"
    return msgspec.convert(found | {"source": source}, Constant)


def _constant(found: Repeated, kind: Kind, source: str) -> Constant:
    data = {"value": found.value, "low": found.low, "high": found.high}
    return msgspec.convert({**data, "kind": kind.value, "source": source}, Constant)


def _shared_error(readings: Sequence[Quantity]) -> float:
    """Return the error that repeats leave, such as a counter's gain, relative."""
    whole = total(readings)
    if whole.value is None or whole.interval is None:
        return 0.0
    low, high = whole.interval
    return float((high - low) / (2.0 * whole.value))
