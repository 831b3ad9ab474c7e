"""How fitted traits go together over people, and groups that stand for them.

What a fit knows of a person is a normal around their standardised traits. The
correlations of the traits are those of the people behind it, not of the shrunk
estimates: they are found by expectation maximisation, drawn to independence by as much
as twelve more people without any would. People are then put into groups of at least
`LEAST_GROUP` who lie near each other (MDAV); a group's mean takes its people's place,
and their spread around it, with what is not known of them, is noise.

References:
    Dempster, Laird, Rubin (1977), Maximum likelihood from incomplete data via the EM
    algorithm, JRSS B 39(1), 1-38.
    Domingo-Ferrer, Torra (2005), Ordinal, continuous and heterogeneous k-anonymity
    through microaggregation, Data Mining and Knowledge Discovery 11, 195-212: MDAV.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import numpy as np

from hitl_sim.participants.answers import LABEL
from hitl_sim.participants.fitting.behaviour import CONSTANT, Behaviours, utilities
from hitl_sim.participants.fitting.quality import QualityFit, lay_out
from hitl_sim.participants.fitting.quality_model import confusion_matrix
from hitl_sim.participants.fitting.response_time import (
    PersonTraits,
    ResponseTimeFit,
)
from hitl_sim.participants.record import Floats, Ints, Record
from oracles.joint import Behaviour, JointSource

LEAST_GROUP = 5
"""People that a group stands for, at least; nobody can be told from four others."""

_MOST_GROUPS = 64
_ROUNDS = 40
_MOST_PEOPLE = 2000
_FREEDOM = 12.0
"""People without correlations that the prior of correlations counts as; assumed."""
_EXACT = 1e4
"""Precision of what is known, against the unit variance over people."""
_DIGITS = 4


class Known(NamedTuple):
    """What is known of one standardised trait: `[A]` estimates and their precision.

    Estimates are as the answers alone would have them, without any shrinkage.
    """

    value: Floats
    precision: Floats


@dataclass(frozen=True)
class People:
    """Standardised traits of people, as they go together.

    Attributes:
        correlation: `[D, D]` of the traits.
        mean: `[A, D]` what is best believed of each person.
        noise: `[D, D]` mean covariance of what is not known of a person.
    """

    correlation: Floats
    mean: Floats
    noise: Floats


def fit_joint(
    record: Record,
    options: tuple[str, ...],
    quality: QualityFit,
    timing: ResponseTimeFit | None,
    behaviours: Behaviours,
) -> JointSource | None:
    """Fit how traits go together; None of what is no label, or of too few people.

    `behaviours` are the kinds of people of the record; traits are those of the rest.
    """
    shape = quality.shape
    if shape.kind != LABEL:
        return None
    there = np.nonzero((record.work > 0) & (behaviours.of_person < 0))[0]
    if there.size < 2:
        return None
    known = _known(record, quality, timing, there)
    rest = {n: Known(k.value[there], k.precision[there]) for n, k in known.items()}
    people = together(rest)
    joint = JointSource(
        options=options,
        class_share=_rounded(_class_share(record, quality)),
        confusion=_rows(
            np.asarray(confusion_matrix(shape, quality.quality.confusion), float)
        ),
        traits=tuple(known),
        correlation=_rows(people.correlation),
        source=record.name,
        behaviour=tuple(_behaviours(options, known, behaviours)),
    )
    size = max(LEAST_GROUP, -(-there.size // _MOST_GROUPS))
    group = gather(people.mean, size)
    if group.max() < 1:
        return joint
    return _with_groups(joint, people, group)


def _behaviours(
    options: tuple[str, ...],
    known: Mapping[str, Known],
    found: Behaviours,
) -> Iterator[Behaviour]:
    """Say where kinds of people lie among the traits of the rest.

    What they answer is fixed. How busy and how quick they are is like their people's,
    as far as so few tell: each kind counts two people of the rest more.
    """
    by_kind = utilities(found, len(options))
    for place, (skill, lean) in enumerate(by_kind):
        name, chance = found.names[place], found.chance[:, place]
        if name == CONSTANT:
            name = f"always {options[found.options[place]]!r}"
        traits = {"skill": skill}
        traits |= {f"lean {i + 1}": float(value) for i, value in enumerate(lean)}
        centre = {
            n: traits[n]
            if n in traits
            else float(chance @ k.value / (chance.sum() + 2.0))
            for n, k in known.items()
        }
        yield Behaviour(
            name,
            round(found.weight[place], _DIGITS),
            _rounded(np.array(list(centre.values()))),
            tuple(float(n not in traits) for n in known),
        )


def _with_groups(joint: JointSource, people: People, group: Ints) -> JointSource:
    """Put groups of people beside the normal law."""
    count = np.bincount(group) * 1.0
    centre = np.stack(
        [np.bincount(group, column) / count for column in people.mean.T], axis=1
    )
    off = people.mean - centre[group]
    within = people.noise + off.T @ off / off.shape[0]
    weighed = np.concatenate([count[:, None] / count.sum(), centre], axis=1)
    largest_first = weighed[np.argsort(-count, kind="stable")]
    return replace(joint, people=_rows(largest_first), noise=_rows(within))


def together(known: Mapping[str, Known]) -> People:
    """Find correlations of traits and, given these, each person's.

    Args:
        known: of each trait, of people standardised to mean 0 and variance 1.
    """
    value = np.stack([k.value for k in known.values()], axis=1)
    precision = np.stack([k.precision for k in known.values()], axis=1)
    size = value.shape[1]
    few = np.random.default_rng(0).permutation(value.shape[0])[:_MOST_PEOPLE]
    correlation = np.eye(size)
    for _ in range(_ROUNDS):
        mean, doubt = _posterior(correlation, value[few], precision[few])
        total = mean.T @ mean + doubt.sum(axis=0) + _FREEDOM * np.eye(size)
        sd = np.sqrt(np.diag(total))
        correlation = total / np.outer(sd, sd)
    mean, doubt = _posterior(correlation, value, precision)
    return People(correlation, mean, doubt.mean(axis=0))


def _posterior(
    correlation: Floats, value: Floats, precision: Floats
) -> tuple[Floats, Floats]:
    """Return means `[A, D]` and covariances `[A, D, D]` of people's traits."""
    size = correlation.shape[0]
    whole = np.linalg.inv(correlation)[None] + precision[:, :, None] * np.eye(size)
    doubt = np.linalg.inv(whole)
    mean = (doubt @ (precision * value)[:, :, None])[:, :, 0]
    return np.asarray(mean, float), np.asarray(doubt, float)


