"""The random-utility core: what an option is worth to a person on one occasion.

```
U[k] = signal * 1[k = truth] + e[k] + G[k]
G[k] = ls * (log S[i,k] + lo * (log S[a,i,k] + eps[a,i,t,k]))
```
`ls` = lambda_shared, `lo` = lambda_own, `eps` standard Gumbel, `S` positive stable of
index ls and lo. G is exactly standard Gumbel for every ls and lo, so quality (signal)
and consistency (ls, lo) are separate parameters: the noise of two occasions of one
person correlates 1 - (ls lo)^2, that of two people on one item 1 - ls^2.

References:
    McFadden (1978), Modelling the choice of residential location: nested logit.
    Cardell (1997), Variance components structures for the extreme-value and logistic
    distributions, Econometric Theory 13(2), 185-213.
    Kanter (1975), Stable densities under change of scale and total variation
    inequalities, Annals of Probability 3(4), 697-707: the positive stable draw.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, PRNGKeyArray

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.hashing import (
    Role,
    Words,
    draw_words,
    log,
    pick_word,
    seed_streams,
    sinc,
    to_exponential,
    to_normal,
    to_uniform,
)


def scaled_log_stable(
    index: Float[Array, "*#shape"],
    angle: Float[Array, "*shape"],
    energy: Float[Array, "*shape"],
) -> Float[Array, "*shape"]:
    """Draw `index * log S`, S positive stable of that index, finite on all of [0, 1].

    The index is lambda in [0, 1], angles are uniforms inside (0, 1), energies standard
    exponentials; the variance is (1 - index^2) pi^2 / 6.

    Kanter's draw, with sines divided by their arguments: what these contribute, like
    the division by the index, cancels but for a term of the index alone. At 0 the draw
    is a standard Gumbel variable and at 1 exactly 0. Logarithms are floored, which
    keeps gradients finite at both ends.
    """
    rest = 1.0 - index
    level = index * log(index) + rest * log(rest)
    # Two divisions: one whose result both terms share costs a pass through memory.
    divisor = sinc(rest * angle)
    bent = energy * sinc(index * angle) / divisor
    plain = energy * sinc(angle) / divisor
    return level + index * log(bent) - log(plain)


def realise(
    key: PRNGKeyArray,
    space: int,
    params: Annotators,
    query: Query,
    worth: Float[Array, "K A T"],
    is_lapse: Bool[Array, "A T"],
) -> Float[Array, "K A T"]:
    """Draw what every option is worth to every person on this occasion.

    The noise is standard Gumbel at every entry. Where somebody guesses it is fresh
    alone, and the systematic part that of the guess; the same items in another option
    space draw anew.

    Options lead and questions trail, so that the loops run along the longest axis; the
    options are taken one by one, so that what lies between the hash and the utility
    never leaves the cache.
    """
    shared, own, fresh = seed_streams(key, space, Role.SHARED, Role.OWN, Role.FRESH)
    person, index = params.id[:, None], params.own[:, None]
    options, thing = jnp.arange(worth.shape[0]), query.item
    if query.options is not None:
        # An object is the same whichever item it comes up in.
        options, thing = query.options, jnp.zeros_like(thing)
    guess = None if params.guess is None else jnp.log(params.guess).T
    occasion = 0 if query.occasion is None else query.occasion

    def view_item(option: Array) -> Array:
        return _draw_stable(shared, params.shared, thing, option, 0)

    def realise_option(xs: tuple[Array, Array, Array, Array | None]) -> Array:
        option, worth_here, by_item, guess_here = xs
        words = draw_words(fresh, query.item, option >> 2, person, occasion)
        gumbel = -log(to_exponential(pick_word(words, option)))
        by_person = gumbel
        if query.occasion is not None:
            own_view = _draw_stable(own, index, thing, option, person)
            by_person = own_view + index * gumbel
        judged = worth_here + by_item + params.shared * by_person
        guessed = gumbel if guess_here is None else guess_here[:, None] + gumbel
        return jnp.where(is_lapse, guessed, judged)

    by_item = jax.lax.map(view_item, options)
    xs = (options, worth, by_item, guess)
    realised: Array = jax.lax.map(realise_option, xs)
    return realised


def _draw_stable(
    stream: Words, index: Array, item: Array, option: Array, annotator: ArrayLike
) -> Array:
    """Draw a persistent part; two options share the four words of one hash."""
    words = draw_words(stream, item, option >> 1, annotator, 0)
    first = (option & 1) << 1
    return scaled_log_stable(
        index,
        to_uniform(pick_word(words, first)),
        to_exponential(pick_word(words, first + 1)),
    )


def suggested_utility(params: Annotators, query: Query) -> Float[Array, "#K #A #T"]:
    """Return what each option gains from being suggested; 0 where nobody is swayed.

    References:
        Goddard, Roudsari, Wyatt (2014), Automation bias: empirical results assessing
        influencing factors, International Journal of Medical Informatics 83(5).
    """
    anchoring = params.extra.get("automation_bias")
    if anchoring is None or query.suggestion is None:
        return jnp.zeros((1, 1, 1))
    options = jnp.arange(query.utility.shape[0])[:, None, None]
    is_suggested = options == query.suggestion[None]
    return jnp.where(is_suggested, anchoring[None, :, None], 0.0)


def confused_utility(params: Annotators, query: Query) -> Float[Array, "#K #A #T"]:
    """Return what each option gains from being mistaken for the truth."""
    if params.confusion is None:
        return jnp.zeros((1, 1, 1))
    people = jnp.arange(params.id.shape[0])[:, None]
    return jnp.moveaxis(params.confusion[people, query.truth], -1, 0)


def draw_signal(params: Annotators, query: Query) -> Float[Array, "A T"]:
    """Return discrimination * (skill - difficulty), the strength of the truth."""
    return query.discrimination * (params.skill[:, None] - query.difficulty)


def scaled_utility(params: Annotators, query: Query) -> Float[Array, "K A T"]:
    """Return the questions' own utilities, as strongly as each person feels them."""
    return draw_signal(params, query)[None] * query.utility


