"""Fit the numbers of a crowd and of its people to their answers.

People are shrunk towards the crowd: their skill and leanings are maxima of the
posterior, the standard deviations over people those of its Laplace approximation, by
the fixed point of MacKay. What all people share of an item is integrated out
(`quality_model`). Standard errors are those of the inverse curvature, people taken out
block by block; the curvature of a person's block is exact (Louis).

References:
    MacKay (1992), Bayesian interpolation, Neural Computation 4(3), 415-447: the fixed
    point for scales.
    Louis (1982), Finding the observed information matrix when using the EM algorithm,
    JRSS B 44(2), 226-233.
    Tierney, Kadane (1986), Accurate approximations for posterior moments and marginal
    densities, JASA 81, 82-86: the Laplace approximation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, cg

from hitl_sim.participants.answers import LABEL, MARKS
from hitl_sim.participants.fitting import estimate, quality_model as model
from hitl_sim.participants.fitting.behaviour import NOBODY, Behaviours, utilities
from hitl_sim.participants.fitting.estimate import Loss, Prior
from hitl_sim.participants.fitting.padding import leaf, pad, padded_size
from hitl_sim.participants.fitting.quality_model import (
    GLOBALS,
    PRIORS,
    Points,
    Quality,
    Rows,
    Shape,
    Traits,
)
from hitl_sim.participants.record import Floats, Record, starts
from oracles.parameter import check_choice

MAX_ROWS = 60_000
"""Of more answers the crowd's numbers are fitted to items drawn at random, up to this
many answers; every person is fitted to all of theirs."""

_BUDGET = 2**21
_MOST_POINTS, _LEAST_POINTS = 256, 32
_BRIDGE_POINTS = 96
_ROUNDS, _STEPS = 8, 12
_NEWTON_STEPS = 3
_CG_STEPS, _CG_ERROR, _MOST_SOLVED = 20, 1e-3, 12
# Standard error of the traits of those who behave in a fixed way.
_CERTAIN = 1e-3
_MANY_PEOPLE, _MANY_PAIRS, _FEW_PAIRS = 60, 4, 2

Show = Callable[[int, int], None]


@dataclass(frozen=True)
class QualityFit:
    """What answers say of a crowd.

    Attributes:
        shape: of the data.
        quality: maximum of the posterior.
        spread: standard deviations over people.
        covariance: `[G, G]` of the crowd's numbers in the order of `GLOBALS`.
        spread_sd: standard errors of the logs of the spreads, in their order.
        skill_sd: `[A]` standard errors of people's skills.
        lean_sd: `[A, J]` standard errors of people's leanings.
        points: of the integration.
        num_rows: answers that the crowd's numbers were fitted to.
        num_rest: answers of people who do not behave in a fixed way.
    """

    shape: Shape
    quality: Quality
    spread: Traits
    covariance: Floats
    spread_sd: Traits
    skill_sd: Floats
    lean_sd: Floats
    points: Points
    num_rows: int
    num_rest: int

    @property
    def people(self) -> Traits:
        """Skill and leanings of each person."""
        return model.people_of(self.quality, self.spread)

    @property
    def skill(self) -> Floats:
        """Skill of each person, `[A]`."""
        return np.asarray(self.people.skill, float)

    @property
    def lean(self) -> Floats:
        """Leanings of each person, `[A, J]`."""
        return np.asarray(self.people.lean, float)

    def table(self) -> Float[Array, "A Z K R"]:
        """Return log P(answer | person, truth, point); see `log_table`."""
        size = padded_size(self.shape.num_people)
        shape = self.shape._replace(num_people=size, num_items=0)
        crowd, people = self.crowd, fill_people(self.people)
        found: Array = _table(shape, self.points, crowd, people)
        return found[: self.shape.num_people]

    @property
    def crowd(self) -> Quality:
        """The numbers of the crowd alone."""
        none = leaf(np.zeros(0))
        return self.quality._replace(skill=none, lean=none)

    def sd(self, name: str) -> Floats:
        """Return the standard errors of one of the crowd's numbers."""
        check_choice("name", name, GLOBALS)
        shapes = [np.shape(getattr(self.quality, other)) for other in GLOBALS]
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
        sds = np.split(np.sqrt(np.diag(self.covariance)), ends[:-1])
        place = GLOBALS.index(name)
        return sds[place].reshape(shapes[place])


