"""A counter that starts again at some value, followed past its wraps."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitl_sim.unit import S_PER_NS


@dataclass
class Unwrapped:
    """A counter's total since its first reading.

    Each reading adds what was counted since the last, modulo the range: right as long
    as the counter cannot have gone round in between. Steps that were too long for that,
    or that hold more power than is plausible (the counter was reset, not wrapped), are
    remembered, so that no window that holds one is trusted.

    Attributes:
        range_j: value at which the counter starts again, J.
        max_w: highest plausible power, W.
        margin_s: how much older than its reading the counter may be, s.
    """

    range_j: float
    max_w: float
    margin_s: float
    _raw: float | None = None
    _at_ns: int = 0
    _total: float = 0.0
    _flaws: list[tuple[int, str]] = field(default_factory=list)

    def add(self, raw: float, at_ns: int) -> float:
        """Return the total with one more reading.

        Args:
            raw: the counter, J.
            at_ns: when it was read, ns.
        """
        if self._raw is None:
            self._total = raw
        else:
            step = (raw - self._raw) % self.range_j
            elapsed_s = (at_ns - self._at_ns) * S_PER_NS
            flaw = self._flaw(step, elapsed_s)
            if flaw:
                self._flaws.append((at_ns, flaw))
            self._total += step
        self._raw, self._at_ns = raw, at_ns
        return self._total

    def flaw(self, start_ns: int, end_ns: int) -> str:
        """Return why the total is not to be trusted between two readings, or ''."""
        inside = (text for at, text in self._flaws if start_ns < at <= end_ns)
        return next(inside, "")

    def forget(self, before_ns: int) -> None:
        """Drop what was remembered of an earlier time."""
        self._flaws = [flaw for flaw in self._flaws if flaw[0] >= before_ns]

    def _flaw(self, step: float, elapsed_s: float) -> str:
        limit_s = self.range_j / self.max_w
        if elapsed_s > limit_s:
            return (
                f"nobody read the counter for {elapsed_s:.0f} s and it may go round in"
                f" {limit_s:.0f} s; measure in shorter windows and add them"
            )
        if step > self.max_w * (elapsed_s + self.margin_s):
            return (
                f"the counter jumped by {step:.0f} J in {elapsed_s:.3g} s, more than"
                f" {self.max_w:.0f} W: it was reset"
            )
        return ""
