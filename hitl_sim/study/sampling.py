"""Sample units of work in turn until each is known well enough; see `calibration`."""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hitl_sim.cache import cpuinfo_line
from hitl_sim.energy import DeviceProfile, Quantity, WorkUnit
from hitl_sim.energy.profile import Regime
from hitl_sim.energy.repeat import MIN_REPEATS, is_tight
from hitl_sim.study.executor import LocalExecutor
from hitl_sim.study.grid import Condition
from hitl_sim.study.metered import (
    BENCH,
    LANES,
    Barrier,
    check_platform,
    measured_joules,
    own_joules,
    own_seconds,
    why_disturbed,
)

PATIENCE = 3
"""How many times as many windows as are wanted a disturbed machine is given."""
IDLE_S = 10.0
"""How long idle power is watched, s."""


@dataclass(frozen=True)
class Effort:
    """How hard to measure.

    Attributes:
        precision: half dispatch_size of a 95 % interval, relative, at which a unit is
            done.
        limit_s: when to stop although some are not, s; what was begun is finished, and
            each unit is sampled `MIN_REPEATS` times before any is sampled again.
        window_s: length of one window, s; by default 0.2 where only the clock is read,
            and 2 under a meter, whose counter moves every 0.1 s or so.
        min_samples: windows per unit and regime at least. Where other programs disturb
            the machine, up to `PATIENCE` times as many, until so many were quiet.
        regimes: which to measure; bills take the first.
    """

    precision: float = 0.05
    limit_s: float = 120.0
    window_s: float | None = None
    min_samples: int = 5
    regimes: tuple[Regime, ...] = ("alone", "saturated")

    def __post_init__(self) -> None:
        """Refuse an effort that never ends or measures nothing."""
        if not 0.0 < self.precision < 1.0:
            raise ValueError(
                f"`precision` must be in (0, 1), got {self.precision}. 0.05 is 5 %."
            )
        for name in ("limit_s", "window_s"):
            number = getattr(self, name)
            if number is not None and not 0.0 < number < math.inf:
                raise ValueError(f"`{name}` must be finite and > 0 s, got {number}.")


class Progress(NamedTuple):
    """How far a measurement is.

    Attributes:
        regime: `alone` or `saturated`.
        unit: measured now.
        done: units and regimes whose interval is tight.
        total: units and regimes.
        elapsed_s: time since the start, s.
    """

    regime: Regime
    unit: str
    done: int
    total: int
    elapsed_s: float


class Share(NamedTuple):
    """What one unit took in one window.

    Attributes:
        seconds: device time, s.
        joules: energy, J; unavailable where no meter covers it.
        disturbance: how other programs disturbed the machine meanwhile; empty where it
            was quiet. Where they had a part of the core, the seconds are this program's
            own processor time.
    """

    seconds: float
    joules: Quantity
    disturbance: str


@dataclass
class Tally:
    """The windows of one unit in one regime."""

    unit: WorkUnit
    condition: Condition
    regime: Regime
    samples: list[Share] = field(default_factory=list)

    @property
    def used(self) -> list[Share]:
        """Return the windows that count: the quiet ones, or all if they are too few."""
        quiet = [sample for sample in self.samples if not sample.disturbance]
        return quiet if len(quiet) >= MIN_REPEATS else self.samples

    @property
    def num_disturbed(self) -> int:
        """Return how many of these windows other programs disturbed."""
        return sum(bool(sample.disturbance) for sample in self.used)

    def is_done(self, effort: Effort) -> bool:
        """Return whether its seconds, and its joules if any, are tight."""
        num = max(effort.min_samples, MIN_REPEATS)
        samples = self.used
        num_quiet = sum(not sample.disturbance for sample in samples)
        if num_quiet < num and len(self.samples) < PATIENCE * num:
            return False
        is_timed = is_tight([s.seconds for s in samples], effort.precision, num)
        joules = [s.joules.value for s in samples if s.joules.is_known]
        known = [float(j) for j in joules if j is not None and j > 0]
        return is_timed and (
            len(known) < len(samples) or is_tight(known, effort.precision, num)
        )


