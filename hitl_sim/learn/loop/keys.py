"""Independent keys of one run, so that arms share what they have in common."""

from typing import NamedTuple

import jax

from hitl_sim.learn.loop.config import Seeds


class RunKeys(NamedTuple):
    """Independent keys of one run, so that arms share what they have in common."""

    split: jax.Array
    init: jax.Array
    batch: jax.Array
    choose: jax.Array
    crowd: jax.Array


def run_keys(seeds: Seeds) -> RunKeys:
    """Derive the keys of a run; arms of one replicate share all of them."""
    key = jax.random.fold_in(jax.random.key(seeds.study), seeds.replicate)
    key_split, key_learn, key_choose, key_crowd = jax.random.split(key, 4)
    key_init, key_batch = jax.random.split(jax.random.fold_in(key_learn, seeds.stream))
    return RunKeys(key_split, key_init, key_batch, key_choose, key_crowd)
