import jax
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.learn.network import build_network
from hitl_sim.study.estimate import network_size
from hitl_sim.study.network import network_config
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.task import load_task


@pytest.fixture(scope="module")
def infos():
    tokens = load_task("docstrings", num_features=64, representation="tokens")[0]
    return {"image": load_task("digits")[0], "tokens": tokens}


@pytest.mark.parametrize(
    ("kind", "task", "rest"),
    [
        ("linear", "image", 0.01),
        ("mlp", "image", 0.02),
        ("cnn", "image", 0.02),
        ("text_cnn", "tokens", 0.05),
        # the norms and the softmax of a small transformer are no small part of it
        ("transformer", "tokens", 0.25),
    ],
)
def test_the_estimate_of_a_network_is_its_program_but_for_the_small_parts(
    infos, kind, task, rest
):
    spec, info = NetworkSpec(kind=kind), infos[task]
    network = build_network(
        network_config(spec, info), info.num_features, info.num_classes
    )
    params = jax.eval_shape(network.init, jax.random.key(0))
    size = network_size(spec, info)
    x = jax.ShapeDtypeStruct((1, info.num_features), "float32")
    counted = count_operations(network.apply, params, x).flops["float32"]
    assert 0 <= counted / (2 * size.products) - 1 < rest
    weights = sum(leaf.size for leaf in jax.tree.leaves(params) if leaf.ndim == 2)
    assert size.weights == weights
