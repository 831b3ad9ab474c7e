"""Questions and crowds that the tests of the oracles share."""

import sys
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from oracles import Annotators, Query
from oracles.parameter import OPTIONAL

# published people and stacked crowds lie beside the tests
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def make_query() -> Callable[..., Query]:
    """Build plain questions: every annotator gets the same items, all signal."""

    def make(
        num_items: int,
        num_annotators: int,
        num_options: int,
        *,
        num_looks: int = 1,
        seed: int = 0,
    ) -> Query:
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, num_options, num_items)
        item = np.tile(np.arange(num_items), num_looks)
        occasion = np.repeat(np.arange(num_looks), num_items)
        shape = (num_items * num_looks, num_annotators)

        def per_row(values: np.ndarray) -> jax.Array:
            return jnp.asarray(np.broadcast_to(values[:, None], shape), jnp.int32)

        return Query(
            item=per_row(item),
            occasion=per_row(occasion),
            truth=per_row(truth[item]),
            utility=jnp.zeros((*shape, num_options)),
            difficulty=jnp.zeros(shape),
            discrimination=jnp.ones(shape),
            size=jnp.ones(shape),
            is_asked=jnp.ones(shape, bool),
        )

    return make


@pytest.fixture(scope="session")
def make_crowd() -> Callable[..., Annotators]:
    """Build equal people: no lapse, plain times, unless a trait is set."""

    def make(num_annotators: int, **traits: float) -> Annotators:
        plain = {
            "skill": 0.0,
            "own": 1.0,
            "lapse": 0.0,
            "pace": 0.0,
            "practice": 0.0,
            "practice_power": 1.0,
            "conflict": 0.0,
            "length": 0.0,
            "drift": 0.0,
            "memory": 0.0,
            "spread": 0.0,
            "pause": 0.0,
            "band": 0.0,
            "criterion": 0.0,
        }
        shared = traits.pop("shared", 1.0)
        given = {
            name: jnp.broadcast_to(
                jnp.asarray(traits.pop(name), jnp.float32),
                (num_annotators, *np.shape(value)),
            )
            for name, value in list(traits.items())
            if name in (*OPTIONAL, "confusion", "guess")
        }
        extra = {name: given.pop(name) for name in OPTIONAL if name in given}
        unknown = set(traits) - set(plain)
        if unknown:
            raise KeyError(f"no such traits: {unknown}")
        leaves = {
            name: jnp.full(num_annotators, traits.get(name, value), jnp.float32)
            for name, value in plain.items()
        }
        ids = jnp.arange(num_annotators, dtype=jnp.int32)
        return Annotators(
            id=ids, **leaves, shared=jnp.float32(shared), extra=extra, **given
        )

    return make
