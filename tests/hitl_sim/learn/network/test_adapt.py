"""Networks that are not ours: flax modules with state, and plain functions."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from hitl_sim.energy import count_operations
from hitl_sim.learn.network import Inputs, PartNetwork, build_network
from hitl_sim.learn.network.adapt import from_init_apply, from_linen, from_nnx
from hitl_sim.learn.optimise import (
    TrainConfig,
    TrainSet,
    fit,
    in_use,
    init_learner,
    train_steps,
)
from hitl_sim.learn.work import train_unit
from oracles import part

WIDTH, NUM_STEPS = 8, 6
RATES = {"learning_rate": jnp.float32(0.05)}


class Net(nnx.Module):
    """A hidden layer with batch norm and dropout; no bias that the norm takes away."""

    def __init__(self, inputs, rngs):
        self.first = nnx.Linear(inputs.num_features, WIDTH, use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(WIDTH, rngs=rngs)
        self.drop = nnx.Dropout(0.25, rngs=rngs)
        self.last = nnx.Linear(WIDTH, inputs.num_classes, rngs=rngs)

    def embed(self, x, mask=None):
        rows = None if mask is None else mask[:, None]
        return nnx.relu(self.norm(self.first(x), mask=rows))

    def __call__(self, x, mask=None):
        return self.last(self.drop(self.embed(x, mask)))


class Unmasked(Net):
    """The same, blind to padding."""

    def __call__(self, x):
        return self.last(self.drop(self.embed(x)))


class Linen(linen.Module):
    """The same in the other dialect."""

    num_classes: int

    @linen.compact
    def __call__(self, x, deterministic=True, use_running_average=True, mask=None):
        rows = None if mask is None else mask[:, None]
        x = linen.Dense(WIDTH, use_bias=False)(x)
        x = linen.BatchNorm(use_running_average=use_running_average)(x, mask=rows)
        x = linen.Dropout(0.25, deterministic=deterministic)(linen.relu(x))
        return linen.Dense(self.num_classes)(x)


@part.network(version=2)
def nnx_net(inputs, *, blind=False):
    kind = Unmasked if blind else Net
    return from_nnx(lambda rngs: kind(inputs, rngs), inputs)


@part.network()
def linen_net(inputs):
    return from_linen(Linen(inputs.num_classes), inputs)


PARTS = {"nnx": nnx_net, "linen": linen_net}


@cache
def config_of(name, **options):
    return PartNetwork(PARTS[name], tuple(options.items()), Inputs(4, 3))


@pytest.fixture(params=PARTS)
def network(request):
    return build_network(config_of(request.param), 4, 3)


def items(room, num_items=12):
    y = jnp.arange(20) % 3
    x = jax.random.normal(jax.random.key(1), (20, 4)) * 0.3
    x = x.at[jnp.arange(20), y].add(1.0)
    return TrainSet(x, y, jnp.arange(room), jnp.int32(num_items))


def trained(network, batch, room=12, key=2):
    config = TrainConfig(batch, NUM_STEPS, 1)

    @jax.jit
    def run():
        start = init_learner(jax.random.key(0), network, config, RATES)
        args = (config, start, RATES, items(room), NUM_STEPS)
        return train_steps(jax.random.key(key), network, *args)

    return run()


def test_training_renews_the_state_that_the_network_in_use_reads(network):
    start = init_learner(jax.random.key(0), network, TrainConfig(8), RATES)
    learner = trained(network, 8)
    before, after = (jax.tree.leaves(each.state) for each in (start, learner))
    assert [leaf.shape for leaf in before] == [(WIDTH,), (WIDTH,)]
    assert all(not np.allclose(a, b) for a, b in zip(before, after, strict=True))
    x = items(12).features
    stale = network.apply(network.training.join(learner.params, start.state), x)
    assert not np.allclose(in_use(network, learner)(x), stale, atol=1e-3)


def test_the_network_in_use_answers_each_item_by_itself(network):
    answer = in_use(network, trained(network, 8))
    x = items(12).features
    alone = jnp.concatenate([answer(row[None]) for row in x])
    np.testing.assert_allclose(answer(x), alone, rtol=1e-5, atol=1e-5)


def test_one_key_gives_the_same_bytes_and_another_others(network):
    ends = [jax.tree.leaves(trained(network, 8, key=key)) for key in (2, 2, 3)]
    assert all(np.array_equal(a, b) for a, b in zip(*ends[:2], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(*ends[1:], strict=True))


@pytest.mark.parametrize("room", [16, 20])
def test_padding_enters_neither_weights_nor_batch_statistics(network, room):
    own, padded = (trained(network, None, n) for n in (12, room))
    for a, b in zip(*map(jax.tree.leaves, (own, padded)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_a_module_that_takes_no_mask_is_refused_where_rows_are_padding():
    blind = build_network(config_of("nnx", blind=True), 4, 3)
    with pytest.raises(ValueError, match=r"`training.batch` must be a number .* 'all'"):
        trained(blind, None)
    assert trained(blind, 8).state is not None


def test_runs_that_are_mapped_agree_with_the_plain_one(network):
    def run(rate):
        rates = {"learning_rate": rate}
        args = (TrainConfig(8), rates, items(12), NUM_STEPS)
        return fit(jax.random.key(4), network, *args)

    mapped = jax.jit(jax.vmap(run))(jnp.array([0.05, 0.1]))
    plain = jax.jit(run)(jnp.float32(0.1))
    for a, b in zip(*map(jax.tree.leaves, (mapped, plain)), strict=True):
        np.testing.assert_allclose(a[1], b, rtol=1e-4, atol=1e-5)


def test_a_sample_drops_but_leaves_batch_statistics_as_they_are(network):
    params = network.init(jax.random.key(0))
    x = items(12).features
    drawn = network.sample(jax.random.key(1), params, x)
    assert not np.allclose(drawn, network.apply(params, x))
    first = network.sample(jax.random.key(1), params, x[:1])
    # one row is dropped alike among others, since their statistics are not its own
    np.testing.assert_allclose(first, drawn[:1], rtol=1e-5, atol=1e-5)


def test_products_are_those_of_a_hand_count_and_random_bits_stand_apart():
    config, n, batch = config_of("nnx"), 12, 8
    unit = train_unit(
        "train", config, TrainConfig(batch), n, 4, 3, built=build_network(config, 4, 3)
    )
    counted = count_operations(unit.program, *unit.args)
    # forward, and both gradients but that of the items
    by_hand = 2 * batch * (2 * 4 * WIDTH + 3 * WIDTH * 3)
    assert counted.matrix_flops == {"float32 default": by_hand * unit.items}
    # a word for each number that may drop and each item drawn, 60 operations a word
    words = batch * WIDTH + batch
    # beside them the keys themselves, 2 words each, of which a step folds a few
    at_least, most = 60 * words, 60 * (words + 2 * 8)
    assert at_least <= counted.random_flops / unit.items <= most
    assert counted.random_flops <= counted.flops["uint32"]
    assert unit.name == "train:4-(nnx_net.v2)-3:b8:n12"


def test_a_pair_of_functions_is_a_network():
    def sample(key, params, x):
        return (x + 0.1 * jax.random.normal(key, x.shape)) @ params

    network = from_init_apply(
        lambda key: jax.random.normal(key, (4, 3)), lambda p, x: x @ p, sample=sample
    )
    plain = network._replace(sample=None, training=None)
    noisy, still = (trained(net, 8).params for net in (network, plain))
    assert not np.allclose(noisy, still)
    assert network.embed is None


def test_what_a_module_shows_of_itself_is_its_last_hidden_layer():
    network = build_network(config_of("nnx"), 4, 3)
    params = network.init(jax.random.key(0))
    hidden = network.embed(params, items(12).features)
    last = params.trained["last"]
    logits = hidden @ last["kernel"][...] + last["bias"][...][None]
    np.testing.assert_allclose(
        logits, network.apply(params, items(12).features), rtol=1e-5, atol=1e-5
    )


def test_what_returns_no_network_is_refused():
    broken = part.network()(lambda inputs: 3)
    with pytest.raises(ValueError, match="must return a `Network`, got int"):
        build_network(PartNetwork(broken, (), Inputs(4, 3)), 4, 3)


def test_a_network_is_built_once_to_tell_its_size():
    builds = []

    @part.network()
    def counted(inputs):
        builds.append(inputs)
        return linen_net(inputs)

    sizes = [PartNetwork(counted, (), Inputs(4, 3)).size(4, 3) for _ in range(2)]
    assert sizes[0] == sizes[1] == config_of("linen").size(4, 3)
    assert len(builds) == 1