def harden(key: PRNGKeyArray, space: int, params: Annotators, query: Query) -> Query:
    """Add to questions what their items cost everybody.

    It is normal over items and hashed from their ids, so an item is as hard whenever,
    by whomever and in whatever kind of the same option space it is met.
    """
    if params.difficulty_spread is None:
        return query
    (stream,) = seed_streams(key, space, Role.DIFFICULTY)
    hard = to_normal(draw_words(stream, query.item, 0, 0, 0)[0])
    return query._replace(difficulty=query.difficulty + params.difficulty_spread * hard)


def choose(utility: Float[Array, "K *shape"]) -> tuple[Array, Array]:
    """Choose the best option.

    Of two or more; the margin over the second is >= 0.
    """

    def step(
        best: tuple[Array, Array, Array], xs: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array, Array], None]:
        choice, first, second = best
        option, value = xs
        is_best = value > first
        runner_up = jnp.where(is_best, first, jnp.maximum(second, value))
        choice = jnp.where(is_best, option, choice)
        return (choice, jnp.where(is_best, value, first), runner_up), None

    lowest = jnp.full_like(utility[0], -jnp.inf)
    start = (jnp.zeros_like(lowest, dtype=jnp.int32), lowest, lowest)
    options = jnp.arange(utility.shape[0], dtype=jnp.int32)
    # Unrolled, a dozen options are one pass over memory and need no loop.
    best, _ = jax.lax.scan(step, start, (options, utility), unroll=16)
    choice, first, second = best
    return choice, first - second


def rank(utility: Float[Array, "K *shape"]) -> tuple[Array, Array]:
    """Rank the options; with Gumbel noise a Plackett-Luce ranking.

    Ids come best first, `[K, ...]`, with the gaps between neighbours, `[K - 1, ...]`.

    References:
        Plackett (1975), The analysis of permutations, Applied Statistics 24(2).
    """
    order = jnp.argsort(-utility, axis=0)
    ordered = jnp.take_along_axis(utility, order, axis=0)
    return order, ordered[:-1] - ordered[1:]
