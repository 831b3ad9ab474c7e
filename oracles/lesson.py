"""Learning from feedback: what being told right or wrong adds to skill.

```
skill after n marked questions = skill + learning * (1 - exp(-n / learning_trials))
```
A process apart from practice, which makes people faster and not better: without marks
accuracy moves by -.06 to +.04 in recorded sets, with a mark after every answer it rises
by .02 to .14. A question's mark comes after its answer and so helps from the next one
on. People without the trait do not learn; that is the default.

References:
    Heathcote, Brown, Mewhort (2000), The power law repealed: the case for an
    exponential law of practice, Psychonomic Bulletin & Review 7(2), 185-207.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int

from oracles.annotators import Annotators, AnnotatorState
from oracles.contract import Query
from oracles.timing import count_before


def learn(params: Annotators, state: AnnotatorState, query: Query) -> Query:
    """Make questions easier by what people have been taught before each.

    Args:
        params: the crowd.
        state: where each person stands before the queue.
        query: the questions, as an oracle lays them out: `[A, T]`.

    Returns:
        The questions with `difficulty` lowered; the same where nobody learns.
    """
    if params.learning is None or params.learning_trials is None:
        return query
    lessons = state.lessons[:, None] + count_before(_marks(query))
    taught = -jnp.expm1(-lessons / params.learning_trials[:, None])
    gain = params.learning[:, None] * taught
    return query._replace(difficulty=query.difficulty - gain)


def added_lessons(query: Query) -> Int[Array, "A"]:
    """Return how many marks each person gets from a queue, `[A]`."""
    return jnp.sum(_marks(query), axis=1, dtype=jnp.int32)


def _marks(query: Query) -> Bool[Array, "A T"]:
    if query.is_marked is None:
        return jnp.zeros_like(query.is_asked)
    return query.is_marked & query.is_asked
