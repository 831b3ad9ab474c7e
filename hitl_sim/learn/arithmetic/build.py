"""Products of matrices as pure functions, built from their configs."""

import functools
from typing import Literal, NamedTuple

import jax

from hitl_sim.learn.arithmetic.config import ArithmeticConfig
from hitl_sim.learn.arithmetic.error_model import fit_error_model, modelled_product
from hitl_sim.learn.arithmetic.int8 import (
    int8_product,
    runs_in_int8,
    simulated_product,
)
from hitl_sim.learn.arithmetic.lookup import approximate_product
from hitl_sim.learn.arithmetic.multiplier import find_multiplier
from hitl_sim.learn.arithmetic.quantise import load_qwix
from hitl_sim.learn.arithmetic.straight_through import MatrixProduct, straight_through

Standing = Literal["executed", "simulated", "error model"]
"""Whether this machine computes in the format, computes the same numbers in another, or
computes a model of them."""


class Product(NamedTuple):
    """A product of matrices in some arithmetic.

    Attributes:
        apply: `([N, D], [D, O]) -> [N, O]` float32, differentiable.
        standing: how this machine computes it. Joules of an approximate multiplier are
            hypothetical whatever the standing: the silicon is not there.
    """

    apply: MatrixProduct
    standing: Standing


def _plain(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return x @ kernel


def build_product(config: ArithmeticConfig) -> Product:
    """Build the product of a config.

    Raises:
        ValueError: there is no multiplier of the config's name, or its rank is not one.
        MissingQwixError: qwix, which every form but float32 needs, is not installed.
    """
    if config.form == "float32":
        return Product(_plain, "executed")
    load_qwix()
    granularity = config.granularity
    if config.form == "int8":
        standing: Standing = "executed" if runs_in_int8() else "simulated"
        product = functools.partial(int8_product, granularity=granularity)
        return Product(straight_through(product), standing)
    if config.form == "int8_simulated":
        product = functools.partial(simulated_product, granularity=granularity)
        return Product(straight_through(product), "simulated")
    find_multiplier(config.multiplier)
    if config.form == "approximate":
        product = functools.partial(
            approximate_product,
            multiplier=config.multiplier,
            granularity=granularity,
        )
        return Product(straight_through(product), "simulated")
    model = fit_error_model(config.multiplier, config.rank)
    product = functools.partial(modelled_product, model=model, granularity=granularity)
    return Product(straight_through(product), "error model")