@dataclass
class Sampling:
    """One measurement under way; what it has so far can be read at any time.

    Attributes:
        base: the profile that stands where nothing is measured; its scope is that of
            the joules.
        workers: processes that fill the processor.
        effort: how hard to measure.
        on_progress: called before each window.
        tallies: the windows of each unit and regime.
        idle: idle power, W; None where no meter covers it.
        window_s: length of one window, s.
        place: the processor and the device, in words.
        is_cpu: whether programs run on the processor.
    """

    base: DeviceProfile
    workers: int
    effort: Effort
    on_progress: Callable[[Progress], None]
    tallies: list[Tally] = field(default_factory=list)
    idle: Quantity | None = None
    window_s: float = field(init=False)
    place: str = ""
    is_cpu: bool = True
    begin: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Take short windows until a meter is found."""
        self.window_s = self.effort.window_s or 0.2

    def run(self, conditions: Sequence[Condition]) -> None:
        """Measure every unit alone, then the same with the device filled."""
        with LocalExecutor(1) as executor:
            bench = executor.submit(BENCH, "list_units", list(conditions)).result()
            check_platform(bench.platform, self.base.scope, self.base.name)
            self.place = f"{name_processor()} ({bench.device_kind})"
            self.is_cpu = bench.platform == "cpu"
            self.tallies = [
                Tally(unit, condition, regime)
                for regime in self.effort.regimes
                for unit, condition in bench.units
            ]
            self._look_at_meters(executor)
            alone = [t for t in self.tallies if t.regime == "alone"]
            saturated = [t for t in self.tallies if t.regime == "saturated"]
            share = 0.5 if saturated else 1.0
            self._sample_all(alone, share, lambda t, _: self._sample(executor, t, 1))
            if not self.is_cpu:
                self._sample_all(
                    saturated, 1.0, lambda t, _: self._sample(executor, t, LANES)
                )
        if self.is_cpu and saturated:
            with (
                LocalExecutor(self.workers) as executor,
                tempfile.TemporaryDirectory() as folder,
            ):
                self._sample_all(
                    saturated,
                    1.0,
                    lambda t, n: self._sample_together(executor, t, f"{folder}/{n}"),
                )

    def _look_at_meters(self, executor: LocalExecutor) -> None:
        """Measure idle power where a meter can be read; then windows must be longer."""
        found = executor.submit(BENCH, "measure_idle", 1e-3).result()
        if not found:
            return
        watts = executor.submit(BENCH, "measure_idle", IDLE_S).result()
        power = measured_joules(watts, self.base.scope)
        if power.is_known:
            self.idle = power
            self.window_s = self.effort.window_s or 2.0

    def _sample_all(
        self, tallies: list[Tally], until: float, sample: Callable[[Tally, int], Share]
    ) -> None:
        """Sample units in turn until each is tight or a share of the time is over."""
        number = 0
        while left := [t for t in tallies if not t.is_done(self.effort)]:
            for tally in left:
                is_late = self.elapsed_s > until * self.effort.limit_s
                if is_late and len(tally.samples) >= MIN_REPEATS:
                    continue
                done = sum(t.is_done(self.effort) for t in self.tallies)
                so_far = (done, len(self.tallies), self.elapsed_s)
                self.on_progress(Progress(tally.regime, tally.unit.name, *so_far))
                number += 1
                tally.samples.append(sample(tally, number))
            is_late = self.elapsed_s > until * self.effort.limit_s
            if is_late and all(len(t.samples) >= MIN_REPEATS for t in left):
                return

    def _sample(self, executor: LocalExecutor, tally: Tally, vmap_size: int) -> Share:
        args = self._task(tally)
        seen = executor.submit(BENCH, "time_unit", *args, vmap_size).result()
        return Share(
            own_seconds(seen, self.is_cpu) / seen.num_units,
            own_joules([seen], self.base.scope, self.is_cpu).scaled(
                1.0 / seen.num_units
            ),
            why_disturbed([seen], self.is_cpu),
        )

    def _sample_together(
        self, executor: LocalExecutor, tally: Tally, folder: str
    ) -> Share:
        """Let all workers do the same at once; the first one's meter sees them all."""
        args = (*self._task(tally), 1)
        futures = [
            executor.submit(
                BENCH, "time_unit", *args, Barrier(folder, rank, self.workers)
            )
            for rank in range(self.workers)
        ]
        seen = [future.result() for future in futures]
        rate = sum(v.num_units / own_seconds(v, self.is_cpu) for v in seen)
        joules = own_joules(seen, self.base.scope, self.is_cpu)
        return Share(
            1.0 / rate,
            joules.scaled(1.0 / (rate * seen[0].seconds)),
            why_disturbed(seen, self.is_cpu),
        )

    def _task(self, tally: Tally) -> tuple[Any, ...]:
        guess = self.base.unit_cost(tally.unit).seconds.value
        unit_s = guess if isinstance(guess, float) else 0.0
        return tally.condition, tally.unit.name, unit_s, self.window_s

    @property
    def elapsed_s(self) -> float:
        """Return the time since the start, s."""
        return time.monotonic() - self.begin


def name_processor() -> str:
    """Name the processor as the system does, and count its cores."""
    cores = os.cpu_count() or 1
    named = cpuinfo_line("model name").partition(":")[2].strip()
    return f"{named or 'unnamed processor'}, {cores} cores"
