"""Bradley-Terry with ties: strengths of objects from comparisons of two.

```
P(first wins) = g1 / (g1 + t g2), P(second wins) = g2 / (g2 + t g1), t >= 1
```
Rao and Kupper's form: the first wins when the logistic difference of two utilities
exceeds log t, and between -log t and log t they tie. It is what a person does who
feels two utilities with Gumbel noise and calls differences below a band equal, so
simulated preferences are recovered by the model that made them; Davidson's form has no
such reading. Estimates climb by Hunter's minorisation, a closed form in every step.

References:
    Bradley, Terry (1952), Rank analysis of incomplete block designs I, Biometrika 39.
    Rao, Kupper (1967), Ties in paired-comparison experiments: a generalization of the
    Bradley-Terry model, Journal of the American Statistical Association 62, 194-204.
    Hunter (2004), MM algorithms for generalized Bradley-Terry models, Annals of
    Statistics 32(1), 384-406, section 3.
    Caron, Doucet (2012), Efficient Bayesian inference for generalized Bradley-Terry
    models, Journal of Computational and Graphical Statistics 21(1): the gamma prior.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

FIRST, TIE, SECOND = 0, 1, 2

_FLOOR = 1e-20


def bradley_terry(
    objects: Int[Array, "M 2"],
    outcome: Int[Array, "M"],
    is_answered: Bool[Array, "M"],
    num_objects: int,
    num_steps: int,
    prior: ArrayLike = 0.0,
) -> tuple[Float[Array, "O"], Float[Array, ""]]:
    """Estimate the strengths of objects, and the band within which they tie.

    Without a prior the strengths exist only if every object can be reached from every
    other over wins or ties (Hunter 2004, assumption 1); an object that only loses
    falls without end.

    Args:
        objects: `[M, 2]` the two objects of each comparison, indices in [0, O).
        outcome: `[M]` 0 the first wins, 1 tie, 2 the second wins.
        is_answered: `[M]` which comparisons exist.
        num_objects: number of objects O; static.
        num_steps: steps from equal strengths and no ties, >= 0; static.
        prior: `[]` >= 0; each strength has a gamma prior of shape 1 + prior and mode
            1, worth about `prior` wins. 0 gives maximum likelihood.

    Returns:
        `[O]` log strength with mean 0, 0 for an object nobody compared, and `[]` log t,
        the band in units of utility, 0 without ties.
    """
    known = jnp.where(is_answered[:, None], objects, 0)
    first, second = known[:, 0], known[:, 1]
    exists = is_answered.astype(jnp.float32)
    is_tie = exists * (outcome == TIE)
    credit_first = exists * (outcome == FIRST) + is_tie
    credit_second = exists * (outcome == SECOND) + is_tie
    num_ties = jnp.sum(is_tie)

    def by_object(
        of_first: Float[Array, "M"], of_second: Float[Array, "M"]
    ) -> Float[Array, "O"]:
        return jax.ops.segment_sum(
            jnp.concatenate([of_first, of_second]),
            jnp.concatenate([first, second]),
            num_objects,
        )

    credit = by_object(credit_first, credit_second) + prior

    def step(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        strength, threshold = carry
        a, b = strength[first], strength[second]
        won = credit_first / (a + threshold * b)
        lost = credit_second / (b + threshold * a)
        load = by_object(won + threshold * lost, lost + threshold * won) + prior
        strength = jnp.where(load > 0, credit / jnp.where(load > 0, load, 1.0), 1.0)
        strength = jnp.maximum(strength, _FLOOR)
        a, b = strength[first], strength[second]
        rest = jnp.sum(
            credit_first * b / (a + threshold * b)
            + credit_second * a / (b + threshold * a)
        )
        pull = num_ties / jnp.where(rest > 0, rest, 1.0)
        return (strength, pull + jnp.sqrt(1.0 + pull**2)), None

    start = (jnp.ones(num_objects, jnp.float32), jnp.ones((), jnp.float32))
    (strength, threshold), _ = jax.lax.scan(step, start, length=num_steps)
    is_compared = by_object(exists, exists) > 0
    score = jnp.where(is_compared, jnp.log(strength), 0.0)
    mean = jnp.sum(score) / jnp.maximum(jnp.sum(is_compared), 1)
    return jnp.where(is_compared, score - mean, 0.0), jnp.log(threshold)