def gather(people: Floats, size: int) -> Ints:
    """Put people into groups of those near each other, `[A]` numbers of groups.

    The two who lie farthest apart from the middle and from each other each gather the
    nearest, until fewer than two groups are left. Groups have `size` people and, with
    who is left over, at most twice as many less one.

    Args:
        people: `[A, D]` where they lie.
        size: least people of a group.
    """
    group = np.full(people.shape[0], -1)
    left = np.arange(people.shape[0])
    number = 0
    while left.size >= 2 * size:
        far = left[_distance(people, left, people[left].mean(axis=0)).argmax()]
        seeds = [far]
        if left.size >= 3 * size:
            seeds.append(left[_distance(people, left, people[far]).argmax()])
        for seed in seeds:
            near = np.argsort(_distance(people, left, people[seed]), kind="stable")
            group[left[near[:size]]] = number
            left, number = np.delete(left, near[:size]), number + 1
    group[left] = number
    return group


def _distance(people: Floats, chosen: Ints, centre: Floats) -> Floats:
    distance: Floats = np.square(people[chosen] - centre).sum(axis=1)
    return distance


def _known(
    record: Record, quality: QualityFit, timing: ResponseTimeFit | None, rest: Ints
) -> dict[str, Known]:
    """Return what is known of every trait, `[A]`; `rest` have activity 0 on average."""
    spread, at = quality.spread, quality.quality
    found = {
        "skill": _unshrunk(
            np.asarray(at.skill, float), quality.skill_sd / float(spread.skill)
        )
    }
    if timing is not None:
        traits = zip(
            PersonTraits._fields, timing.timing.person, timing.person_sd, strict=True
        )
        for name, value, sd in traits:
            found[name] = _unshrunk(np.asarray(value, float), np.asarray(sd, float))
    work = record.work * 1.0
    logs = np.log(np.maximum(work, 1.0))
    if np.ptp(work[work > 0]) > 0.0:
        standard = (logs - logs[rest].mean()) / logs[work > 0].std(ddof=1)
        found["activity"] = Known(standard, np.full(work.size, _EXACT))
    lean, lean_sd = np.asarray(at.lean, float), quality.lean_sd / float(spread.lean)
    for place in range(lean.shape[1]):
        found[f"lean {place + 1}"] = _unshrunk(lean[:, place], lean_sd[:, place])
    return found


def _unshrunk(value: Floats, sd: Floats) -> Known:
    """Undo the shrinkage of estimates towards 0 by a standard normal."""
    left = np.clip(np.square(sd), 1.0 / _EXACT, 1.0 - 1e-3)
    return Known(value / (1.0 - left), 1.0 / left - 1.0)


def _class_share(record: Record, quality: QualityFit) -> Floats:
    """Return how often each class was right, among the answers."""
    if not quality.shape.has_gold:
        return np.asarray(jax.nn.softmax(quality.quality.classes), float)
    rows, _ = lay_out(record, LABEL)
    truth = np.asarray(rows.truth)[np.asarray(rows.item)]
    count = np.bincount(truth, minlength=quality.shape.num_options)
    return np.asarray(count / count.sum())


def _rounded(values: Floats) -> tuple[float, ...]:
    # 0 and not -0
    return tuple(round(float(v), _DIGITS) + 0.0 for v in values)


def _rows(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(map(_rounded, matrix))
