"""The likelihood of answers: who says what of which item, persistent parts integrated.

```
label:  U[k] = skill_a 1[k = z] + C[z, k] + lean_a[k] + G[k], less d_i at the truth
rating: U[1] - U[0] = skill_a place(z) + lean_a + G[1] - G[0], cut at thresholds
marks:  U[1] - U[0] = skill_a w_i - lean_a + G[1] - G[0], w_i normal over parts
```
G is the noise of `oracles.utility`: given what all people share of an item an answer is
a softmax of temperature lambda_shared, a person's own part being integrated out by the
same closed form. Where gold is unknown, the truth is summed over too.

Persistent parts and their scale must not be estimated side by side: the joint maximum
runs to the boundary. The shared part is integrated out instead, by points that are the
same in every step, so that the likelihood is a smooth function of lambda_shared:

- With two options only the difference of the shared parts counts. With logistic noise
  it has the bridge distribution, whose quantiles are closed: D = log sin(l pi u) -
  log sin(l pi (1 - u)). Points are even on the logit scale of u, the trapezoid rule.
- With more, points are quasi-random draws of the positive stable parts, and of a normal
  difficulty.

References:
    Wang, Louis (2003), Matching conditional and marginal shapes in binary random
    intercept models using a bridge distribution function, Biometrika 90(4), 765-775.
    Gourieroux, Monfort (1996), Simulation-based econometric methods, chapter 2:
    simulated maximum likelihood with fixed draws.
    Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity
    14(4), 466-489.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.stats import norm, qmc

from hitl_sim.participants.answers import LABEL, MARKS, RATING
from hitl_sim.participants.fitting.estimate import Prior
from oracles.joint import lean_basis
from oracles.utility import scaled_log_stable

_REACH = 10.0
_NORMAL_REACH = 5.0
_EDGE = 1e-6


class Points(NamedTuple):
    """Fixed draws behind what all people see in an item.

    Attributes:
        log_weight: `[R]` log probability of each.
        angle: `[R, K]` uniforms of the stable parts; `[R, 1]` logits of the uniforms
            of the bridge where there are two options.
        energy: `[R, K]` exponentials of the stable parts; empty for the bridge.
        normal: `[R]` standard normal difficulty, or importance; zeros for the bridge.
    """

    log_weight: Float[Array, "R"]
    angle: Float[Array, "R J"]
    energy: Float[Array, "R J"]
    normal: Float[Array, "R"]


def bridge_points(num_points: int) -> Points:
    """Lay out points for two options."""
    logit = jnp.linspace(-_REACH, _REACH, num_points)
    density = jax.nn.log_sigmoid(logit) + jax.nn.log_sigmoid(-logit)
    nothing = (jnp.zeros((num_points, 0)), jnp.zeros(num_points))
    return Points(jax.nn.log_softmax(density), logit[:, None], *nothing)


def normal_points(num_points: int) -> Points:
    """Lay out points of a standard normal item."""
    normal = jnp.linspace(-_NORMAL_REACH, _NORMAL_REACH, num_points)
    log_weight = jax.nn.log_softmax(-0.5 * jnp.square(normal))
    nothing = (jnp.zeros((num_points, 1)), jnp.zeros((num_points, 0)))
    return Points(log_weight, *nothing, normal)


def stable_points(num_points: int, num_options: int, seed: int = 0) -> Points:
    """Lay out quasi-random points for more than two options.

    Args:
        num_points: a power of two.
        num_options: K.
        seed: of the scrambling.
    """
    dimensions = 2 * num_options + 1
    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    uniform = np.clip(sequence.random(num_points), _EDGE, 1.0 - _EDGE)
    return Points(
        log_weight=jnp.full(num_points, -np.log(num_points), jnp.float32),
        angle=jnp.asarray(uniform[:, :num_options], jnp.float32),
        energy=jnp.asarray(-np.log(uniform[:, num_options:-1]), jnp.float32),
        normal=jnp.asarray(norm.ppf(uniform[:, -1]), jnp.float32),
    )


def few_points(points: Points, most: int) -> Points:
    """Keep the first of many quasi-random points; a grid stays whole."""
    if not points.energy.shape[1] or points.log_weight.size <= most:
        return points
    kept: Points = jax.tree.map(lambda leaf: leaf[:most], points)
    return kept._replace(log_weight=jax.nn.log_softmax(kept.log_weight))


def shared_part(points: Points, shared: Float[Array, ""]) -> Float[Array, "R K"]:
    """Return what the shared noise adds to every option at every point.

    Returns:
        Utilities; of two options the first has 0.
    """
    if points.energy.shape[1]:
        return scaled_log_stable(
            jnp.broadcast_to(shared, points.angle.shape), points.angle, points.energy
        )
    logit = points.angle[:, 0]
    half_turn = shared * jnp.pi
    above = jnp.log(jnp.sin(half_turn * jax.nn.sigmoid(logit)))
    below = jnp.log(jnp.sin(half_turn * jax.nn.sigmoid(-logit)))
    return jnp.stack([jnp.zeros_like(logit), above - below], axis=1)


class Shape(NamedTuple):
    """What decides the program, all static.

    Attributes:
        kind: label, rating or marks.
        num_options: K.
        num_people: A.
        num_items: N.
        has_gold: whether every item's truth is known.
    """

    kind: str
    num_options: int
    num_people: int
    num_items: int
    has_gold: bool

    @property
    def num_leans(self) -> int:
        """Leanings of a person: as many as there are differences of options."""
        return self.num_options - 1 if self.kind == LABEL else 1

    @property
    def has_difficulty(self) -> bool:
        """Whether difficulty can be told from what people share: three options."""
        return self.kind == LABEL and self.num_options > 2

    @property
    def num_confusions(self) -> int:
        """Free numbers of the crowd's confusion, or thresholds of a rating."""
        k = self.num_options
        if self.kind == RATING:
            return k - 1
        if self.kind == MARKS:
            return 1
        return 1 if k == 2 else k * (k - 1)


