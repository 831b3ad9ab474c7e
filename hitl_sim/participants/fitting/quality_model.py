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
from scipy.special import log_expit, log_softmax
from scipy.stats import norm, qmc

from hitl_sim.participants.answers import LABEL, MARKS, RATING
from hitl_sim.participants.fitting.estimate import Prior
from hitl_sim.participants.fitting.padding import leaf
from oracles.joint import lean_basis
from oracles.utility import scaled_log_stable

_REACH = 10.0
_NORMAL_REACH = 5.0
_EDGE = 1e-6
# Keeps the logarithm of what is nearly 0 finite in float32.
_TINY = 1e-30


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
    logit = np.linspace(-_REACH, _REACH, num_points)
    density = log_expit(logit) + log_expit(-logit)
    nothing = (np.zeros((num_points, 0)), np.zeros(num_points))
    return _points(log_softmax(density), logit[:, None], *nothing)


def normal_points(num_points: int) -> Points:
    """Lay out points of a standard normal item."""
    normal = np.linspace(-_NORMAL_REACH, _NORMAL_REACH, num_points)
    log_weight = log_softmax(-0.5 * np.square(normal))
    nothing = (np.zeros((num_points, 1)), np.zeros((num_points, 0)))
    return _points(log_weight, *nothing, normal)


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
    return _points(
        np.full(num_points, -np.log(num_points)),
        uniform[:, :num_options],
        -np.log(uniform[:, num_options:-1]),
        norm.ppf(uniform[:, -1]),
    )


def _points(*columns: ArrayLike) -> Points:
    log_weight, angle, energy, normal = (jnp.asarray(c, jnp.float32) for c in columns)
    return Points(log_weight, angle, energy, normal)


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
    confusion = np.zeros(shape.num_confusions, np.float32)
    if shape.kind == RATING:
        confusion[0] = -0.5 * (shape.num_options - 2)
    mean = PRIORS["mean"].mean if shape.kind == LABEL else 1.0
    leans = (shape.num_people, shape.num_leans)
    columns = (
        *(mean, PRIORS["shared"].mean, PRIORS["lapse"].mean, PRIORS["difficulty"].mean),
        *(confusion, np.zeros(shape.num_options)),
        *(np.zeros(shape.num_people), np.zeros(leans)),
    )
    return Quality(*(leaf(column) for column in columns))


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
    return _with_guesses(shape, quality, judged)


def _with_guesses(shape: Shape, quality: Quality, judged: Array) -> Array:
    guess = jax.nn.log_sigmoid(quality.lapse) - np.log(shape.num_options)
    return jnp.logaddexp(jax.nn.log_sigmoid(-quality.lapse) + judged, guess)


def felt_utility(
    shape: Shape, points: Points, quality: Quality, people: Traits
) -> Float[Array, "A Z K R"]:
    """Return what an option is worth but for a person's own noise, over lambda_shared.

    The noise that is left has scale 1 on this scale.
    """
    own, seen = worth(shape, points, quality, people)
    return own[:, :, :, None] + jnp.swapaxes(seen, 1, 2)[None]


def worth(
    shape: Shape, points: Points, quality: Quality, people: Traits
) -> tuple[Float[Array, "A Z K"], Float[Array, "Z R K"]]:
    """Return the parts of `felt_utility`: what is a person's, and what an item's."""
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
    else:
        seen = jnp.broadcast_to(seen, (shape.num_options, *seen.shape[1:]))
    return systematic / shared, seen / shared


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
    chances: Float[Array, "L S"],
    rows: Rows,
    classes: Float[Array, "K"],
) -> Float[Array, "N S"]:
    """Return the log likelihood of every item's answers at every point.

    `chances` are those of `log_chances`. Where gold is known S = R points; else
    S = Z R, truths by points, with the shares of the classes.
    """
    return jax.ops.segment_sum(
        chances, rows.item, shape.num_items, indices_are_sorted=True
    ) + state_weight(shape, points, rows, classes)


def log_chances(
    shape: Shape, points: Points, quality: Quality, people: Traits, rows: Rows
) -> Float[Array, "L S"]:
    """Return the log probability of every answer at every state of its item.

    The crowd's numbers count; those of people in `quality` are ignored. It is what
    `pick` finds in a `log_table`. Of many options that is large: what all of them are
    worth to a person is then summed as a product of matrices, and only what was
    answered is looked up.
    """
    cells = shape.num_people * shape.num_options**2
    is_direct = shape.kind == LABEL and shape.has_gold and rows.answer.size < cells
    if not is_direct:
        return pick(shape, log_table(shape, points, quality, people), rows)
    own, seen = worth(shape, points, quality, people)
    most_own, most_seen = (
        jax.lax.stop_gradient(jnp.max(part, axis=-1, keepdims=True))
        for part in (own, seen)
    )
    total = jnp.einsum(
        "azk,zrk->azr", jnp.exp(own - most_own), jnp.exp(seen - most_seen)
    )
    total = jnp.log(total + _TINY) + most_own + most_seen[None, :, :, 0]
    truth = at_rows(rows.truth, rows.item)
    cell = rows.person * shape.num_options + truth
    num_points = points.log_weight.size
    by_answer = jnp.swapaxes(seen, 1, 2).reshape(-1, num_points)
    given = at_rows(own.reshape(-1), cell * shape.num_options + rows.answer)[:, None]
    given = given + at_rows(by_answer, truth * shape.num_options + rows.answer)
    return _with_guesses(
        shape, quality, given - at_rows(total.reshape(-1, num_points), cell)
    )


def at_rows(values: Array, index: Int[Array, "L"]) -> Array:
    """Look values up; a row that fills up gets the last there is (`padding`)."""
    found: Array = jnp.asarray(values).at[index].get(mode="clip")
    return found


def pick(
    shape: Shape, table: Float[Array, "A Z K R"], rows: Rows
) -> Float[Array, "L S"]:
    """Pick the entries of a table that belong to every answer."""
    num_points = table.shape[-1]
    if shape.has_gold:
        truth = at_rows(rows.truth, rows.item) if shape.kind != MARKS else 0
        depth = table.shape[1]
        index = (rows.person * depth + truth) * shape.num_options + rows.answer
        return at_rows(table.reshape(-1, num_points), index)
    by_answer = jnp.swapaxes(table, 1, 2)
    index = rows.person * shape.num_options + rows.answer
    return at_rows(by_answer.reshape(-1, by_answer.shape[2] * num_points), index)


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
    """Return what sums to minus the log posterior, spreads given, `[N + 1]`."""
    chances = log_chances(shape, points, quality, people_of(quality, spread), rows)
    evidence = item_evidence(shape, points, chances, rows, quality.classes)
    return -jnp.append(jax.nn.logsumexp(evidence, axis=1), log_prior(shape, quality))
