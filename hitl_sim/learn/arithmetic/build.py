"""Products of matrices as pure functions, built from their configs."""

import functools
from typing import Literal, NamedTuple, assert_never

import jax

from hitl_sim.learn.arithmetic.config import ArithmeticConfig, Form
from hitl_sim.learn.arithmetic.error_model import fit_error_model, modelled_product
from hitl_sim.learn.arithmetic.int8 import int8_product, runs_in_int8, simulated_product
from hitl_sim.learn.arithmetic.lookup import approximate_product
from hitl_sim.learn.arithmetic.multiplier import find_multiplier
from hitl_sim.learn.arithmetic.quantise import load_qwix
from hitl_sim.learn.arithmetic.straight_through import MatrixProduct, straight_through

Realisation = Literal["executed", "simulated", "error model"]
"""Whether this machine computes in the format, computes the same numbers in another, or
computes a model of them."""


class Product(NamedTuple):
    """A product of matrices in some arithmetic.

    Attributes:
        apply: `([N, D], [D, O]) -> [N, O]` float32, differentiable.
        form: how it is computed.
    """

    apply: MatrixProduct
    form: Form

    @property
    def realisation(self) -> Realisation:
        """Return how this machine computes it; asks the backend about int8.

        Joules of an approximate multiplier are hypothetical whatever the realisation:
        the silicon is not there.
        """
        if self.form == "error_model":
            return "error model"
        is_executed = self.form == "float32" or (self.form == "int8" and runs_in_int8())
        return "executed" if is_executed else "simulated"


def _plain(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return x @ kernel


def build_product(config: ArithmeticConfig) -> Product:
    """Build the product of a config.

    Raises:
        ValueError: there is no multiplier of the config's name, or its rank is not one.
        MissingQwixError: qwix, which every form but float32 needs, is not installed.
    """
    product = _forward(config)
    if config.form == "float32":
        return Product(product, config.form)
    load_qwix()
    return Product(straight_through(product), config.form)


def _forward(config: ArithmeticConfig) -> MatrixProduct:
    """Return the product with whatever gradients it has."""
    granularity = config.granularity
    match config.form:
        case "float32":
            return _plain
        case "int8":
            return functools.partial(int8_product, granularity=granularity)
        case "int8_simulated":
            return functools.partial(simulated_product, granularity=granularity)
        case "approximate":
            multiplier = find_multiplier(config.multiplier).name
            return functools.partial(
                approximate_product, multiplier=multiplier, granularity=granularity
            )
        case "error_model":
            model = fit_error_model(config.multiplier, config.rank)
            return functools.partial(
                modelled_product, model=model, granularity=granularity
            )
        case _:
            assert_never(config.form)
