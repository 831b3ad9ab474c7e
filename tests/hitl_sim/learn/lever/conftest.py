import dataclasses
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import NetworkConfig, build_run
from hitl_sim.learn.network import (
    ConvolutionConfig,
    TextConvolutionConfig,
    TransformerConfig,
)

NETWORKS = {
    "mlp": NetworkConfig((12, 7)),
    "cnn": NetworkConfig((6,), ConvolutionConfig((8, 8, 1), (4, 5))),
    "text_cnn": NetworkConfig((), TextConvolutionConfig(30, 64, 8, 6, (2, 3))),
    "transformer": NetworkConfig((5,), TransformerConfig(30, 64, 8, 2, 2)),
}


@pytest.fixture(params=["mlp", "text_cnn"])
def network(request):
    return NETWORKS[request.param]


@pytest.fixture(params=NETWORKS)
def any_network(request):
    """Where the order or the place of a layer matters."""
    return NETWORKS[request.param]


@pytest.fixture(scope="session")
def items():
    """Whole numbers that a text may have as well as an image."""
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.integers(0, 30, (9, 64)), jnp.float32)


@pytest.fixture(scope="session")
def levered(config_of, digits, hyper_of, seeds_of):
    """Return a function that runs an arm with levers."""

    @cache
    def compiled(intervention, lever):
        config = config_of(intervention)
        config = dataclasses.replace(config, lever=lever, num_leftover=1667)
        return jax.jit(build_run(config))

    def run(intervention, lever, replicate=0):
        program = compiled(intervention, lever)
        return program(seeds_of(replicate), hyper_of(), digits[1])

    return run
