import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.energy.flatten import flatten
from hitl_sim.energy.flop import count_flops
from hitl_sim.learn import NetworkConfig, TrainConfig
from hitl_sim.learn.efficiency.layout import (
    best_units,
    close_units,
    layout_of,
    shrink,
    weigh_units,
)
from hitl_sim.learn.network import build_network
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.work import forward_unit, train_unit

SIZES = (64, 10)
SHARE = 0.4


def _parts(network):
    plain = build_network(network, *SIZES)
    leaves = jax.tree.leaves(plain.init(jax.random.key(1)))
    return plain, layout_of(plain), network.units(), leaves


def test_a_network_without_its_closed_units_computes_what_it_did(
    any_network, items, once
):
    def answers():
        plain, layout, layers, leaves = _parts(any_network)
        kept = best_units(weigh_units(layout, layers, leaves), SHARE)
        gates = [
            jnp.zeros(layer.num_units).at[stay].set(1.0)
            for layer, stay in zip(layers, kept, strict=True)
        ]
        closed = layout.unflatten(close_units(layout, layers, leaves, gates))
        small = build_network(any_network.shrink(SHARE), *SIZES)
        cut = layout_of(small).unflatten(shrink(layout, layers, leaves, kept))
        whole = plain.apply(layout.unflatten(leaves), items)
        return small.apply(cut, items), plain.apply(closed, items), whole

    found, want, whole = once(answers)
    assert not np.allclose(want, whole)
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)


def test_the_small_network_has_the_shapes_of_its_config(any_network):
    def shrunk():
        _, layout, layers, leaves = _parts(any_network)
        kept = best_units(weigh_units(layout, layers, leaves), SHARE)
        return shrink(layout, layers, leaves, kept)

    small = build_network(any_network.shrink(SHARE), *SIZES)
    shapes = jax.eval_shape(small.init, jax.random.key(0))
    want = [a.shape for a in jax.tree.leaves(shapes)]
    assert [a.shape for a in jax.eval_shape(shrunk)] == want


def test_units_of_least_absolute_weight_go():
    network = NetworkConfig((4,))
    _, layout, layers, leaves = _parts(network)
    size = jnp.array([3.0, 0.1, 2.0, 0.2])
    leaves = list(leaves)
    leaves[layout.at("layers.0.kernel")] = -jnp.ones((64, 4)) * size[None]
    kept = best_units(weigh_units(layout, layers, leaves), 0.5)
    assert kept[0].tolist() == [0, 2]


def _dense_forward(widths):
    """Operations on one item: products, biases, rectifiers, and the largest logit."""
    pairs = itertools.pairwise(widths)
    products = sum(2 * a * b + b for a, b in pairs)
    return products + sum(widths[1:-1]) + widths[-1] - 1


def _look(config):
    def decide(logits):
        return logits.argmax(axis=1)

    built = build_network(config, *SIZES)
    return forward_unit("evaluate", config, 50, *SIZES, decide, "class", built=built)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_pruned_perceptron_is_predicted_to_the_operation(share):
    hidden = (64, 40)
    left = [max(n - int(share * n + 1e-9), 1) for n in hidden]
    unit = _look(NetworkConfig(hidden).shrink(share))
    counted = count_operations(unit.program, *unit.args)
    assert counted.flops == {"float32": 50 * _dense_forward((64, *left, 10))}


def test_a_pruned_convolution_is_predicted_to_the_operation():
    """8 x 8 pixels become 4 x 4 places of 2 channels, then 2 x 2 of 3."""
    network = NetworkConfig((), ConvolutionConfig((8, 8, 1), (4, 6)))
    unit = _look(network.shrink(0.5))
    layers = 16 * (2 * 9 * 1 * 2 + 2 + 2) + 4 * (2 * 9 * 2 * 3 + 3 + 3)
    counted = count_operations(unit.program, *unit.args)
    assert counted.flops == {"float32": 50 * (layers + _dense_forward((4 * 3, 10)))}


def _products(jaxpr):
    """Count the operations of matrix products alone; what nobody reads is left out."""
    for equation in flatten(jaxpr).equations:
        if equation.name == "dot_general":
            yield count_flops(equation)[1]
        if equation.name == "scan":
            inner = _products(equation.params["jaxpr"])
            yield from (equation.params["length"] * count for count in inner)


def test_products_of_a_pruned_training_step_are_predicted():
    """Forward and both gradients, but none by the items themselves."""
    config = NetworkConfig((64,)).shrink(0.5)
    built = build_network(config, *SIZES)
    unit = train_unit("train", config, TrainConfig(batch=32), 800, *SIZES, built=built)
    want = 32 * (2 * 2 * 64 * 32 + 3 * 2 * 32 * 10)
    jaxpr = jax.make_jaxpr(unit.program)(*unit.args)
    assert sum(_products(jaxpr)) / unit.items == want