class Rows(NamedTuple):
    """Answers, sorted by item, with who is asked and what is right.

    Attributes:
        person: `[L]`.
        item: `[L]`.
        answer: `[L]`.
        truth: `[N]` right option, -1 where it is unknown.
    """

    person: Int[Array, "L"]
    item: Int[Array, "L"]
    answer: Int[Array, "L"]
    truth: Int[Array, "N"]


class Quality(NamedTuple):
    """What is estimated, on scales without bounds.

    Attributes:
        mean: mean skill.
        shared: logit of lambda_shared.
        lapse: logit of the probability of a guess.
        difficulty: log standard deviation of difficulty (more than two options).
        confusion: `[C]` entries off the diagonal by row; of two options the leaning to
            the second; thresholds of a rating: the first, then logs of the gaps; marks:
            the mean criterion.
        classes: `[K]` logits of the shares of classes (without gold).
        skill: `[A]` standardised deviation of each person's skill.
        lean: `[A, J]` standardised leanings, as contrasts of the options.
    """

    mean: Float[Array, ""]
    shared: Float[Array, ""]
    lapse: Float[Array, ""]
    difficulty: Float[Array, ""]
    confusion: Float[Array, "C"]
    classes: Float[Array, "K"]
    skill: Float[Array, "A"]
    lean: Float[Array, "A J"]


GLOBALS = ("mean", "shared", "lapse", "difficulty", "confusion", "classes")


class Traits(NamedTuple):
    """Skill and leanings: `[A]` and `[A, J]` of people, `[]` each of their spread."""

    skill: Float[Array, "..."]
    lean: Float[Array, "..."]


PRIORS = {
    "mean": Prior(2.0, 1.5),
    "shared": Prior(1.0, 1.0),
    "lapse": Prior(-4.0, 1.0),
    "difficulty": Prior(float(np.log(0.7)), 0.7),
    "confusion": Prior(0.0, 0.7),
    "classes": Prior(0.0, 1.0),
    "skill_spread": Prior(float(np.log(0.6)), 0.6),
    "lean_spread": Prior(float(np.log(0.3)), 0.6),
}
"""Weak beliefs, on the scales of `Quality`; spreads are logarithms. Skill: an accuracy
of .55 to 1 with ten classes. Shared: lambda_shared of .28 to .95. Lapse: .3 to 12 %,
as quick answers of recorded sets allow and a little more. The rest: as wide as recorded
sets differ."""


