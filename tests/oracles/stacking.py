"""Crowds stacked along a new axis, neutral numbers where one lacks a parameter."""

from typing import Any

import jax
import jax.numpy as jnp

from oracles.population import Population

NEUTRAL = {"skip_level": -1e30, "fatigue_s": 1.0, "lapse_time": 1.0 / 3.0}
"""Numbers that come to nothing; 0 for every other parameter."""
MAY_LACK = [n for n in Population._field_defaults if n not in ("extra", "foreign")]


def stack_populations(*populations: Population) -> Population:
    """Stack crowds along a new first axis, to be mapped over.

    A crowd that lacks a parameter which another one has gets a neutral number for it:
    its answers are the same, at the price of its arithmetic.

    Args:
        *populations: crowds with leaves of equal shapes.

    Returns:
        A population with leaves `[P, ...]`, None for what none of them has.
    """
    fields = {n for n in MAY_LACK for p in populations if getattr(p, n) is not None}
    extras = {name for population in populations for name in population.extra}

    def filled(population: Population) -> Population:
        nothing = jnp.zeros_like(population.skill)
        lacking: dict[str, Any] = {
            name: nothing for name in fields if getattr(population, name) is None
        }
        neutral = {name: nothing + NEUTRAL.get(name, 0.0) for name in extras}
        return population._replace(**lacking, extra=neutral | {**population.extra})

    stacked: Population = jax.tree.map(
        lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]),
        *map(filled, populations),
    )
    return stacked
