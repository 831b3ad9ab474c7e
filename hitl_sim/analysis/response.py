"""How what an arm uses answers to a parameter of its crowd, without Monte-Carlo error.

Conditions that differ in one parameter alone also differ by chance. Read off point by
point, that difference would pass for an effect, and knowing the parameter would seem to
be worth something. So amounts follow a straight line over the parameter, and a bend
where three settings or more were run; each of the two counts only where its effect on
the net benefit can be told from Monte-Carlo error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from hitl_sim.analysis.dial import DIALS
from hitl_sim.analysis.finding import Finding
from hitl_sim.analysis.interval import LEVEL, MIN_REPLICATES
from hitl_sim.array import FloatArray, IntArray

_FIELD = "crowd."
_BENT_FROM = 3
"""Settings from which on a bend can be seen."""


@dataclass(frozen=True)
class Term:
    """A line or a bend in what an arm uses, over one parameter of its crowd.

    Attributes:
        parameter: the parameter, by field of `[crowd]`.
        low: its least setting.
        high: its largest.
        own: the arm's own setting, where the term is 0.
        is_bend: whether it is the bend.
        by_run: `[R, F]` amounts per unit of the term, as pseudo-values of the
            replicates: their mean is the term, their spread its error.
    """

    parameter: str
    low: float
    high: float
    own: float
    is_bend: bool
    by_run: FloatArray

    def at(self, levels: FloatArray) -> FloatArray:
        """Return `[N]` how many units of the term there are at levels in 0 to 1."""
        own = (self.own - self.low) / (self.high - self.low)
        from_own = _shape(levels, is_bend=self.is_bend) - _shape(
            own, is_bend=self.is_bend
        )
        return np.asarray(from_own)

    def is_told(self, prices: FloatArray, num_terms: int) -> bool:
        """Return whether its effect on a bill can be told from Monte-Carlo error.

        Args:
            prices: `[F]` what one of everything costs.
            num_terms: terms that are asked about at once; the error of telling any of
                them that has no effect is 5 % over all (Bonferroni).
        """
        effect = self.by_run @ prices
        num = len(effect)
        error = effect.std(ddof=1) / np.sqrt(num)
        least = student.isf((1.0 - LEVEL) / (2.0 * num_terms), num - 1)
        return bool(abs(effect.mean()) > least * error)


def _shape(levels: Any, *, is_bend: bool) -> Any:
    """Return Legendre's first or second polynomial over the range of settings."""
    z = 2.0 * levels - 1.0
    return 1.5 * z**2 - 0.5 if is_bend else z


def sweeps_through(
    arm: Finding, findings: Sequence[Finding]
) -> Iterator[tuple[str, list[Finding]]]:
    """Yield each parameter that the crowd of an arm was swept over, with conditions.

    Args:
        arm: a condition.
        findings: conditions of the same task.

    Yields:
        The parameter, and the conditions that differ from the arm in it alone, by
        increasing setting, the arm among them: fewer than two where everything else
        was never held.
    """
    swept = {f"{_FIELD}{parameter}" for parameter in DIALS}
    alike = [f for f in findings if _is_same_but(swept, f, arm)]
    for parameter in DIALS:
        field = f"{_FIELD}{parameter}"
        if len({f.settings.get(field) for f in alike}) > 1:
            line = [
                f
                for f in alike
                if field in f.settings and _is_same_but({field}, f, arm)
            ]
            yield parameter, sorted(line, key=lambda f: float(f.settings[field]))


def _is_same_but(fields: set[str], finding: Finding, arm: Finding) -> bool:
    """Return whether two conditions differ in nothing but some fields."""

    def others(one: Finding) -> dict[str, Any]:
        return {k: v for k, v in one.settings.items() if k not in fields}

    is_same = finding.arm == arm.arm and finding.role == arm.role
    return is_same and others(finding) == others(arm)


def fit_terms(
    parameter: str, arm: Finding, line: Sequence[Finding], replicate: IntArray
) -> list[Term] | str:
    """Fit a line, and a bend, to what conditions used along a parameter.

    Args:
        parameter: the parameter, by field of `[crowd]`.
        arm: a condition of the line.
        line: conditions that differ in the parameter alone, by increasing setting.
        replicate: `[R]` replicates that all of them have.

    Returns:
        The terms, or why there are none.
    """
    settings = np.array([float(f.settings[f"{_FIELD}{parameter}"]) for f in line])
    if len(line) < 2:
        return "no other run with everything else alike"
    for finding, setting in zip(line, settings, strict=True):
        if finding.reach.hits == 0:
            return f"no run that reached at {parameter.replace('_', ' ')} = {setting:g}"
    if len(replicate) < MIN_REPLICATES:
        return f"fewer than {MIN_REPLICATES} replicates"
    low, high = settings[0], settings[-1]
    level = (settings - low) / (high - low)
    bends = (False, True) if len(line) >= _BENT_FROM else (False,)
    design = [np.ones(len(line)), *(_shape(level, is_bend=bend) for bend in bends)]
    seen = np.stack([runs_of(finding, replicate) for finding in line], axis=1)
    fitted = np.einsum("tk,rkf->trf", np.linalg.pinv(np.stack(design, axis=1)), seen)
    own = float(arm.settings[f"{_FIELD}{parameter}"])
    return [
        Term(parameter, float(low), float(high), own, bend, by_run)
        for bend, by_run in zip(bends, fitted[1:], strict=True)
    ]


def runs_of(finding: Finding, replicate: IntArray) -> FloatArray:
    """Return `[R, F]` pseudo-values of what a condition's replicates used."""
    rows = np.searchsorted(finding.replicate, replicate)
    return finding.amounts.influence()[rows]