def start_values(shape: Shape) -> Quality:
    """Start from the middle of the priors."""
    confusion = jnp.zeros(shape.num_confusions)
    if shape.kind == RATING:
        confusion = confusion.at[0].set(-0.5 * (shape.num_options - 2))
    return Quality(
        mean=jnp.float32(PRIORS["mean"].mean if shape.kind == LABEL else 1.0),
        shared=jnp.float32(PRIORS["shared"].mean),
        lapse=jnp.float32(PRIORS["lapse"].mean),
        difficulty=jnp.float32(PRIORS["difficulty"].mean),
        confusion=confusion,
        classes=jnp.zeros(shape.num_options),
        skill=jnp.zeros(shape.num_people),
        lean=jnp.zeros((shape.num_people, shape.num_leans)),
    )


def confusion_matrix(shape: Shape, values: Float[Array, "C"]) -> Float[Array, "K K"]:
    """Lay the crowd's confusion out as [truth, option], diagonal 0."""
    k = shape.num_options
    if k == 2:
        return values[0] * jnp.array([[0.0, 1.0], [0.0, 1.0]])
    rows, columns = np.nonzero(~np.eye(k, dtype=bool))
    return jnp.zeros((k, k)).at[rows, columns].set(values)


def leanings(shape: Shape, lean: ArrayLike) -> Float[Array, "A K"]:
    """Turn contrasts into what every option gains with a person, for labels.

    See `oracles.joint.lean_basis`.
    """
    basis = jnp.asarray(lean_basis(shape.num_options), jnp.float32)
    gained: Array = jnp.asarray(lean) @ basis
    return gained


def log_table(
    shape: Shape, points: Points, quality: Quality, people: Traits
) -> Float[Array, "A Z K R"]:
    """Return log P(answer | person, truth, point) as [person, truth, answer, point].

    The crowd's numbers count; those of people in `quality` are ignored.
    """
    if shape.kind == LABEL:
        felt = felt_utility(shape, points, quality, people)
        judged = jax.nn.log_softmax(felt, axis=2)
    elif shape.kind == RATING:
        judged = _rating(shape, points, quality, people)
    else:
        judged = _marks(points, quality, people)
    guess = jax.nn.log_sigmoid(quality.lapse) - jnp.log(1.0 * shape.num_options)
    return jnp.logaddexp(jax.nn.log_sigmoid(-quality.lapse) + judged, guess)


def felt_utility(
    shape: Shape, points: Points, quality: Quality, people: Traits
) -> Float[Array, "A Z K R"]:
    """Return what an option is worth but for a person's own noise, over lambda_shared.

    The noise that is left has scale 1 on this scale.
    """
    shared = jax.nn.sigmoid(quality.shared)
    is_truth = jnp.eye(shape.num_options)
    systematic = (
        people.skill[:, None, None] * is_truth[None]
        + confusion_matrix(shape, quality.confusion)[None]
        + leanings(shape, people.lean)[:, None, :]
    )
    seen = shared_part(points, shared)[None, :, :]
    if shape.has_difficulty:
        hard = jnp.exp(quality.difficulty) * points.normal
        seen = seen - hard[None, :, None] * is_truth[:, None, :]
    return (systematic[:, :, :, None] + jnp.swapaxes(seen, 1, 2)[None]) / shared


def level_places(num_options: int) -> Float[Array, "K"]:
    """Return where levels lie on a scale of mean 0 and standard deviation 1."""
    place = np.arange(num_options) - (num_options - 1) / 2.0
    return jnp.asarray(place / np.sqrt(np.mean(place**2)), jnp.float32)


def thresholds(values: Float[Array, "C"]) -> Float[Array, "C"]:
    """Turn the first threshold and logs of the gaps into rising thresholds."""
    return jnp.concatenate([values[:1], values[:1] + jnp.cumsum(jnp.exp(values[1:]))])


def _rating(shape: Shape, points: Points, quality: Quality, people: Traits) -> Array:
    shared = jax.nn.sigmoid(quality.shared)
    place = level_places(shape.num_options)
    lead = people.skill[:, None] * place[None, :] + people.lean
    felt = lead[:, :, None] + shared_part(points, shared)[None, None, :, 1]
    cut = thresholds(quality.confusion)[None, None, :, None]
    below = (cut - felt[:, :, None, :]) / shared
    # P(level <= j) by differences of logistics, in logs: the level lies between cuts.
    top = jnp.concatenate([below, jnp.full_like(below[:, :, :1], jnp.inf)], axis=2)
    low = jnp.concatenate([jnp.full_like(below[:, :, :1], -jnp.inf), below], axis=2)
    return log_between(low, top)


