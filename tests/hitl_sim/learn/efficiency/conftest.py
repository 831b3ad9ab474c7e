import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from msgspec.structs import replace

from hitl_sim.learn import NetworkConfig, TrainConfig, build_run
from hitl_sim.learn.efficiency import Host, build_course
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.network.text_cnn import TextConvolutionConfig
from hitl_sim.learn.network.transformer import TransformerConfig

NETWORKS = {
    "mlp": NetworkConfig((12, 7)),
    "cnn": NetworkConfig((6,), ConvolutionConfig((8, 8, 1), (4, 5))),
    "text_cnn": NetworkConfig((), TextConvolutionConfig(30, 64, 8, 6, (2, 3))),
    "transformer": NetworkConfig((5,), TransformerConfig(30, 64, 8, 2, 2)),
}


QUICKLY = {"xla_backend_optimization_level": 0}
"""Options of a compiler that is to be done soon: programs here run once."""


@pytest.fixture(autouse=True)
def _simple_numbers():
    """Draw by a generator that compiles in a third of the time; no test needs bits."""
    with jax.default_prng_impl("unsafe_rbg"):
        yield


@pytest.fixture(scope="session")
def once():
    """Return a function that compiles another in one piece, and calls it."""

    def call(function, *args):
        return jax.jit(function, compiler_options=QUICKLY)(*args)

    return call


@pytest.fixture(scope="session")
def networks():
    return NETWORKS


@pytest.fixture
def network():
    """A network whose last layer reads several others, and vectors of words."""
    return NETWORKS["text_cnn"]


@pytest.fixture(params=NETWORKS)
def any_network(request):
    """Where the order or the place of a layer matters."""
    return NETWORKS[request.param]


@pytest.fixture(scope="session")
def items():
    """Whole numbers that a text may have as well as an image."""
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.integers(0, 30, (4, 64)), jnp.float32)


@pytest.fixture(scope="session")
def phases_of():
    """Return a function that says what methods make of a network, phase by phase."""

    def phases(network, *methods, known=None, rates=None):
        host = Host(network, (64, 10), TrainConfig())
        return build_course(host, methods, {}, rates or {}, known).phases

    return phases


@pytest.fixture(scope="session")
def run_with_methods(config_of, digits, hyper_of, seeds_of):
    """Return a function that runs an arm with methods."""

    built = {}

    def compiled(intervention, methods):
        name = (repr(intervention), methods)
        if name not in built:
            config = config_of(replace(intervention, method=methods))
            config = dataclasses.replace(config, num_leftover=1667)
            built[name] = jax.jit(build_run(config), compiler_options=QUICKLY)
        return built[name]

    def run(intervention, methods, replicate=0, data=None):
        program = compiled(intervention, methods)
        return program(seeds_of(replicate), hyper_of(), data or digits[1])

    return run
