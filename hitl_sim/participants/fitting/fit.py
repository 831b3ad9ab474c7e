"""Fit a crowd to answers: quality, consistency, times, workload, with what is unknown.

Each number comes with an interval and with whether the answers identify it: whether
they leave less than half of the variance that was believed beforehand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import jax.numpy as jnp
import numpy as np

from hitl_sim.participants.answers import (
    LABEL,
    MARKS,
    PREFERENCE,
    RATING,
    Answers,
    kinds_of,
    options_of,
    to_record,
)
from hitl_sim.participants.describing.inventory import WEAK, YES, Finding, find
from hitl_sim.participants.fitting.behaviour import (
    NOBODY,
    Behaviours,
    fit_behaviours,
)
from hitl_sim.participants.fitting.estimate import FittedNumber, from_scale, not_seen
from hitl_sim.participants.fitting.joint import fit_joint
from hitl_sim.participants.fitting.learning import fit_learning, mean_practice
from hitl_sim.participants.fitting.own import PRIOR as OWN_PRIOR, OwnFit, fit_own
from hitl_sim.participants.fitting.quality import (
    QualityFit,
    fill,
    fill_people,
    fit_quality,
    lay_out,
    split_marks,
)
from hitl_sim.participants.fitting.quality_model import PRIORS
from hitl_sim.participants.fitting.response_time import (
    PRIORS as TIME_PRIORS,
    SPREADS,
    ResponseTimeFit,
    effort_of,
    fit_response_times,
    skew_of,
)
from hitl_sim.participants.record import Floats, Record
from oracles.joint import JointSource
from oracles.nodes import Answering, draw_nodes
from oracles.solve import ItemSpread

Show = Callable[[str, int, int], None]

_NUMBERS = {
    "skill": (
        *("accuracy", "skill", "skill_spread", "lean_spread", "difficulty_spread"),
        *("mark_share", "criterion_spread", "skill_activity"),
    ),
    "shared error": ("shared_error",),
    "repeatability": ("repeatability",),
    "lapse": ("lapse",),
    "learning and fatigue": ("learning",),
    "abstention": ("skip share",),
    "pace": (
        *("seconds", "pace_spread", "spread", "spread_variation", "skew"),
        *("conflict", "lapse_time", "skill_pace"),
    ),
    "pauses": ("pause", "pause_spread", "wait"),
    "practice": (
        *("practice", "practice_power", "practice_spread"),
        *("drift", "memory"),
    ),
    "length": ("length",),
}
"""Numbers of a fit that stand and fall with a finding, by its first word."""


@dataclass(frozen=True)
class CrowdFit:
    """What the answers of one kind say of a crowd and its people.

    Attributes:
        origin: where the answers come from.
        kind: kind of answer.
        options: names of the options.
        num_people: people behind it.
        num_items: items.
        num_answers: answers.
        quality: fit of who is right about what.
        own: fit of second looks; None without.
        timing: fit of times; None without.
        numbers: every number with interval and evidence.
        joint: how traits go together over people, and groups of them; of labels.
    """

    origin: str
    kind: str
    options: tuple[str, ...]
    num_people: int
    num_items: int
    num_answers: int
    quality: QualityFit
    own: OwnFit | None
    timing: ResponseTimeFit | None
    numbers: tuple[FittedNumber, ...]
    joint: JointSource | None

    def number(self, name: str) -> FittedNumber:
        """Return one number by name."""
        return next(n for n in self.numbers if n.name == name)


def fit_answers(
    answers: Answers, kind: str | None = None, show: Show | None = None, seed: int = 0
) -> CrowdFit:
    """Fit a crowd to imported answers.

    Args:
        answers: an import.
        kind: kind of answer; the most frequent one if None.
        show: told what is being fitted, and how many rounds of how many are done.
        seed: of points and draws.

    Raises:
        ValueError: there is no answer of that kind, or it cannot be fitted.
    """
    kind = kinds_of(answers)[0] if kind is None else kind
    if kind == PREFERENCE:
        raise ValueError(
            f"`kind` must be one of {LABEL}, {RATING}, {MARKS} to be fitted, got "
            f"{kind!r}."
        )
    record = to_record(answers, kind)
    return fit_record(record, kind, options_of(answers, kind), show, seed)


def fit_record(
    record: Record,
    kind: str,
    options: tuple[str, ...],
    show: Show | None = None,
    seed: int = 0,
) -> CrowdFit:
    """Fit a crowd to a record.

    `show` and `seed` are those of `fit_answers`.
    """
    if not (record.answer >= 0).any():
        raise ValueError(f"{record.name}: must hold answers, got skips alone.")
    asked = split_marks(record) if kind == MARKS else record

    def shown(done: int, total: int) -> None:
        if show is not None:
            show("answers", done, total)

    behaviours = fit_behaviours(record) if kind == LABEL else NOBODY
    quality = fit_quality(asked, kind, shown, seed, behaviours)
    own = fit_own(record, quality)
    timing = None
    if record.seconds is not None:
        timing = fit_response_times(record, *expected_effort(record, quality))
        if show is not None:
            show("times", 1, 1)
    joint = fit_joint(record, options, quality, timing, behaviours)
    learning = _learning(record, quality, behaviours) if kind == LABEL else None
    numbers = _quality_numbers(record, quality, own, joint, learning)
    numbers += _skip_numbers(record)
    numbers += [*_time_numbers(timing), *_work_numbers(record, quality, timing)]
    return CrowdFit(
        origin=record.name,
        kind=kind,
        options=options,
        num_people=int(np.unique(record.person).size),
        num_items=int(np.unique(record.item).size),
        num_answers=int((record.answer >= 0).sum()),
        quality=quality,
        own=own,
        timing=timing,
        numbers=agree(numbers, find(record, kind)),
        joint=joint,
    )


def expected_effort(record: Record, fit: QualityFit) -> tuple[Floats, Floats, float]:
    """Say how hard each answer is expected to have been, given it and all others.

    Conflicts, probabilities of a guess and what is unseen, as for `fit_response_times`.
    """
    size = record.person.size
    if fit.shape.kind != LABEL:
        return np.zeros(size), np.zeros(size), 0.0
    rows, shape = fill(*lay_out(record, LABEL))
    people = fill_people(fit.people)
    place = np.nonzero((record.answer >= 0) & (record.occasion == 0))[0]
    felt, square, lapse = (
        np.asarray(part, float)[: place.size]
        for part in effort_of(shape, fit.points, fit.crowd, people, rows)
    )
    # What was not answered, or answered again, is as hard as answers are on average.
    means = (felt.mean(), lapse.mean(), square.mean() - felt.mean() ** 2)
    conflict, guess, left = (np.full(size, mean) for mean in means)
    place = place[np.argsort(record.item[place], kind="stable")]
    conflict[place], guess[place], left[place] = felt, lapse, square - felt**2
    return conflict, guess, float(left.mean())


def _learning(
    record: Record, fit: QualityFit, behaviours: Behaviours
) -> FittedNumber | None:
    """Say how skill changed with practice, in those who do no one thing."""
    if not fit.shape.has_gold:
        return None
    truth = np.maximum(record.truth[record.item], 0)
    right = _answer_shares(fit)[record.person, truth, truth]
    is_plain = np.ones(record.num_people)
    if behaviours.names:
        is_plain -= behaviours.chance.sum(axis=1)
    return fit_learning(record, right, is_plain)


def mean_accuracy(fit: QualityFit, joint: JointSource, learnt: float = 0.0) -> float:
    """Return the mean accuracy of one answer, people alike and classes as they were.

    Before they had `learnt`, utility, by which they were more skilled on average.
    """
    num_options = fit.shape.num_options
    hard = float(np.exp(fit.quality.difficulty)) if fit.shape.has_difficulty else 0.0
    nodes = draw_nodes(
        joint.build(num_options),
        num_options,
        float(fit.spread.lean),
        np.array(joint.confusion),
        np.array(joint.class_share),
        0.0,
    )
    lapse, spread = _share(float(fit.quality.lapse)), float(fit.spread.skill)
    answering = Answering(
        nodes, spread, ItemSpread(0.0, hard), lapse, 1.0 / num_options
    )
    return answering.accuracy(float(fit.quality.mean) - learnt)


def _answer_shares(fit: QualityFit) -> Floats:
    """Return how often each person gives each answer, `[A, Z, K]`, by the truth."""
    weight = np.exp(np.asarray(fit.points.log_weight))
    shares: Floats = np.exp(np.asarray(fit.table(), float)) @ weight
    return shares


def _of_crowd(
    fit: QualityFit,
    name: str,
    field: str,
    scale: Callable[[float], float] | None = None,
) -> FittedNumber:
    """Turn one of the crowd's numbers, on the scale of `PRIORS`, into a trait."""
    value = getattr(fit.quality, field)
    return from_scale(name, value, fit.sd(field), PRIORS[field], scale)