def log_between(low: Array, high: Array) -> Array:
    """Return log(sigmoid(high) - sigmoid(low)) without cancellation."""
    safe_low = jnp.where(jnp.isinf(low), -30.0, low)
    safe_high = jnp.where(jnp.isinf(high), 30.0, high)
    gap = jnp.maximum(safe_high - safe_low, 1e-6)
    return (
        jax.nn.log_sigmoid(safe_high)
        + jax.nn.log_sigmoid(-safe_low)
        + jnp.log(-jnp.expm1(-gap))
    )


def _marks(points: Points, quality: Quality, people: Traits) -> Array:
    criterion = quality.confusion[0] + people.lean
    lead = people.skill[:, None] * points.normal[None, :] - criterion
    both = jnp.stack([jax.nn.log_sigmoid(-lead), jax.nn.log_sigmoid(lead)], axis=1)
    return both[:, None]


def people_of(quality: Quality, spread: Traits) -> Traits:
    """Return the skill and the leanings of each person."""
    skill = quality.mean + spread.skill * quality.skill
    return Traits(skill, spread.lean * quality.lean)


def item_evidence(
    shape: Shape,
    points: Points,
    table: Float[Array, "A Z K R"],
    rows: Rows,
    classes: Float[Array, "K"],
) -> Float[Array, "N S"]:
    """Return the log likelihood of every item's answers at every point.

    Where gold is known S = R points; else S = Z R, truths by points, with the shares
    of the classes.
    """
    return jax.ops.segment_sum(
        pick(shape, table, rows), rows.item, shape.num_items, indices_are_sorted=True
    ) + state_weight(shape, points, rows, classes)


def pick(
    shape: Shape, table: Float[Array, "A Z K R"], rows: Rows
) -> Float[Array, "L S"]:
    """Pick the entries of a table that belong to every answer."""
    num_points = table.shape[-1]
    if shape.has_gold:
        truth = rows.truth[rows.item] if shape.kind != MARKS else 0
        depth = table.shape[1]
        index = (rows.person * depth + truth) * shape.num_options + rows.answer
        return table.reshape(-1, num_points)[index]
    by_answer = jnp.swapaxes(table, 1, 2)
    index = rows.person * shape.num_options + rows.answer
    return by_answer.reshape(-1, by_answer.shape[2] * num_points)[index]


def state_weight(
    shape: Shape, points: Points, rows: Rows, classes: Float[Array, "K"]
) -> Float[Array, "N S"]:
    """Return the log probability of every state of an item before any answer."""
    if shape.has_gold:
        return jnp.broadcast_to(
            points.log_weight, (shape.num_items, points.log_weight.size)
        )
    share = jax.nn.log_softmax(classes)[None, :]
    is_known = (rows.truth >= 0)[:, None]
    is_it = rows.truth[:, None] == jnp.arange(shape.num_options)[None, :]
    by_item = jnp.where(is_known, jnp.where(is_it, share, -1e9), share)
    both = by_item[:, :, None] + points.log_weight[None, None, :]
    return both.reshape(shape.num_items, -1)


def log_prior(shape: Shape, quality: Quality) -> Array:
    """Return the log density of the numbers under `PRIORS`; people are standard."""
    people = jnp.sum(quality.skill**2) + jnp.sum(quality.lean**2)
    total: Array = -0.5 * people
    for name in GLOBALS:
        centre, sd = jnp.asarray(PRIORS[name].mean), PRIORS[name].sd
        if name == "confusion" and shape.kind != LABEL:
            # Thresholds lie where the answers put them.
            centre, sd = start_values(shape).confusion, 3.0
        total = total - 0.5 * jnp.sum(((getattr(quality, name) - centre) / sd) ** 2)
    return total


def negative_log_posterior(
    quality: Quality, spread: Traits, shape: Shape, points: Points, rows: Rows
) -> Array:
    """Return minus the log posterior, spreads given."""
    table = log_table(shape, points, quality, people_of(quality, spread))
    evidence = item_evidence(shape, points, table, rows, quality.classes)
    likelihood = jnp.sum(jax.nn.logsumexp(evidence, axis=1))
    return -likelihood - log_prior(shape, quality)
