"""Fit a machine to its recorded answers: what it confuses, repeats, and is sure of.

Every annotator of the record is a copy of one machine. What is right is an item's gold.
Agreement of two answers to one item, of two copies or of one that is asked again, has a
curve in the correlation of their noise: given what persists, an occasion is a softmax,
so that the chance of agreement is the mean sum of squared shares (`oracles.utility`).
The correlation is read off that curve. Intervals are of items that are drawn again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from scipy.stats import rankdata

from hitl_sim.participants.answers import LABEL, Answers, options_of
from hitl_sim.participants.fitting.estimate import FittedNumber
from hitl_sim.participants.fitting.model_file import quoted
from hitl_sim.participants.record import Floats, Ints
from oracles.machines import MACHINES, MachineSource
from oracles.utility import scaled_log_stable

MIN_ANSWERS = 50
"""Answers with gold below which nothing is fitted; as for checks of labels."""
MIN_PAIRS = 30
"""Pairs of answers to one item below which a correlation is not read; assumed."""
_DRAWS, _POINTS, _RESAMPLES = 2000, 41, 400
_PRIOR = 1.0
"""Answers that a row of the confusion is pulled by towards even errors; assumed."""


@dataclass(frozen=True)
class MachineFit:
    """A machine as its answers show it.

    Attributes:
        origin: where these come from.
        options: names of the classes.
        num_copies: copies behind it.
        num_items: items with gold.
        num_answers: answers to them, repeats included.
        confusion: `[K, K]` shares of answers by the right class.
        numbers: accuracy, shared_error, repeatability and confidence.
    """

    origin: str
    options: tuple[str, ...]
    num_copies: int
    num_items: int
    num_answers: int
    confusion: Floats
    numbers: tuple[FittedNumber, ...]

    def number(self, name: str) -> FittedNumber:
        """Return one number by name."""
        return next(n for n in self.numbers if n.name == name)


class _Record(NamedTuple):
    """Answers with gold as numbers, a row each."""

    item: Ints
    copy: Ints
    answer: Ints
    gold: Ints
    confidence: Floats
    is_first: Any


def fit_machine(answers: Answers, seed: int = 0) -> MachineFit:
    """Fit a machine to answers that all annotators of a record gave as its copies.

    Args:
        answers: labels with gold.
        seed: of resamples of items.

    Raises:
        ValueError: there are fewer than `MIN_ANSWERS` labels with gold.
    """
    record, options = _read(answers)
    num_classes = len(options)
    rng = np.random.default_rng(seed)
    first = record.is_first
    counts = _counts(record, first, num_classes)
    confusion = _smoothed(counts)
    resampled = [_resample(rng, record.item) for _ in range(_RESAMPLES)]
    is_right = record.answer == record.gold

    def accuracy(weight: Floats) -> float:
        return float(np.average(is_right[first], weights=weight[record.item][first]))

    numbers = [_number("accuracy", accuracy, record, resampled)]
    curve = _Curve(confusion, num_classes)
    copies = _pairs(record, same_copy=False)
    repeats = _pairs(record, same_copy=True)
    numbers.append(
        _correlation(
            "shared_error",
            curve,
            record,
            copies,
            resampled,
            "no two copies answered the same items often enough",
        )
    )
    numbers.append(
        _correlation(
            "repeatability",
            curve,
            record,
            repeats,
            resampled,
            "it was not asked the same items again often enough",
        )
    )
    numbers = _in_order(numbers)
    numbers.append(_confidence(record, resampled))
    return MachineFit(
        answers.origin,
        options,
        len(np.unique(record.copy)),
        len(np.unique(record.item)),
        len(record.item),
        confusion,
        tuple(numbers),
    )


def _read(answers: Answers) -> tuple[_Record, tuple[str, ...]]:
    columns = ["annotator", "item", "kind", "answer", "gold", "confidence"]
    columns.append("is_repeat")
    rows = [
        row
        for row in answers.table.select(columns).to_pylist()
        if row["kind"] == LABEL and row["answer"] is not None and row["gold"]
    ]
    if len(rows) < MIN_ANSWERS:
        raise ValueError(
            f"`answers` must hold at least {MIN_ANSWERS} labels of items with gold, "
            f"got {len(rows)}."
        )
    options = options_of(answers, LABEL)
    place = {name: k for k, name in enumerate(options)}
    items = {name: k for k, name in enumerate(dict.fromkeys(r["item"] for r in rows))}
    people = dict.fromkeys(r["annotator"] for r in rows)
    copies = {name: k for k, name in enumerate(people)}
    seen: set[tuple[str, str]] = set()
    is_first = []
    for row in rows:
        key = row["annotator"], row["item"]
        is_first.append(key not in seen and not row["is_repeat"])
        seen.add(key)
    sure = [np.nan if r["confidence"] is None else r["confidence"] for r in rows]
    record = _Record(
        np.array([items[r["item"]] for r in rows]),
        np.array([copies[r["annotator"]] for r in rows]),
        np.array([place[r["answer"]] for r in rows]),
        np.array([place[r["gold"]] for r in rows]),
        np.array(sure, np.float64),
        np.array(is_first),
    )
    return record, options


def _counts(record: _Record, rows: Any, num_classes: int) -> Floats:
    counts = np.zeros((num_classes, num_classes))
    np.add.at(counts, (record.gold[rows], record.answer[rows]), 1.0)
    return counts


def _smoothed(counts: Floats) -> Floats:
    """Pull each row towards even errors by `_PRIOR` answers; a class never seen too."""
    num_classes = len(counts)
    right = (np.trace(counts) + 1.0) / (counts.sum() + 2.0)
    even = np.full(counts.shape, (1.0 - right) / (num_classes - 1))
    np.fill_diagonal(even, right)
    seen = counts.sum(axis=1, keepdims=True)
    return np.asarray((counts + _PRIOR * even) / (seen + _PRIOR), np.float64)


def _resample(rng: np.random.Generator, item: Ints) -> Floats:
    """Draw items again: how often each is in it."""
    num = int(item.max()) + 1
    return rng.multinomial(num, np.full(num, 1.0 / num)).astype(np.float64)


def _ends(values: Sequence[float]) -> tuple[float, float]:
    found = np.array(values)[np.isfinite(values)]
    if len(found) == 0:
        return np.nan, np.nan
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def _number(
    name: str, statistic: Any, record: _Record, resampled: Sequence[Floats]
) -> FittedNumber:
    whole = np.ones(int(record.item.max()) + 1)
    value = float(statistic(whole))
    low, high = _ends([statistic(weight) for weight in resampled])
    return FittedNumber(name, value, min(low, value), max(high, value))


def _pairs(record: _Record, *, same_copy: bool) -> Ints:
    """List pairs of rows of one item: of a copy asked again, or first looks of two."""
    order = np.argsort(record.item, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(record.item[order])) + 1)
    found = [
        (a, b)
        for rows in groups
        for a, b in combinations(sorted(rows.tolist()), 2)
        if bool(record.copy[a] == record.copy[b]) == same_copy
        if same_copy or (record.is_first[a] and record.is_first[b])
    ]
    return np.array(found, np.int64).reshape(-1, 2)


class _Curve:
    """Chance that two answers agree, by the correlation of their noise."""

    def __init__(self, confusion: Floats, num_classes: int) -> None:
        rng = np.random.default_rng(0)
        shape = (_DRAWS, num_classes)
        angle = jnp.asarray(rng.uniform(1e-6, 1.0 - 1e-6, shape), jnp.float32)
        energy = jnp.asarray(rng.exponential(size=shape), jnp.float32)
        self.at = np.linspace(0.0, 1.0, _POINTS)
        log_share = np.log(np.maximum(confusion, 1e-12))
        self.agree = np.empty((num_classes, _POINTS))
        for place, correlation in enumerate(self.at):
            index = np.sqrt(1.0 - correlation)
            if index < 1e-6:
                self.agree[:, place] = 1.0
                continue
            drawn = scaled_log_stable(jnp.float32(index), angle, energy)
            lasting = np.asarray(drawn, np.float64)
            worth = (log_share[:, None, :] + lasting[None]) / index
            share = np.exp(worth - worth.max(axis=2, keepdims=True))
            share /= share.sum(axis=2, keepdims=True)
            self.agree[:, place] = (share**2).sum(axis=2).mean(axis=1)

    def correlation(self, gold: Ints, weight: Floats, agreement: float) -> float:
        """Read the correlation that leads to an agreement on items of some classes."""
        count = np.bincount(gold, weight, len(self.agree))
        expected = (count @ self.agree) / max(count.sum(), 1e-300)
        # chance alone makes the curve fall anywhere
        return float(np.interp(agreement, np.maximum.accumulate(expected), self.at))


def _correlation(
    name: str,
    curve: _Curve,
    record: _Record,
    pairs: Ints,
    resampled: Sequence[Floats],
    why_not: str,
) -> FittedNumber:
    if len(pairs) < MIN_PAIRS:
        value = getattr(MACHINES["typical"], name)
        note = f"{why_not} ({len(pairs)} pairs, {MIN_PAIRS} needed): that of 'typical'"
        return FittedNumber(name, value, np.nan, np.nan, False, note)
    left, right = pairs.T
    item, gold = record.item[left], record.gold[left]
    agree = (record.answer[left] == record.answer[right]).astype(np.float64)

    def read(weight: Floats) -> float:
        own = weight[item]
        total = own.sum()
        if total == 0.0:
            return np.nan
        return curve.correlation(gold, own, float(agree @ own / total))

    return _number(name, read, record, resampled)


def _in_order(numbers: list[FittedNumber]) -> list[FittedNumber]:
    """Let a machine repeat at least what its copies say alike."""
    shared = next(n for n in numbers if n.name == "shared_error")
    repeats = next(n for n in numbers if n.name == "repeatability")
    if shared.value <= repeats.value:
        return numbers
    note = "raised to what copies share" if repeats.is_identified else repeats.note
    raised = FittedNumber(
        "repeatability",
        shared.value,
        repeats.low,
        max(repeats.high, shared.value),
        repeats.is_identified,
        note,
    )
    if not shared.is_identified:
        # what is not known gives way to what is
        lowered = FittedNumber(
            "shared_error", repeats.value, np.nan, np.nan, False, shared.note
        )
        return [lowered if n is shared else n for n in numbers]
    return [raised if n is repeats else n for n in numbers]


def _confidence(record: _Record, resampled: Sequence[Floats]) -> FittedNumber:
    """Area under the ROC curve of confidence: right answers against wrong ones."""
    rows = record.is_first & np.isfinite(record.confidence)
    is_right = record.answer[rows] == record.gold[rows]
    if not rows.any():
        note = "it gives no confidence"
        return FittedNumber("confidence", np.nan, np.nan, np.nan, False, note)
    if is_right.all() or not is_right.any():
        note = "all answers are right, or all wrong"
        return FittedNumber("confidence", np.nan, np.nan, np.nan, False, note)
    item, sure = record.item[rows], record.confidence[rows]

    def area(weight: Floats) -> float:
        times = weight[item].astype(np.int64)
        rank = rankdata(np.repeat(sure, times))
        right = np.repeat(is_right, times)
        hits, misses = int(right.sum()), int((~right).sum())
        if not hits or not misses:
            return np.nan
        above = rank[right].sum() - hits * (hits + 1) / 2
        return float(above / (hits * misses))

    found = _number("confidence", area, record, resampled)
    if found.value >= 0.5:
        return found
    note = f"below one half ({found.value:.2f}): it says nothing that could be used"
    return FittedNumber("confidence", 0.5, 0.5, 0.5, True, note)


def source_of(fit: MachineFit, name: str, citation: str) -> MachineSource:
    """Return a fitted machine as studies name it."""
    known = {n.name: n for n in fit.numbers}
    confidence = known["confidence"].value
    return MachineSource(
        name,
        f"A machine as it answered {fit.num_items:,} items with gold.",
        "calibrated",
        _source(fit, citation),
        # a file holds as many digits as it writes
        shared_error=round(known["shared_error"].value, 4),
        repeatability=round(known["repeatability"].value, 4),
        confusion=tuple(tuple(row) for row in _rounded(fit.confusion)),
        classes=fit.options,
        confidence=round(confidence, 4) if np.isfinite(confidence) else None,
        intervals={
            n.name: (round(n.low, 4), round(n.high, 4))
            for n in fit.numbers
            if np.isfinite(n.low)
        },
    )


def _source(fit: MachineFit, citation: str) -> str:
    words = f"fitted to {citation}: {fit.num_answers:,} answers of {fit.num_copies}"
    words += " copies" if fit.num_copies > 1 else " copy"
    unknown = [f"{n.name} is not: {n.note}" for n in fit.numbers if not n.is_identified]
    return "; ".join([words, *unknown])


def _rounded(confusion: Floats) -> list[list[float]]:
    rows: list[list[float]] = np.round(confusion, 5).tolist()
    return rows


def machine_text(source: MachineSource) -> str:
    """Write a machine as a TOML file that studies name."""
    lines = [
        "# A machine for studies, written by `hitl-sim fit-machine`.",
        f"[{source.name}]",
    ]
    words = ("summary", "evidence", "source")
    lines += [f"{name} = {quoted(getattr(source, name))}" for name in words]
    lines.append(f"classes = {quoted(list(source.classes or ()))}")
    rows = (f"  {quoted(list(row))}," for row in source.confusion or ())
    lines += ["confusion = [", *rows, "]"]
    for name in ("shared_error", "repeatability", "confidence"):
        if getattr(source, name) is not None:
            lines.append(f"{name} = {getattr(source, name)}")
    lines += ["", f"[{source.name}.intervals]"]
    ends = (source.intervals or {}).items()
    lines += [f"{name} = {quoted(list(pair))}" for name, pair in ends]
    return "\n".join(lines) + "\n"
