"""How a counter's difference becomes a number with an interval.

A counter shows the energy up to its last refresh. A window from s to e therefore reads

    measured = gain * (truth + P_s * a_s - P_e * a_e)

where a_s and a_e, the ages of the refreshes seen at its two ends, are independent and
uniform over [0, T] (T is the update period and the duration of a reading), P_s is the
power just before the window and P_e the power just before its end. So truth - measured
has, from its edges, the mean (P_e - P_s) * T / 2 and the variance
(P_s**2 + P_e**2) * T**2 / 12, which is (P * T)**2 / 6 for steady power P. The ends are
the mean -+ 1.96 standard deviations, within what is possible and never past the value.

Coverage: alone, the edges of a steady load are triangular, and +-1.96 standard
deviations hold 1 - (1 - 1.96 / sqrt(6))**2 = 96.0 % of them. The gain is taken as
normal with the stated 95 % half-width, so it holds 95 % alone. The two are independent
and add in quadrature; their sum lies between the two shapes, so its coverage lies
between 95 % and 96 %, and within 93 % to 97 % where one edge outweighs the other. A
load that starts with the window has P_s well below P_e; taking both edges at the mean
power would cover less, which is why a backend that can read power passes it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from hitl_sim.energy.error import Error
from hitl_sim.energy.meters.backend import Clock, Sleep, Snapshot
from hitl_sim.energy.meters.constant import Accuracy
from hitl_sim.energy.meters.sensor import TO_95, measured_energy, within
from hitl_sim.energy.meters.watch import why_still
from hitl_sim.energy.quantity import Kind, Quantity, Scope, unavailable
from hitl_sim.unit import S_PER_NS

PROBE_LIMIT_S = 0.5
"""How long a probe waits for a counter to move; every known counter moves sooner."""


def counter_energy(
    joules: float,
    start: Snapshot,
    end: Snapshot,
    *,
    scope: Scope,
    of: str,
    backend: str,
    accuracy: Accuracy,
    edge_w: tuple[float, float] | None = None,
    unseen_j: float = 0.0,
) -> Quantity:
    """Turn a counter's difference into joules with an interval.

    Independent errors: the sensor's gain, which all windows of the device share; the
    unknown age of the first and last refresh, which is the window's own (see this
    module for the derivation); and what a sensor may not have looked at.

    Args:
        joules: difference of the readings, J; >= 0.
        start: reading at the beginning.
        end: reading at the end.
        scope: what the counter covers.
        of: its device.
        backend: which backend read it.
        accuracy: the counter's error and pace.
        edge_w: power just before the window and just before its end, W; default the
            mean power of the window at both, which is right for a steady load.
        unseen_j: 95 % half-width of what its sensor did not look at, J.

    Returns:
        The energy; unavailable where the counter did not move.
    """
    elapsed_s = (end.before_ns - start.before_ns) * S_PER_NS
    if not joules > 0:
        reason = why_still(elapsed_s, accuracy.update_period_s)
        return unavailable("J", scope, reason, of=of)
    mean_w = joules / elapsed_s if elapsed_s > 0 else 0.0
    start_w, end_w = (mean_w, mean_w) if edge_w is None else edge_w
    age_s = accuracy.update_period_s + max(
        (snapshot.after_ns - snapshot.before_ns) * S_PER_NS for snapshot in (start, end)
    )
    down, up = _edge_ends(start_w * age_s, end_w * age_s)
    label, at = f"{backend} counter of {of}", f"window at {start.before_ns} ns"
    others = (
        Error(f"{label}: {at}", max(down, -joules), up),
        within(f"{label}: not looked at, {at}", joules, unseen_j),
    )
    return measured_energy(
        joules,
        Kind.MEASURED_COUNTER,
        scope,
        of,
        label,
        accuracy.relative_error,
        others,
    )


def _edge_ends(start_j: float, end_j: float) -> tuple[float, float]:
    """Return how far the truth may lie below and above a difference, J.

    An old refresh can hide at most `start_j` at the start and `end_j` at the end, J.
    """
    mean = (end_j - start_j) / 2
    spread = TO_95 * math.hypot(start_j, end_j) / math.sqrt(12.0)
    return (
        min(0.0, max(mean - spread, -start_j)),
        max(0.0, min(mean + spread, end_j)),
    )


def watch_counter(
    read: Callable[[], float],
    wrap: float | None = None,
    clock: Clock = time.monotonic_ns,
    sleep: Sleep = time.sleep,
) -> tuple[float, float | None]:
    """Read a counter, J, until it has moved twice, or for `PROBE_LIMIT_S`.

    It starts again at `wrap`, J, where that is given.

    Returns:
        Joules counted over the watch, and the time between its two moves, s (`None`
        when it moved less than twice).

    Raises:
        ValueError: the counter went backwards without a wrap.
    """
    begin = clock()
    last = read()
    counted = 0.0
    moves: list[int] = []
    while len(moves) < 2 and (clock() - begin) * S_PER_NS < PROBE_LIMIT_S:
        sleep(1e-3)
        now = read()
        step = now - last
        if step < 0 and wrap is not None:
            step += wrap
        if step < 0:
            raise ValueError(f"`counter` must not fall, got {last} J and then {now} J.")
        if step > 0:
            moves.append(clock())
        counted += step
        last = now
    period = (moves[1] - moves[0]) * S_PER_NS if len(moves) == 2 else None
    return counted, period
