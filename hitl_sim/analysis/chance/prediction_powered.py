"""The mean of what few real answers say, sharpened by what a machine predicts of all.

Few items have real answers, all have a prediction. The predictions' mean is known from
all items; what they are wrong by is known from the items with answers. With a weight
lambda on the predictions f of the outcomes y,

    theta = mean_N(lambda f) + mean_n(y - lambda f),

which is unbiased whatever the predictions are worth: wrong ones only get a weight near
0, and with weight 0 this is the mean of the real answers. Lambda is the one of least
variance: the slope of outcomes on predictions where the items with answers are a random
part of all, that slope over 1 + n/N where they are others. The variance is then
1 - r^2 (1 - n/N) or 1 - r^2 / (1 + n/N) of that of the real answers alone.

Items count the same, however often they were asked. Answers of one person go together,
and so do answers to one item: the variance is that of both clusterings, crossed. The
squared sums of people's residuals are corrected for the mean and the slope that were
fitted, by the components of variance that the residuals show (Bell and McCaffrey's
correction with an estimated working model); what items add is never below 0. Student's
t has the degrees of freedom that Satterthwaite's formula gives for the parts, that of
people as by Bell and McCaffrey: with five people about four. A share's interval is
Wilson's, with the effective number of answers that the variance stands for.

References:
    Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (2023), Prediction-powered
    inference, Science 382, 669-674.
    Angelopoulos, Duchi and Zrnic (2023), PPI++: efficient prediction-powered inference,
    arXiv 2311.01453, section 6 (lambda).
    Cameron, Gelbach and Miller (2011), Robust inference with multiway clustering,
    Journal of Business and Economic Statistics 29(2), 238-249.
    Bell and McCaffrey (2002), Bias reduction in standard errors for linear regression
    with multi-stage samples, Survey Methodology 28(2), 169-181.
    Korn and Graubard (1998), Confidence intervals for proportions with small expected
    number of positive counts, Survey Methodology 24(2), 193-201 (effective numbers).
    How often the intervals hold: experiments/prediction_powered.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import stdtrit

from hitl_sim.analysis.chance.interval import UPPER, Bounded
from hitl_sim.array import FloatArray, IntArray

MIN_REAL = 50
"""Fewest real answers. Of fewer, a machine that is right 19 times in 20 errs on two or
three, too few to tell how often; and few intervals of a share hold at their level."""
MIN_PEOPLE = 4
"""Fewest people, where they are told apart. Student's t of three has two degrees of
freedom, 4.3 standard errors, and of two one: 12.7. Intervals then no longer hold in
93.5 to 96.5 % of data sets (experiments/prediction_powered.md)."""
MIN_SURPRISES = 6.0
"""Fewest items, in effect, that predictions of a share must be seen to miss. Below,
nobody can tell how often they miss, and they get weight 0: with none seen, an interval
would be as narrow as if they never did."""
_NOTHING = 1e-12
"""Of a number: what is smaller is rounding."""


@dataclass(frozen=True)
class Powered:
    """A mean by real answers and predictions, beside that of real answers alone.

    Attributes:
        mean: with its 95 % interval.
        real_alone: the same by real answers alone.
        weight: lambda, of the predictions; 0 where they are not used.
        correlation: of outcome and prediction over items that have both; NaN where
            either does not vary.
        variance: of the mean, squared units of the outcome.
        real_variance: of the mean by real answers alone.
        df: degrees of freedom of Student's t.
        num_real: real answers.
        num_items: items that they are about.
        num_people: who gave them; 0 where nobody is told apart.
        num_predicted: items that have a prediction.
        num_surprises: items, in effect, that the predictions missed.
    """

    mean: Bounded
    real_alone: Bounded
    weight: float
    correlation: float
    variance: float
    real_variance: float
    df: float
    num_real: int
    num_items: int
    num_people: int
    num_predicted: int
    num_surprises: float

    @property
    def effective(self) -> float:
        """Return how many real answers alone would have told as much."""
        if self.variance <= 0.0:
            return float(self.num_real)
        return self.num_real * self.real_variance / self.variance

    @property
    def stood_for(self) -> float:
        """Return how many real answers the predictions stood for; never below 0."""
        return max(self.effective - self.num_real, 0.0)


@dataclass(frozen=True)
class _Cells:
    """Real answers, one row for each person and item, `[C]` each.

    Attributes:
        share: that each row has of the mean; adds up to 1, each item has the same.
        outcome: mean outcome.
        predicted: of the item.
        item: number from 0.
        person: number from 0; None where nobody is told apart.
    """

    share: FloatArray
    outcome: FloatArray
    predicted: FloatArray
    item: IntArray
    person: IntArray | None


def powered_mean(
    outcome: npt.ArrayLike,
    predicted: npt.ArrayLike,
    everything: npt.ArrayLike,
    *,
    item: npt.ArrayLike | None = None,
    person: npt.ArrayLike | None = None,
    is_subset: bool = True,
    is_share: bool = False,
    least: int = MIN_REAL,
) -> Powered:
    """Estimate the mean outcome of items like all those that have a prediction.

    Args:
        outcome: `[n]` what each real answer says.
        predicted: `[n]` what was predicted of its item.
        everything: `[N]` predictions of all items, those with answers among them if
            `is_subset`.
        item: `[n]` number of the item that each answer is about; each its own when
            left out.
        person: `[n]` number of who gave it; nobody is told apart when left out.
        is_subset: whether the items with answers are drawn at random from those that
            have a prediction, or are others of the same kind.
        is_share: whether outcomes and predictions lie in [0, 1] and the mean is a
            share.
        least: fewest real answers.

    Returns:
        The mean with its interval, beside that of real answers alone.

    Raises:
        ValueError: answers, people or predictions are too few; something is NaN, of
            another length or outside the scale; or an item has two predictions.
    """
    y, f, every = (np.asarray(x, np.float64) for x in (outcome, predicted, everything))
    items = np.arange(len(y)) if item is None else _numbered("item", item, len(y))
    people = None if person is None else _numbered("person", person, len(y))
    if len(f) != len(y):
        raise ValueError(f"`predicted` must have {len(y)} numbers, got {len(f)}.")
    named = (("outcome", y), ("predicted", f), ("everything", every))
    for name, values in named:
        _check_values(name, values, is_share=is_share)
    cells = _gather(y, f, items, people)
    num_items, num_people = int(items.max(initial=-1)) + 1, _count(people)
    if len(y) < least:
        raise ValueError(f"`outcome` must hold at least {least}, got {len(y)}.")
    if people is not None and num_people < MIN_PEOPLE:
        raise ValueError(
            f"`person` must name at least {MIN_PEOPLE} people, got {num_people}."
        )
    if num_items > len(every) and is_subset:
        raise ValueError(
            f"`everything` must hold all {num_items} items that have answers, got"
            f" {len(every)}."
        )
    shrink = 1.0 if is_subset else 1.0 / (1.0 + num_items / len(every))
    alone = _fit(cells, every, 0.0)
    found = _fit(cells, every, shrink)
    is_used = found.weight != 0.0 and (not is_share or found.surprises >= MIN_SURPRISES)
    used = found if is_used else alone
    return Powered(
        mean=used.interval(is_share),
        real_alone=alone.interval(is_share),
        weight=used.weight,
        correlation=_correlation(cells),
        variance=used.variance,
        real_variance=alone.variance,
        df=used.df,
        num_real=len(y),
        num_items=num_items,
        num_people=num_people,
        num_predicted=len(every),
        num_surprises=found.surprises,
    )


def _numbered(name: str, values: npt.ArrayLike, num: int) -> IntArray:
    """Number ids from 0."""
    found = np.asarray(values)
    if found.shape != (num,):
        raise ValueError(f"`{name}` must have {num} numbers, got {found.shape}.")
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _count(codes: IntArray | None) -> int:
    return 0 if codes is None else int(codes.max(initial=-1)) + 1


def _check_values(name: str, values: FloatArray, *, is_share: bool) -> None:
    bad = ~np.isfinite(values)
    if is_share:
        bad |= (values < 0.0) | (values > 1.0)
    if values.ndim != 1 or bad.any():
        must = "in [0, 1]" if is_share else "finite"
        got = values[bad][0] if bad.any() else f"shape {values.shape}"
        raise ValueError(f"`{name}` must be a list of numbers {must}, got {got}.")


def _gather(
    y: FloatArray, f: FloatArray, item: IntArray, person: IntArray | None
) -> _Cells:
    """Average the answers of one person to one item.

    Raises:
        ValueError: an item has two predictions.
    """
    first = np.zeros(int(item.max(initial=0)) + 1)
    first[item] = f
    if (first[item] != f).any():
        at = int((first[item] != f).argmax())
        raise ValueError(
            f"`predicted` must be one number for each item, got {f[at]:g} and"
            f" {first[item[at]]:g} for one."
        )
    by = item if person is None else item + len(first) * person
    _, row, which = np.unique(by, return_index=True, return_inverse=True)
    count = np.bincount(which)
    of_item = np.bincount(item)
    return _Cells(
        share=count / (of_item[item[row]] * len(first)),
        outcome=np.bincount(which, y) / count,
        predicted=f[row],
        item=item[row],
        person=None if person is None else person[row],
    )


def _correlation(cells: _Cells) -> float:
    num = int(cells.item.max()) + 1
    mean = np.bincount(cells.item, cells.share * cells.outcome) * num
    predicted = np.bincount(cells.item, cells.share * cells.predicted) * num
    if min(np.ptp(mean), np.ptp(predicted)) <= _NOTHING:
        return math.nan
    return float(np.corrcoef(mean, predicted)[0, 1])


@dataclass(frozen=True)
class _Fit:
    """The mean with one rule for lambda, its variance and degrees of freedom."""

    value: float
    variance: float
    df: float
    weight: float
    surprises: float
    num_items: int

    def interval(self, is_share: bool) -> Bounded:
        """Return the 95 % interval: Wilson's of a share, else Student's."""
        t = float(stdtrit(self.df, UPPER))
        if not is_share:
            reach = t * math.sqrt(self.variance)
            return Bounded(self.value, self.value - reach, self.value + reach)
        p, one = min(max(self.value, 0.0), 1.0), 1.0 / (self.num_items + 1)
        # where all answers say the same, what one more that does not would have shown
        spread = max(p * (1.0 - p), one * (1.0 - one))
        each = self.variance / spread if self.variance > 0.0 else 1.0 / self.num_items
        z = t * t * each
        middle, reach = p + z / 2.0, math.sqrt(z * p * (1.0 - p) + z * z / 4.0)
        low, high = (middle - reach) / (1.0 + z), (middle + reach) / (1.0 + z)
        return Bounded(p, max(low, 0.0), min(high, 1.0))


def _fit(cells: _Cells, every: FloatArray, shrink: float) -> _Fit:
    """Estimate the mean with `shrink` times the slope as lambda."""
    share, y, num = cells.share, cells.outcome, int(cells.item.max()) + 1
    away = cells.predicted - share @ cells.predicted
    square = float(share @ away**2)
    if square <= _NOTHING * float(share @ cells.predicted**2) or np.ptp(y) == 0.0:
        shrink, square = 0.0, 1.0
    slope = float(share @ (away * y)) / square
    weight = shrink * slope
    lack = float(every.mean() - share @ cells.predicted)
    rest = y - share @ y - weight * away
    pull = share * (1.0 + shrink * lack * away / square)
    basis = np.stack([np.ones(len(y)), away], axis=1)
    fitted = np.stack([share, shrink * share * away / square], axis=1)
    rest[np.abs(rest) <= _NOTHING * float(np.abs(y).max())] = 0.0
    kept = _Kept(pull, basis, fitted)
    parts = _clustered(cells, kept, rest, num - (2 if shrink else 1))
    if shrink and len(every) > 1:
        own = weight**2 * float(every.var(ddof=1)) / len(every)
        parts.append(_Part(own, own, len(every) - 1.0))
    expected = sum(part.expected for part in parts)
    spread = sum(part.expected**2 / part.df for part in parts)
    square_by_item = np.bincount(cells.item, share * rest) ** 2
    fourth = float((square_by_item**2).sum())
    return _Fit(
        value=float(share @ y) + weight * lack,
        variance=sum(part.seen for part in parts),
        df=expected**2 / spread if spread > 0.0 else float(max(num - 1, 1)),
        weight=weight,
        surprises=float(square_by_item.sum()) ** 2 / fourth if fourth > 0.0 else 0.0,
        num_items=num,
    )


@dataclass(frozen=True)
class _Part:
    """A part of the variance of a mean.

    Attributes:
        seen: estimated from the sums that it is a variance of.
        expected: what components of variance, of all people together, make of it. With
            few people the one that is seen is too small at times, and would then seem
            to matter little for the degrees of freedom as well.
        df: degrees of freedom of what is seen.
    """

    seen: float
    expected: float
    df: float


@dataclass(frozen=True)
class _Kept:
    """How a mean and its residuals follow from the outcomes `y`, `[C]` and `[C, 2]`.

    The mean is `pull @ y`, and what is left of y is `y - basis @ (fitted.T @ y)`.
    """

    pull: FloatArray
    basis: FloatArray
    fitted: FloatArray


class _Level:
    """Rows that go together: those of a person, or of an item, or each its own.

    Effects b of another level make sums of residuals `(S - left right') b` of this one,
    `right` being the other's.
    """

    def __init__(self, codes: IntArray, kept: _Kept) -> None:
        self.codes, self._pull = codes, kept.pull
        self.pull = np.bincount(codes, kept.pull)
        self.left = self._sums(kept.pull[:, None] * kept.basis)
        self.right = self._sums(kept.fitted)

    def _sums(self, values: FloatArray) -> FloatArray:
        columns = [np.bincount(self.codes, column) for column in values.T]
        return np.stack(columns, axis=1)

    def seen(self, rest: FloatArray) -> float:
        """Return the sum of squared sums of residuals."""
        return float((np.bincount(self.codes, self._pull * rest) ** 2).sum())

    def across(self, effects: _Level) -> FloatArray:
        """Return S times `right` of the other level."""
        return self._sums(self._pull[:, None] * effects.right[effects.codes])

    def told(self, effects: _Level) -> float:
        """Return what effects of variance 1 add to the squared sums, expected."""
        pull = self.pull if self is effects else self._pull
        both = (self.left.T @ self.left) * (effects.right.T @ effects.right)
        product = self.across(effects) * self.left
        return float(pull @ pull - 2.0 * product.sum() + both.sum())


def _clustered(
    cells: _Cells, kept: _Kept, rest: FloatArray, item_df: int
) -> list[_Part]:
    """Return the parts of the variance that real answers make.

    One part where nobody is told apart. Else that of people's sums, and what items add
    that several people answered.
    """
    item = _Level(cells.item, kept)
    if cells.person is None:
        own = item.seen(rest) * float(item.pull @ item.pull) / item.told(item)
        return [_Part(own, own, max(item_df, 1.0))]
    levels = (_Level(cells.person, kept), item, _Level(np.arange(len(rest)), kept))
    people = levels[0]
    seen = np.array([level.seen(rest) for level in levels])
    true = np.array([level.pull @ level.pull for level in levels])
    told = np.array([[level.told(of) for of in levels] for level in levels])
    effects = np.linalg.lstsq(told, seen, rcond=1e-9)[0].clip(min=0.0)
    expected = float(told[0] @ effects)
    if expected <= 0.0:
        return []
    by_people = float(effects @ true[[0, 2, 2]])
    by_items = float(effects[1] * (true[1] - true[2]))
    df = expected**2 / _squared_norm(people, levels, effects, kept.pull)
    return [
        _Part(float(seen[0]) / expected * by_people, by_people, df),
        _Part(by_items, by_items, max(item_df, 1.0)),
    ]


def _squared_norm(
    people: _Level, levels: Sequence[_Level], effects: FloatArray, pull: FloatArray
) -> float:
    """Return the squared norm of the covariance of people's sums of residuals.

    It is R - G U' - U G' + U H U', with R of independent effects; nothing is written
    out that has a row and a column for each person.
    """
    both = list(zip(effects, levels, strict=True))
    cross = sum(e * people.across(level) for e, level in both)
    inner = sum(e * level.right.T @ level.right for e, level in both)
    asked = csr_array((pull, (people.codes, levels[1].codes)))
    alone = effects[0] * people.pull**2 + effects[2] * np.bincount(
        people.codes, pull**2
    )
    places = np.arange(len(alone))
    own = effects[1] * (asked @ asked.T) + csr_array((alone, (places, places)))
    frame, eye = np.hstack([cross, people.left]), np.eye(2)
    middle = np.block([[0.0 * eye, -eye], [-eye, inner]])
    turned = middle @ (frame.T @ frame)
    return float(
        (own.data**2).sum()
        + 2.0 * (middle * (frame.T @ (own @ frame))).sum()
        + np.trace(turned @ turned)
    )