def fit_quality(
    record: Record,
    kind: str,
    show: Show | None = None,
    seed: int = 0,
    behaviours: Behaviours = NOBODY,
) -> QualityFit:
    """Fit a crowd to its answers.

    Args:
        record: answers; of marks one row per part, see `split_marks`.
        kind: label, rating or marks.
        show: told how many rounds of how many are done.
        seed: of the points, and of the items drawn where there are too many.
        behaviours: kinds of people; the crowd's numbers are those of the rest.

    Returns:
        The fit; numbers that the answers do not identify keep their prior.
    """
    rows, shape = lay_out(record, kind, behaviours)
    part, part_shape = _take_items(rows, shape, seed)
    points = points_for(part_shape, part.answer.shape[0], seed)
    few, few_shape = fill(part, part_shape)
    quality = model.start_values(few_shape)
    spread = Traits(*(leaf(np.exp(PRIORS[f"{n}_spread"].mean)) for n in Traits._fields))
    loss, signs = _loss_of(few_shape), _draw_signs(part_shape, few_shape, seed)
    width = leaf(np.full((few_shape.num_people, 1 + shape.num_leans), 0.5))

    def settle(quality: Quality, spread: Traits, width: Any) -> Quality:
        at = (spread, width, points, few)
        found: Quality = estimate.minimise(loss, quality, _STEPS, *at, over=signs)
        return found

    for turn in range(_ROUNDS):
        quality = settle(quality, spread, width)
        found = _information(few_shape, points, quality, spread, few)
        traits = _traits(quality, spread, found)
        spread = Traits(*(estimate.respread(*trait) for trait in traits))
        skill_h, lean_h = _curvatures(spread, found)
        curvature = np.concatenate([skill_h[:, None], lean_h], axis=1)
        width = leaf(1.0 / np.sqrt(curvature))
        if show is not None:
            show(turn + 1, _ROUNDS)
    quality = settle(quality, spread, width)
    info = _information(few_shape, points, quality, spread, few)
    slope = estimate.Slope(loss, quality, spread, width, points, few, over=signs)
    block = _curvatures(spread, info)
    by_crowd, by_people, answered = _curvature(few_shape, slope, quality, block)
    whole = by_crowd - by_people @ answered.T
    covariance = estimate.inverse_curvature(whole, PRIORS.values())
    every_shape = few_shape
    if part_shape != shape:
        every, every_shape = fill(rows, shape)
        quality, info = _all_people(every_shape, points, quality, spread, every)
    doubts = (
        leaf(estimate.spread_error(prior, u, h))
        for prior, _, u, h in _traits(quality, spread, info)
    )
    spread_sd = Traits(*doubts)
    skill_sd, lean_sd = _people_error(
        every_shape, quality, spread, spread_sd, info, covariance, answered
    )
    there = slice(shape.num_people)
    quality = quality._replace(skill=quality.skill[there], lean=quality.lean[there])
    errors = (skill_sd[there], lean_sd[there])
    known = (quality, spread, covariance, spread_sd, *errors, points)
    sizes = (int(one.answer.shape[0]) for one in (part, rows))
    fitted = QualityFit(shape, *known, *sizes)
    return _settle(fitted, behaviours)


_table = jax.jit(model.log_table, static_argnums=0)


def _settle(fit: QualityFit, behaviours: Behaviours) -> QualityFit:
    """Give people who behave in a fixed way the traits that make them do so."""
    if not behaviours.names:
        return fit
    of_person = behaviours.of_person
    skill, lean = (np.array(part, float) for part in (fit.skill, fit.lean))
    skill_sd, lean_sd = fit.skill_sd.copy(), fit.lean_sd.copy()
    for place, traits in enumerate(utilities(behaviours, fit.shape.num_options)):
        whose = of_person == place
        skill[whose], lean[whose] = traits
        skill_sd[whose] = lean_sd[whose] = _CERTAIN
    quality = fit.quality._replace(
        skill=leaf((skill - float(fit.quality.mean)) / float(fit.spread.skill)),
        lean=leaf(lean / float(fit.spread.lean)),
    )
    return replace(fit, quality=quality, skill_sd=skill_sd, lean_sd=lean_sd)


