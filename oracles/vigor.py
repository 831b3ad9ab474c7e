"""Vigor: what time on task, rest and caution do to the strength of the signal.

```
signal = discrimination * (skill - difficulty) * vigor * exp(caution)
vigor  = 1 - fatigue * (1 - exp(-load / fatigue_s))
```
Load grows by the person's typical seconds with every question, so it needs no scan and
a queue cut in two tires like the whole. People without
these parameters do not tire: in short paid sessions accuracy is flat.

References:
    Mackworth (1948), The breakdown of vigilance during prolonged visual search,
    Quarterly Journal of Experimental Psychology 1, 6-21: decline towards a floor.
    Ratcliff, Rouder (1998), Modeling response times for two-choice decisions,
    Psychological Science 9(5), 347-356: caution as the width between boundaries, to
    which the log odds of a right answer are proportional.
"""

import jax.numpy as jnp

from oracles.annotators import Annotators, AnnotatorState
from oracles.contract import Query
from oracles.timing import count_before


def tire(params: Annotators, state: AnnotatorState, query: Query) -> Query:
    """Scale the signal of a queue of questions by vigor and caution."""
    strength, extra = query.discrimination, params.extra
    if "caution" in extra:
        strength = strength * jnp.exp(extra["caution"])[:, None]
    if "fatigue" in extra:
        before = jnp.exp(params.pace)[:, None] * count_before(query.is_asked)
        load = state.load_s[:, None] + before
        lost = -jnp.expm1(-load / extra["fatigue_s"][:, None])
        strength = strength * (1.0 - extra["fatigue"][:, None] * lost)
    return query._replace(discrimination=strength)
