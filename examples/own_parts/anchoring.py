"""An annotator: now and then the last answer is given once more, unlooked."""

import jax
import jax.numpy as jnp

from hitl_sim import part
from oracles import FEEDBACK, Oracle

LABEL = FEEDBACK["label"]


@part.annotator(version=1)
def anchoring(*, share=0.1):
    """Answer labels as simulated people do, but anchor some on the answer before."""

    def answer(key, params, state, query):
        after, response = LABEL.answer(key, params, state, query)
        # by person, item and occasion, so that batches do not matter
        seen = jnp.zeros_like(query.is_asked, jnp.int32) + query.item
        looks = query.occasion if query.occasion is not None else jnp.zeros_like(seen)
        lot = jax.vmap(jax.vmap(draw, (None, 0, 0, 0)), (None, 0, 0, None))(
            key, seen, looks, params.id
        )

        def step(last, row):
            own, is_answered, lot = row
            given = jnp.where((lot < share) & (last >= 0), last, own)
            given = jnp.where(is_answered, given, -1)
            return jnp.where(is_answered, given, last), given

        rows = (response.answer, response.is_answered, lot)
        last, given = jax.lax.scan(step, state.last_answer, rows)
        return after._replace(last_answer=last), response._replace(answer=given)

    return Oracle(LABEL.check, LABEL.init, answer)


def draw(key, item, occasion, person):
    """Draw a number in [0, 1) for one look of one person at one item."""
    for number in (item, occasion, person):
        key = jax.random.fold_in(key, number)
    return jax.random.uniform(key)
