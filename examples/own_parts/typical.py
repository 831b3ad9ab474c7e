"""An intervention: train on the items that are most typical of their class."""

import jax.numpy as jnp
from scaling import distances

from hitl_sim import part
from hitl_sim.learn.intervention.share import (
    Kept,
    build_unguided,
    kept_count,
    order_work,
)


@part.intervention(version=1, params={"share": 0.5})
def typical(program):
    """Keep the share of the pool that is nearest to the centre of its class."""
    num_classes = program.shape.num_classes

    def order(key, setting):
        del key
        pool = setting.split.pool
        far = distances(pool.features, pool.label, num_classes)
        return Kept(jnp.argsort(far), kept_count(setting))

    # what is billed beside training: the pool is put in order once
    return build_unguided(program, order, (order_work(program),))
