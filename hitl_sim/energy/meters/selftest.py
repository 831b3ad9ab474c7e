"""What the meters of this machine can be shown to do, beside being there.

Two halves. The arithmetic is tried on simulated devices of known truth, anywhere. Each
counter of this machine is then tried by itself: two adjacent windows must add up to the
one around them, work must draw more than rest, and counter and sampled power must
agree. What has no counter is reported as such, and is no failure.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hitl_sim.energy.meters.backend import Backend, Capability, Clock, Sleep
from hitl_sim.energy.meters.choose import default_backends
from hitl_sim.energy.meters.counter import Watch
from hitl_sim.energy.meters.meter import Meter, Reading
from hitl_sim.energy.meters.simulated import Coverage, measure_coverage

Outcome = Literal["passed", "failed", "not tried"]
_RANGE_J = 262_143.3
_LOW, _HIGH = 0.93, 0.97
_SPAN_S = 1.0
_OVERHEAD_FRAC = 0.01
_UNREAD = "a window could not be read"


@dataclass(frozen=True)
class Trial:
    """One thing that was tried.

    Attributes:
        of: the device, or `arithmetic`.
        name: what was expected, as a sentence.
        outcome: whether it held.
        detail: the numbers, or why it was not tried.
    """

    of: str
    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True)
class SelfTest:
    """All that was tried.

    Attributes:
        capabilities: what can be measured here, and why the rest cannot.
        trials: one by one.
    """

    capabilities: tuple[Capability, ...]
    trials: tuple[Trial, ...]

    @property
    def is_passed(self) -> bool:
        """Return whether nothing failed."""
        return all(trial.outcome != "failed" for trial in self.trials)

    @property
    def has_meter(self) -> bool:
        """Return whether anything can be measured on this machine."""
        return any(seen.is_available for seen in self.capabilities)


def run_selftest(
    backends: Sequence[Backend] | None = None,
    *,
    load: Callable[[float], object] | None = None,
    span_s: float = _SPAN_S,
    num_windows: int = 2_000,
    clock: Clock = time.monotonic_ns,
    sleep: Sleep = time.sleep,
) -> SelfTest:
    """Try the arithmetic on simulated devices, and every counter of this machine.

    Args:
        backends: sources to try; default those of `default_backends`.
        load: works for some seconds on the device to be tried; default one core busy,
            which a processor counter sees and a GPU's does not.
        span_s: length of each window, s; > 0.
        num_windows: simulated windows; >= 1.
        clock: the clock of the windows, ns; that of the backends.
        sleep: rests for some seconds of that clock.

    Raises:
        ValueError: the span is not positive.
    """
    if not span_s > 0:
        raise ValueError(f"`span_s` must be > 0 s, got {span_s}.")
    asked = default_backends() if backends is None else backends
    capabilities = [(backend, backend.probe()) for backend in asked]
    trials = list(_try_arithmetic(measure_coverage(num_windows)))
    for backend, seen in capabilities:
        able = [c for c in seen if c.is_available]
        trials.extend(
            Trial(c.device, "it can be read", "not tried", c.reason)
            for c in seen
            if not c.is_available
        )
        if able:
            trials.extend(_try_backend(backend, able, load, span_s, clock, sleep))
    return SelfTest(tuple(c for _, seen in capabilities for c in seen), tuple(trials))


def _try_arithmetic(coverage: Coverage) -> Sequence[Trial]:
    """Try what needs no device."""
    shares = (coverage.counter, coverage.sampled)
    return (
        _trial(
            "arithmetic",
            "95 % intervals hold the truth in 93 to 97 % of simulated windows",
            all(_LOW <= share <= _HIGH for share in shares),
            f"counter {100 * coverage.counter:.1f} %, integrated power"
            f" {100 * coverage.sampled:.1f} % of {coverage.num_windows} windows",
        ),
        _try_wraps(),
    )


def _try_wraps() -> Trial:
    """Let a counter wrap in every phase of a window."""
    worst = 0.0
    for phase in range(100):
        counter = Watch(1e-3, _RANGE_J, 600.0)
        begin = phase / 100 * _RANGE_J
        start = counter.add(begin, 0)
        for second in range(0, 1000, 200):
            at_s = second + 200
            end = counter.add((begin + 300.0 * at_s) % _RANGE_J, at_s * 1_000_000_000)
        worst = max(worst, abs(end - start - 300_000.0))
    return _trial(
        "arithmetic",
        "a counter that goes round, at any phase, gives the same joules",
        worst < 1e-3,
        f"300 kJ in 100 phases of a range of {_RANGE_J / 1e3:.0f} kJ,"
        f" at most {worst:.1g} J off",
    )


def _try_backend(
    backend: Backend,
    able: Sequence[Capability],
    load: Callable[[float], object] | None,
    span_s: float,
    clock: Clock,
    sleep: Sleep,
) -> list[Trial]:
    """Try the counters of one backend, all in the same windows."""
    meter = Meter([backend], clock=clock, sleep=sleep, share={"host": 1.0})
    begin = time.perf_counter()
    with meter.window("empty", phase="idle"):
        pass
    overhead_s = time.perf_counter() - begin
    with meter.window("rest", phase="idle") as rest:
        sleep(span_s)
    with meter.window("both", phase="evaluate") as both:
        with meter.window("first", phase="evaluate") as first:
            (load or _spin)(span_s)
        with meter.window("second", phase="evaluate") as second:
            (load or _spin)(span_s)
    trials = [
        _trial(
            backend.name,
            f"opening and closing a window takes less than {100 * _OVERHEAD_FRAC:.0f} %"
            " of a second",
            overhead_s < _OVERHEAD_FRAC,
            f"{1e3 * overhead_s:.2f} ms",
        )
    ]
    for seen in able:
        of = seen.device
        pair = (first.reading, second.reading)
        lump_s = 3 * (seen.update_period_s or 0.0)
        trials.append(_try_sum(of, both.reading, pair, lump_s))
        trials.append(_try_load(seen, rest.reading, first.reading, load is not None))
    for check in both.reading.checks:
        if check.label in ("agree", "suspect"):
            name = "counter and integrated power agree"
            trials.append(_trial(check.of, name, check.label == "agree", check.note))
    return trials


def _try_sum(of: str, whole: Reading, parts: Sequence[Reading], lump_s: float) -> Trial:
    """Add up adjacent windows.

    Between two windows pass a few milliseconds, in which a counter may show all that it
    gathered over its update period: at the begin, the middle and the end.
    """
    name = "adjacent windows add up to the one around them"
    around, *inner = (_joules(reading, of) for reading in (whole, *parts))
    if math.isnan(around + sum(inner)):
        return Trial(of, name, "failed", _UNREAD)
    seconds = [float(r.seconds.value or 0.0) for r in (whole, *parts)]
    between_s = seconds[0] - sum(seconds[1:])
    allowed = around / seconds[0] * (between_s + lump_s) if seconds[0] else 0.0
    return _trial(
        of,
        name,
        math.isclose(sum(inner), around, abs_tol=allowed),
        f"{' + '.join(f'{part:.4g}' for part in inner)} = {sum(inner):.4g} J,"
        f" around them {around:.4g} J",
    )


def _try_load(seen: Capability, rest: Reading, work: Reading, is_given: bool) -> Trial:
    name = "work draws more than rest"
    if "gpu" in seen.device and not is_given:
        why = "no load for this device was given: the default one keeps a core busy"
        return Trial(seen.device, name, "not tried", why)
    watts = [
        _joules(reading, seen.device) / float(reading.seconds.value or 1.0)
        for reading in (rest, work)
    ]
    if math.isnan(sum(watts)):
        return Trial(seen.device, name, "failed", _UNREAD)
    detail = f"{watts[0]:.4g} W at rest, {watts[1]:.4g} W at work"
    return _trial(seen.device, name, watts[1] > watts[0], detail)


def _joules(reading: Reading, of: str) -> float:
    """Return the energy of a device; NaN where it could not be read."""
    known = (one.value for one in reading.gross if one.of == of and one.is_known)
    value = next(known, None)
    return math.nan if value is None else float(value)


def _spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        math.sqrt(2.0)


def _trial(of: str, name: str, has_held: bool, detail: str) -> Trial:
    return Trial(of, name, "passed" if has_held else "failed", detail)