def lay_out(
    record: Record, kind: str, behaviours: Behaviours = NOBODY
) -> tuple[Rows, Shape]:
    """Sort first looks by item; those of people who behave in a fixed way stay out."""
    chosen = (record.answer >= 0) & (record.occasion == 0)
    if behaviours.names:
        chosen &= behaviours.of_person[record.person] < 0
    rows = np.nonzero(chosen)[0]
    rows = rows[np.argsort(record.item[rows], kind="stable")]
    has_gold = kind == MARKS or bool((record.truth[record.item[rows]] >= 0).all())
    sizes = (record.num_options, record.num_people, record.num_items)
    shape = Shape(kind, *sizes, has_gold=has_gold)
    truth = np.where(record.truth < 0, 0 if has_gold else -1, record.truth)
    columns = (record.person[rows], record.item[rows], record.answer[rows], truth)
    return Rows(*(leaf(column, np.int32) for column in columns)), shape


def fill(rows: Rows, shape: Shape) -> tuple[Rows, Shape]:
    """Fill rows, people and items up to sizes that many records share (`padding`)."""
    many = shape._replace(
        num_people=padded_size(shape.num_people), num_items=padded_size(shape.num_items)
    )
    size = padded_size(rows.answer.shape[0])
    filled = Rows(
        person=pad(rows.person, size, many.num_people),
        item=pad(rows.item, size, many.num_items),
        answer=pad(rows.answer, size),
        truth=pad(rows.truth, many.num_items, 0 if shape.has_gold else -1),
    )
    return filled, many


def fill_people(people: Traits) -> Traits:
    """Fill traits of people up as `fill` does their number."""
    size = padded_size(np.shape(people.skill)[0])
    return Traits(*(pad(trait, size) for trait in people))


def split_marks(record: Record) -> Record:
    """Turn marks into one row per part: marked or not."""
    if record.marks is None or record.num_parts is None:
        raise ValueError(f"`record` must hold marks, got {record.name} without.")
    row, part = np.nonzero(
        np.arange(record.marks.shape[1])[None, :]
        < record.num_parts[record.item][:, None]
    )
    kept = record.answer[row] >= 0
    row, part = row[kept], part[kept]
    start = starts(record.num_parts)
    num_items = int(record.num_parts.sum())
    return Record(
        name=record.name,
        num_options=2,
        person=record.person[row],
        item=start[record.item[row]] + part,
        occasion=record.occasion[row],
        answer=record.marks[row, part].astype(np.int64),
        truth=np.zeros(num_items, np.int64),
        size=np.ones(num_items),
    )


def points_for(shape: Shape, num_rows: int, seed: int) -> Points:
    """Choose the points of the integration: as many as the budget allows."""
    if shape.kind == MARKS:
        return model.normal_points(_BRIDGE_POINTS)
    if shape.kind != LABEL or shape.num_options == 2:
        return model.bridge_points(_BRIDGE_POINTS)
    truths = 1 if shape.has_gold else shape.num_options
    cells = max(num_rows * truths, shape.num_people * shape.num_options**2)
    wanted = np.clip(_BUDGET / cells, _LEAST_POINTS, _MOST_POINTS)
    return model.stable_points(2 ** int(np.log2(wanted)), shape.num_options, seed)


@lru_cache(maxsize=64)
def _loss_of(shape: Shape) -> Loss:
    """Return the loss of a shape: minus the log posterior, a step away from people.

    At people's best estimates alone the crowd's numbers would run to a boundary, as
    the scale of latents does: where lambda_shared is small, people are known better
    than they are. Pairs of points one standard deviation to either side of every
    person, signs drawn at random, put the missing determinant in its place: over them
    the second-order terms of the average are exact but for products of two traits,
    which cancel on average. The loss takes one of these points last: `[A, 1 + J]`
    signs, of steps as wide as the posterior of standardised traits.
    """

    def loss(
        quality: Quality,
        spread: Traits,
        width: Float[Array, "A T"],
        points: Points,
        rows: Rows,
        sign: Float[Array, "A T"],
    ) -> Array:
        shift = sign * width
        moved = quality._replace(
            skill=quality.skill + shift[:, 0], lean=quality.lean + shift[:, 1:]
        )
        return model.negative_log_posterior(moved, spread, shape, points, rows)

    return loss