def _of_spread(fit: QualityFit, trait: str) -> FittedNumber:
    """Tell how far people differ in a trait."""
    name = f"{trait}_spread"
    log = np.log(getattr(fit.spread, trait))
    return from_scale(name, log, getattr(fit.spread_sd, trait), PRIORS[name], np.exp)


def _quality_numbers(
    record: Record,
    fit: QualityFit,
    own: OwnFit | None,
    joint: JointSource | None,
    learning: FittedNumber | None,
) -> list[FittedNumber]:
    if fit.shape.kind == MARKS:
        return _mark_numbers(fit)
    learnt = 0.0
    if learning is not None and learning.is_identified:
        learnt = learning.value * mean_practice(record)
    found = [] if joint is None else [_accuracy(record, fit, joint, learnt)]
    found += [] if learning is None else [learning]
    found += [
        _of_crowd(fit, "skill", "mean"),
        _of_spread(fit, "skill"),
        _of_spread(fit, "lean"),
        _of_crowd(fit, "lapse", "lapse", _share),
    ]
    if fit.shape.has_difficulty:
        found.append(_of_crowd(fit, "difficulty_spread", "difficulty", np.exp))
    shared = _of_crowd(fit, "shared_error", "shared", _correlates)
    if not (np.bincount(record.item[record.answer >= 0]) > 1).any():
        shared = not_seen("shared_error", "no item was answered by two people")
    again = not_seen("repeatability", "nobody answered an item twice")
    if own is not None:
        scale = partial(_correlates, factor=_share(float(fit.quality.shared)))
        again = from_scale("repeatability", own.logit, own.logit_sd, OWN_PRIOR, scale)
    return [*found, shared, again]


