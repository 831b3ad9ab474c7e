"""The random-utility core: what an option is worth to a person on one occasion.

```
U[k] = signal * 1[k = truth] + e[k] + G[k]
G[k] = ls * (log S[i,k] + lo * (log S[a,i,k] + eps[a,i,t,k]))
```
`ls` = lambda_shared, `lo` = lambda_own, `eps` standard Gumbel, `S` positive stable of
index ls and lo. G is exactly standard Gumbel for every ls and lo, so quality (signal)
and consistency (ls, lo) are separate dials: the noise of two occasions of one person
correlates 1 - (ls lo)^2, that of two people on one item 1 - ls^2.

References:
    McFadden (1978), Modelling the choice of residential location: nested logit.
    Cardell (1997), Variance components structures for the extreme-value and logistic
    distributions, Econometric Theory 13(2), 185-213.
    Kanter (1975), Stable densities under change of scale and total variation
    inequalities, Annals of Probability 3(4), 697-707: the positive stable draw.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int, PRNGKeyArray

from oracles.annotators import Annotators
from oracles.contract import Query
from oracles.hashing import Role, draw_words, seed_stream, to_uniform

_TINY = float(np.finfo(np.float32).tiny)


def scaled_log_stable(
    index: Float[Array, "*#shape"],
    angle: Float[Array, "*shape"],
    energy: Float[Array, "*shape"],
) -> Float[Array, "*shape"]:
    """Draw `index * log S`, S positive stable of that index, finite on all of [0, 1].

    Kanter's draw, written so that nothing is divided by the index: 0 gives a standard
    Gumbel variable and 1 gives exactly 0. Logarithms of sines are floored, which keeps
    values and gradients finite at both ends.

    Args:
        index: lambda in [0, 1].
        angle: uniforms inside (0, 1).
        energy: standard exponentials, > 0.

    Returns:
        `index * log S`, variance (1 - index^2) pi^2 / 6.
    """
    rest = 1.0 - index
    return (
        index * _log_sin_pi(index * angle)
        - _log_sin_pi(angle)
        + rest * (_log_sin_pi(rest * angle) - jnp.log(energy))
    )


def _log_sin_pi(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return log sin(pi x) for x in [0, 1], reflected so that no sine is negative."""
    return jnp.log(jnp.maximum(jnp.sin(jnp.pi * jnp.minimum(x, 1.0 - x)), _TINY))


def draw_fresh(
    key: PRNGKeyArray, space: int, params: Annotators, query: Query
) -> Float[Array, "T A K"]:
    """Draw the standard Gumbel part that is new on every occasion."""
    words = draw_words(
        seed_stream(key, space, Role.FRESH),
        query.item[:, :, None],
        _option_ids(query),
        params.id[None, :, None],
        query.occasion[:, :, None],
    )
    return -jnp.log(-jnp.log(to_uniform(words[0])))


def draw_noise(
    key: PRNGKeyArray,
    space: int,
    params: Annotators,
    query: Query,
    fresh: Float[Array, "T A K"],
) -> Float[Array, "T A K"]:
    """Add to the fresh part what a person and what all people see in an item.

    Args:
        key: the crowd's key.
        space: option space id; the same items under another kind draw anew.
        params: the crowd.
        query: the questions.
        fresh: `[T, A, K]` from `draw_fresh`.

    Returns:
        `[T, A, K]` G, standard Gumbel at every entry.
    """
    # An object is the same whichever item it comes up in.
    item = query.item[:, :, None] if query.options is None else 0
    options = _option_ids(query)
    shared = draw_words(seed_stream(key, space, Role.SHARED), item, options, 0, 0)
    own = draw_words(
        seed_stream(key, space, Role.OWN), item, options, params.id[None, :, None], 0
    )
    index = params.own[None, :, None]
    by_person = scaled_log_stable(index, *_angle_and_energy(own)) + index * fresh
    by_item = scaled_log_stable(params.shared, *_angle_and_energy(shared))
    return by_item + params.shared * by_person


def _angle_and_energy(words: tuple[Array, ...]) -> tuple[Array, Array]:
    return to_uniform(words[0]), -jnp.log(to_uniform(words[1]))


def _option_ids(query: Query) -> Int[Array, "#T #A K"]:
    if query.options is not None:
        return query.options
    return jnp.arange(query.utility.shape[-1])[None, None, :]


def suggested_utility(params: Annotators, query: Query) -> Float[Array, "#T #A #K"]:
    """Return what each option gains from being suggested; 0 where nothing pulls.

    References:
        Goddard, Roudsari, Wyatt (2014), Automation bias: empirical results assessing
        influencing factors, International Journal of Medical Informatics 83(5).
    """
    if params.pull is None or query.suggestion is None:
        return jnp.zeros((1, 1, 1))
    options = jnp.arange(query.utility.shape[-1])[None, None, :]
    is_suggested = options == query.suggestion[:, :, None]
    return jnp.where(is_suggested, params.pull[None, :, None], 0.0)


def confused_utility(params: Annotators, query: Query) -> Float[Array, "#T #A #K"]:
    """Return what each option gains from being mistaken for the truth."""
    if params.confusion is None:
        return jnp.zeros((1, 1, 1))
    people = jnp.arange(params.id.shape[0])[None, :]
    return params.confusion[people, query.truth]


def draw_signal(params: Annotators, query: Query) -> Float[Array, "T A"]:
    """Return discrimination * (skill - difficulty), the strength of the truth."""
    return query.discrimination * (params.skill[None, :] - query.difficulty)


def choose(utility: Float[Array, "T A K"]) -> tuple[Array, Array]:
    """Choose the best option.

    Args:
        utility: `[T, A, K]` realised utilities, K >= 2.

    Returns:
        `[T, A]` index of the best option and `[T, A]` its margin over the second, >= 0.
    """
    choice = jnp.argmax(utility, axis=-1)
    is_best = jnp.arange(utility.shape[-1])[None, None, :] == choice[:, :, None]
    second = jnp.max(jnp.where(is_best, -jnp.inf, utility), axis=-1)
    return choice, jnp.max(utility, axis=-1) - second


def rank(utility: Float[Array, "T A K"]) -> tuple[Array, Array]:
    """Rank the options; with Gumbel noise a Plackett-Luce ranking.

    Args:
        utility: `[T, A, K]` realised utilities, K >= 2.

    Returns:
        `[T, A, K]` option ids, best first, and `[T, A, K-1]` gaps between neighbours.

    References:
        Plackett (1975), The analysis of permutations, Applied Statistics 24(2).
    """
    order = jnp.argsort(-utility, axis=-1)
    ordered = jnp.take_along_axis(utility, order, axis=-1)
    return order, ordered[..., :-1] - ordered[..., 1:]