def _draw_signs(shape: Shape, filled: Shape, seed: int) -> list[Floats]:
    """Draw signs of steps away from people, in antithetic pairs; 0 fills people up."""
    pairs = _FEW_PAIRS if shape.num_people >= _MANY_PEOPLE else _MANY_PAIRS
    traits = (shape.num_people, 1 + shape.num_leans)
    drawn = np.random.default_rng(seed).choice([-1.0, 1.0], (pairs, *traits))
    return [leaf(pad(one, filled.num_people)) for one in (*drawn, *-drawn)]


def _take_items(rows: Rows, shape: Shape, seed: int) -> tuple[Rows, Shape]:
    """Take items at random until there are `MAX_ROWS` answers; people keep numbers."""
    total = rows.answer.shape[0]
    if total <= MAX_ROWS:
        return rows, shape
    item = np.asarray(rows.item)
    order = np.random.default_rng(seed).permutation(shape.num_items)
    count = np.bincount(item, minlength=shape.num_items)
    chosen = np.sort(order[: np.searchsorted(np.cumsum(count[order]), MAX_ROWS)])
    number = np.full(shape.num_items, -1)
    number[chosen] = np.arange(chosen.size)
    kept = np.nonzero(number[item] >= 0)[0]
    part = Rows(
        person=rows.person[kept],
        item=leaf(number[item[kept]], np.int32),
        answer=rows.answer[kept],
        truth=rows.truth[chosen],
    )
    return part, shape._replace(num_items=chosen.size)


def _information(
    shape: Shape, points: Points, quality: Quality, spread: Traits, rows: Rows
) -> Traits:
    """Return the observed information on each person's skill and leanings (Louis)."""
    found: Traits = _slopes_of(shape, points, quality, spread, rows)[1]
    return found


@partial(jax.jit, static_argnums=0)
def _slopes_of(
    shape: Shape, points: Points, quality: Quality, spread: Traits, rows: Rows
) -> tuple[Traits, Traits]:
    return _slopes(shape, points, quality, spread, rows)


def _slopes(
    shape: Shape, points: Points, quality: Quality, spread: Traits, rows: Rows
) -> tuple[Traits, Traits]:
    """Return slope and information of the likelihood in every trait of a person."""
    skill, lean = people = model.people_of(quality, spread)
    chances = model.log_chances(shape, points, quality, people, rows)
    evidence = model.item_evidence(shape, points, chances, rows, quality.classes)
    weight = model.at_rows(jax.nn.softmax(evidence, axis=1), rows.item)

    def of_trait(column: Array) -> tuple[Array, Array]:
        # Column 0 is skill, the others are leanings.
        def moved(shift: Array) -> Array:
            leaned = lean + shift * (jnp.arange(shape.num_leans) == column - 1)[None, :]
            people = Traits(skill + shift * (column == 0), leaned)
            return model.log_chances(shape, points, quality, people, rows)

        def slope_at(shift: Array) -> Array:
            change: Array = jax.jvp(moved, (shift,), (1.0,))[1]
            return change

        first, second = jax.jvp(slope_at, (0.0,), (1.0,))
        mean = jnp.sum(weight * first, axis=1)
        spare = jnp.sum(weight * first**2, axis=1) - mean**2
        known = -jnp.sum(weight * second, axis=1) - spare
        add = partial(jax.ops.segment_sum, num_segments=shape.num_people)
        return add(mean, rows.person), add(known, rows.person)

    slopes, infos = jax.lax.map(of_trait, jnp.arange(1 + shape.num_leans))
    infos = jnp.maximum(infos, 0.0)
    return Traits(slopes[0], slopes[1:].T), Traits(infos[0], infos[1:].T)


def _curvatures(spread: Traits, info: Traits) -> Traits:
    """Return the curvature of the log posterior in standardised traits."""
    both = zip(spread, info, strict=True)
    return Traits(*(1.0 + np.square(sd) * np.asarray(known) for sd, known in both))


def _traits(
    quality: Quality, spread: Traits, info: Traits
) -> Iterator[tuple[Prior, Any, Any, Any]]:
    """Yield prior of the spread, spread, deviations and curvatures of every trait."""
    priors = (PRIORS[f"{name}_spread"] for name in Traits._fields)
    deviations = (quality.skill, quality.lean)
    return zip(priors, spread, deviations, _curvatures(spread, info), strict=True)