def _accuracy(
    record: Record, fit: QualityFit, joint: JointSource, learnt: float
) -> FittedNumber:
    """Say how often people are right, each counting the same.

    Where they have learnt, it is that of a person's tenth question. Its error is
    clustered by person and by item.
    """
    value = mean_accuracy(fit, joint, learnt)
    chosen = (record.answer >= 0) & (record.truth[record.item] >= 0)
    if not chosen.any():
        return FittedNumber("accuracy", value, np.nan, np.nan)
    right = (record.answer == record.truth[record.item])[chosen] * 1.0
    person = record.person[chosen]
    weight = 1.0 / np.bincount(person)[person]
    off = weight * (right - np.average(right, weights=weight)) / weight.sum()
    variance = -float(np.square(off).sum())
    for index in (person, record.item[chosen]):
        variance += float(np.square(np.bincount(index, weights=off)).sum())
    half = 1.96 * np.sqrt(max(variance, 0.0))
    low, high = float(max(value - half, 0.0)), float(min(value + half, 1.0))
    return FittedNumber("accuracy", value, low, high)


def _correlates(logit: float, factor: float = 1.0) -> float:
    """Turn the logit of a lambda into the noise correlation that is left by it."""
    return float(1.0 - (factor * _share(logit)) ** 2)


def _mark_numbers(fit: QualityFit) -> list[FittedNumber]:
    share = _answer_shares(fit)[:, 0, 1]
    marked = float(np.median(share))
    half = 1.96 * (float(share.std() / np.sqrt(share.size)) * 1.25)
    return [
        _of_crowd(fit, "skill", "mean"),
        _of_spread(fit, "skill"),
        FittedNumber("mark_share", marked, marked - half, marked + half),
        replace(_of_spread(fit, "lean"), name="criterion_spread"),
        not_seen("shared_error", "what all see in a part is its importance"),
    ]


def _skip_numbers(record: Record) -> list[FittedNumber]:
    share = float((record.answer < 0).mean())
    if not share:
        return [not_seen("skip share", "nobody skipped an item")]
    half = 1.96 * float(np.sqrt(share * (1.0 - share) / record.answer.size))
    return [FittedNumber("skip share", share, share - half, share + half)]


_BY_THEMSELVES = "if answers of a form vary by themselves"


