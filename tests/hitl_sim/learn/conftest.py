import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.learn import Hyper, NetworkConfig, PanelConfig, RunConfig, Seeds
from hitl_sim.learn.crowd import Answers
from hitl_sim.learn.intervention import Program, Setting, Shape
from hitl_sim.learn.optimise import TrainConfig
from hitl_sim.task import Corruption, build_split, load_task
from oracles import build_population


@pytest.fixture(scope="session")
def digits():
    return load_task("digits")


@pytest.fixture(scope="session")
def program():
    train = TrainConfig(batch=8, steps_per_checkpoint=2, num_checkpoints=6)
    shape, panel = Shape(80, 64, 10, 16, 4), PanelConfig(3, 3, 1)
    return Program(shape, NetworkConfig((8,)), train, panel)


@pytest.fixture(scope="session")
def config_of(program):
    def build(intervention):
        return RunConfig(program, intervention, 30, 20)

    return build


@pytest.fixture(scope="session")
def hyper_of():
    def build(
        population="typical", kind="label", num_options=10, share=0.5, **parameters
    ):
        corruption = Corruption(jnp.float32(0.2), jnp.float32(0.1), jnp.float32(0.2))
        crowd = build_population(population, kind, num_options, **parameters)
        leaves = jax.tree.map(jnp.float32, crowd)
        return Hyper(
            {"learning_rate": jnp.float32(1e-2)},
            {"share": jnp.float32(share), "penalty": jnp.float32(0.1)},
            corruption,
            leaves,
        )

    return build


@pytest.fixture(scope="session")
def seeds_of():
    def build(replicate=0, stream=0, study=1):
        return Seeds(*(np.int32(n) for n in (study, replicate, stream)))

    return build


@pytest.fixture(scope="session")
def setting(digits):
    """Half of 80 items is clean; a fifth has no class, a fifth a wrong label."""
    data = digits[1]
    corruption = Corruption(jnp.float32(0.2), jnp.float32(0.1), jnp.float32(0.2))
    draw = jax.jit(build_split, static_argnums=(3, 4, 5))
    split = draw(jax.random.key(5), data, corruption, 80, 30, 20)
    return Setting(
        split,
        jnp.asarray(data.groups),
        jnp.asarray(data.importance),
        params={"share": jnp.float32(0.5), "penalty": jnp.float32(0.1)},
        optimiser={"learning_rate": jnp.float32(1e-2)},
    )


@pytest.fixture(scope="session")
def answers_of():
    """Three people who all give the same answers."""

    def build(answer):
        n = len(answer)
        everybody = jnp.repeat(answer[:, None], 3, axis=1)
        annotator = jnp.broadcast_to(jnp.arange(3)[None], (n, 3))
        return Answers(everybody, jnp.ones((n, 3), bool), annotator)

    return build