def _curvature(
    shape: Shape, slope: estimate.Slope, quality: Quality, block: Traits
) -> tuple[Floats, Floats, Floats]:
    """Return the curvature in the crowd's numbers, across to people's, and solved.

    The last is how far people's standardised traits, `[G, A (1 + J)]`, fall when a
    number of the crowd rises. People are coupled by the items that they share, so this
    is solved by conjugate gradients, preconditioned by each trait's curvature, `block`.
    """
    sizes = [np.size(getattr(quality, name)) for name in GLOBALS]
    ends = np.cumsum(sizes)
    diagonal = estimate.lay_flat(block)

    def along(crowd: Floats, people: Any) -> tuple[Floats, Floats]:
        bent = slope.bend(slope.start, np.concatenate([crowd, people]))
        return bent[: ends[-1]], bent[ends[-1] :]

    nobody, nothing = np.zeros(diagonal.size), np.zeros(ends[-1])
    crowd, at = np.eye(ends[-1]), GLOBALS.index("confusion")
    by_crowd = np.zeros(crowd.shape)
    by_people = np.zeros((ends[-1], diagonal.size))
    is_large = shape.num_confusions > _MOST_SOLVED
    together = np.zeros(ends[-1], bool)
    together[ends[at] - sizes[at] : ends[at]] = is_large and shape.has_gold
    for row in np.nonzero(~together)[0]:
        by_crowd[row], by_people[row] = along(crowd[row], nobody)
    if together.any():
        # No item has two right options, so rows of the confusion never meet, and each
        # entry touches so few answers that people hardly answer to it.
        by_crowd[together] = by_crowd[:, together].T
        laid = np.nonzero(together)[0].reshape(shape.num_options, -1)
        for entry in laid.T:
            bent, _ = along(crowd[entry].sum(axis=0), nobody)
            by_crowd[laid, entry[:, None]] = bent[laid]
    bend = LinearOperator(
        (diagonal.size,) * 2, matvec=lambda people: along(nothing, people)[1]
    )
    weigh = LinearOperator((diagonal.size,) * 2, matvec=lambda rest: rest / diagonal)
    answered = by_people / diagonal
    # Of a large confusion blocks alone will do.
    num_solved = 4 if is_large else by_people.shape[0]
    for number in range(num_solved):
        column, guess = by_people[number], answered[number]
        answered[number] = cg(
            bend, column, guess, rtol=_CG_ERROR, maxiter=_CG_STEPS, M=weigh
        )[0]
    return by_crowd, by_people, answered


def _people_error(
    shape: Shape,
    quality: Quality,
    spread: Traits,
    spread_sd: Traits,
    info: Traits,
    covariance: Floats,
    answered: Floats,
) -> tuple[Floats, Floats]:
    """Return standard errors of people's traits, that of the crowd's numbers included.

    A trait's variance is that of its own block, at the mean of the squared spread, plus
    what doubt of the spread and the crowd's numbers pass on: skill moves with their
    mean, and every trait answers to all of them.
    """
    sizes = (shape.num_people, shape.num_people * shape.num_leans)
    scale = np.repeat(np.asarray(spread, float), sizes)
    doubt = np.repeat(np.asarray(spread_sd, float), sizes)
    deviation = scale * estimate.lay_flat([quality.skill, quality.lean])
    known = estimate.lay_flat(info)
    wide = np.square(scale * np.exp(doubt**2))
    own = wide / (1.0 + wide * known)
    own += np.square(2.0 * deviation * doubt / (1.0 + scale**2 * known))
    moved = -answered * scale
    moved[0, : sizes[0]] += 1.0
    from_crowd = np.einsum("gp,gh,hp->p", moved, covariance, moved)
    sd = np.sqrt(own + np.maximum(from_crowd, 0.0))
    return sd[: sizes[0]], sd[sizes[0] :].reshape(shape.num_people, -1)


def _all_people(
    shape: Shape, points: Points, quality: Quality, spread: Traits, rows: Rows
) -> tuple[Quality, Traits]:
    """Fit every person to all answers, the crowd's numbers being settled."""
    for _ in range(_NEWTON_STEPS):
        slopes, info = _slopes_of(shape, points, quality, spread, rows)
        skill_h, lean_h = _curvatures(spread, info)
        quality = quality._replace(
            skill=quality.skill + (spread.skill * slopes[0] - quality.skill) / skill_h,
            lean=quality.lean + (spread.lean * slopes[1] - quality.lean) / lean_h,
        )
    return quality, _slopes_of(shape, points, quality, spread, rows)[1]