def _time_numbers(timing: ResponseTimeFit | None) -> list[FittedNumber]:
    if timing is None:
        return [not_seen("seconds", "no times are recorded")]
    # The median of a typical question, practised, has its conflict in.
    weighing = float(timing.timing.conflict) * timing.conflict

    def timed(
        name: str, field: str, scale: Callable[[float], float] | None = None
    ) -> FittedNumber:
        value = getattr(timing.timing, field)
        return from_scale(name, value, timing.sd[field], TIME_PRIORS[field], scale)

    scales = {"spread_variation": lambda log: timing.fresh_variation(np.exp(log))}
    *spreads, unequal = (
        from_scale(
            name,
            np.log(sd),
            timing.sd[name],
            TIME_PRIORS[name],
            scales.get(name, np.exp),
        )
        for name, sd in zip(SPREADS, timing.spread, strict=True)
    )
    wait = timed("wait", "wait", _share)
    spread = timed("spread", "spread", timing.fresh_spread)
    if timing.is_shared:
        wait = not_seen("wait", "a form's time does not tell it from slow answers")
        note = "; ".join(n for n in (spread.note, _BY_THEMSELVES) if n)
        spread = replace(spread, note=note)
    found = [
        timed("seconds", "pace", lambda pace: float(np.exp(pace + weighing))),
        *spreads,
        spread,
        timed("skew", "skew", lambda logit: float(skew_of(jnp.float32(logit)))),
        timed("conflict", "conflict"),
        timed("length", "length"),
        timed("pause", "pause", _share),
        wait,
        timed("lapse_time", "lapse_time", np.exp),
    ]
    practised = [
        timed("practice", "practice", np.exp),
        timed("practice_power", "power", np.exp),
        unequal,
    ]
    if timing.is_ordered:
        found += practised
    else:
        found += [not_seen(n.name, "no order is recorded") for n in practised]
    if not np.isfinite(timing.drift):
        return [*found, not_seen("drift", "neighbours in time show none")]
    lags = (np.nan, np.nan, True, "from lags 1 to 5")
    slow = (("drift", timing.drift), ("memory", timing.memory))
    return found + [FittedNumber(name, value, *lags) for name, value in slow]


def _work_numbers(
    record: Record, fit: QualityFit, timing: ResponseTimeFit | None
) -> list[FittedNumber]:
    """Describe how work is dealt, and what goes with what over people."""
    work = record.work
    there = work > 0
    logs = np.log(work[there])
    found = []
    if np.ptp(work[there]) > 0:
        spread = float(logs.std(ddof=1))
        error = 1.96 / np.sqrt(2.0 * (logs.size - 1.0))
        low, high = (float(spread * np.exp(side * error)) for side in (-1, 1))
        found = [FittedNumber("activity_spread", spread, low, high)]
        found.append(_correlation("skill_activity", fit.skill[there], logs))
    if timing is not None:
        found.append(_correlation("skill_pace", fit.skill[there], timing.pace[there]))
    return found


def _correlation(name: str, first: Floats, second: Floats) -> FittedNumber:
    """Correlate over people, with Fisher's interval; shrinkage is not undone."""
    if first.size < 10 or first.std() == 0 or second.std() == 0:
        return not_seen(name, "fewer than ten people")
    value = float(np.corrcoef(first, second)[0, 1])
    centre = np.arctanh(np.clip(value, -0.999, 0.999))
    half = 1.96 / np.sqrt(first.size - 3)
    low, high = float(np.tanh(centre - half)), float(np.tanh(centre + half))
    is_seen = low > 0.0 or high < 0.0
    note = "" if is_seen else "0 is inside"
    return FittedNumber(name, value, low, high, is_seen, note)


def _share(logit: float) -> float:
    return float(1.0 / (1.0 + np.exp(-float(logit))))


def agree(
    numbers: Sequence[FittedNumber], findings: Sequence[Finding]
) -> tuple[FittedNumber, ...]:
    """Let no number of a fit say more than what the answers can identify.

    Returns:
        The numbers: not identified where there is too little to identify them, and
        weakly where there is little; with the reason.
    """
    by_number = {
        name: finding
        for finding in findings
        for what, names in _NUMBERS.items()
        for name in names
        if finding.what.split(", ")[0] == what
    }
    return tuple(_agreed(n, by_number.get(n.name)) for n in numbers)


def _agreed(number: FittedNumber, finding: Finding | None) -> FittedNumber:
    if finding is None or finding.is_identified == YES or not number.is_identified:
        return number
    is_weak = finding.is_identified == WEAK
    note = "; ".join(text for text in (number.note, finding.why) if text)
    return replace(number, is_identified=is_weak, is_weak=is_weak, note=note)
