"""Two studies side by side: what was set differently, and what that did to rho."""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from hitl_sim.analysis.chance.interval import (
    MIN_REPLICATES,
    NUM_RESAMPLES,
    log_variance_saved,
    percentile_interval,
    ratio_of,
    resample,
)
from hitl_sim.analysis.condition.between import rho_draws, shared_replicates
from hitl_sim.analysis.condition.finding import Finding, StudyResult, TaskResult
from hitl_sim.array import FloatArray, IntArray

_NAMED = {"arm": "name", "axis": "field"}
"""Lists of tables, and the field that each of their tables goes by."""


@dataclass(frozen=True)
class Versus:
    """One condition that both studies have, in the words of the first.

    Attributes:
        value: rho of the second over rho of the first, with its 95 % interval.
        num_paired: replicates that were resampled as pairs; 0 where the studies were
            taken as independent.
        variance_saved_frac: what pairing saved of the variance of the ratio's log;
            below 0 where it did harm, None where unpaired or without a variance.
    """

    words: str
    one: Finding
    other: Finding
    value: float
    low: float
    high: float
    num_paired: int
    variance_saved_frac: float | None

    @property
    def is_told_apart(self) -> bool:
        """Return whether the interval leaves out 1."""
        return not self.low <= 1.0 <= self.high


@dataclass(frozen=True)
class Comparison:
    """Two studies.

    Attributes:
        settings: what differs, by dotted name: the first study's and the second's.
        shared: conditions of both, in the first one's order.
        only_one: conditions of the first alone, in words.
        shares_seed: whether a replicate has the same split, initialisation and crowd
            in both, so that runs can be paired.
    """

    settings: Mapping[str, tuple[Any, Any]]
    shared: tuple[Versus, ...]
    only_one: tuple[str, ...]
    only_other: tuple[str, ...]
    shares_seed: bool


def compare_studies(one: StudyResult, other: StudyResult) -> Comparison:
    """Hold two studies against each other, condition by condition.

    Conditions are the same where task, arm and swept settings have the same names and
    values; a crowd that one of the studies does not sweep is part of its settings.
    Studies of one seed draw a replicate's split, initialisation and crowd alike, so
    that what is lucky in one is lucky in the other: their replicates are resampled as
    pairs. Other studies are independent.
    """
    first, second = _conditions(one), _conditions(other)
    seed = one.study.get("seed")
    shares_seed = seed is not None and seed == other.study.get("seed")
    shared = [
        _versus(first[key], second[key], seed=one.seed, shares_seed=shares_seed)
        for key in first
        if key in second
    ]
    return Comparison(
        settings=dict(differences(flat_tables(one.study), flat_tables(other.study))),
        shared=tuple(shared),
        only_one=tuple(_words(*first[key]) for key in first if key not in second),
        only_other=tuple(_words(*second[key]) for key in second if key not in first),
        shares_seed=shares_seed,
    )


def _conditions(result: StudyResult) -> dict[str, tuple[TaskResult, Finding]]:
    found = {}
    for task in result.tasks:
        base = dict(task.control.settings)
        for finding in task.findings:
            key = task.task, base, finding.arm, finding.settings, finding.population
            found[json.dumps(key, sort_keys=True)] = task, finding
    return found


def _words(task: TaskResult, finding: Finding) -> str:
    return f"{task.label}: {finding.label}"


def _versus(*sides: tuple[TaskResult, Finding], seed: int, shares_seed: bool) -> Versus:
    (task, one), (_, other) = sides
    apart = resample(one.num_runs, seed), resample(other.num_runs, seed + 1)
    num_shared = len(shared_replicates((one, other)))
    is_paired = shares_seed and num_shared >= MIN_REPLICATES
    weights = apart
    if is_paired:
        weights = resample_pairs(one.replicate, other.replicate, seed)

    def draws(weights: Sequence[FloatArray]) -> FloatArray:
        first, second = (
            rho_draws(found, its.control, found.replicate, some)
            for (its, found), some in zip(sides, weights, strict=True)
        )
        return ratio_of(second, first)

    drawn = draws(weights)
    low, high = percentile_interval(drawn, min(one.num_runs, other.num_runs))
    saved = log_variance_saved(drawn, draws(apart)) if is_paired else None
    first, second = (
        ratio_of(
            found.cost_sample.per_success,
            its.control.cost_sample_of(found.replicate).per_success,
        )
        for its, found in sides
    )
    return Versus(
        _words(task, one),
        one,
        other,
        value=float(ratio_of(second, first)),
        low=max(low, 0.0),
        high=high,
        num_paired=num_shared if is_paired else 0,
        variance_saved_frac=saved,
    )


def resample_pairs(
    one: IntArray, other: IntArray, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Draw the bootstrap's replicates for two studies that share some of them.

    Returns:
        `[B, R]` and `[B, Q]` how often each replicate of either is in each resample.
        Either is the usual bootstrap of its study; a shared replicate that is drawn for
        one is drawn for the other, as far as the studies draw equally many of them.
    """
    if np.array_equal(one, other):
        weights = resample(len(one), seed)
        return weights, weights
    return _resample_some(tuple(one.tolist()), tuple(other.tolist()), seed)


@functools.lru_cache(maxsize=4)
def _resample_some(
    first: tuple[int, ...], second: tuple[int, ...], seed: int
) -> tuple[FloatArray, FloatArray]:
    """Draw them for studies of different replicates; kept, as conditions share them."""
    one, other = np.array(first), np.array(second)
    shared = np.intersect1d(one, other)
    rng = np.random.default_rng(seed)
    quantile = rng.random(NUM_RESAMPLES)
    most = max(len(one), len(other))
    picks = rng.choice(shared, (NUM_RESAMPLES, most))
    return _drawn(one, picks, quantile, rng), _drawn(other, picks, quantile, rng)


def _drawn(
    own: IntArray, picks: IntArray, quantile: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return `[B, R]` counts of as many of the shared picks as chance has it."""
    num = len(own)
    extra = np.setdiff1d(own, picks)
    num_shared = binom.ppf(quantile, num, 1.0 - len(extra) / num)
    drawn = picks[:, :num]
    if len(extra):
        is_shared = np.arange(num) < num_shared[:, None]
        drawn = np.where(is_shared, drawn, rng.choice(extra, drawn.shape))
    column = np.searchsorted(own, drawn)
    cell = np.arange(len(drawn))[:, None] * num + column
    counts = np.bincount(cell.ravel(), minlength=len(drawn) * num)
    weights = counts.reshape(-1, num).astype(np.float64)
    weights.flags.writeable = False
    return weights


def flat_tables(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Write nested tables as one, by dotted name; arms and axes go by theirs."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        path = f"{above}{name}"
        if name in _NAMED and isinstance(value, list | tuple):
            for part in value:
                rest = {k: v for k, v in part.items() if k != _NAMED[name]}
                flat.update(flat_tables(rest, f"{path}.{part[_NAMED[name]]}."))
        elif isinstance(value, Mapping):
            flat.update(flat_tables(value, f"{path}."))
        else:
            flat[path] = value
    return flat


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the fields that differ, with both values; None where there is none."""
    for name in dict.fromkeys((*one, *other)):
        pair = one.get(name), other.get(name)
        if pair[0] != pair[1]:
            yield name, pair
