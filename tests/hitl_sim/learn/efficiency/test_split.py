import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.learn import NetworkConfig, describe_halves, describe_work
from hitl_sim.learn.efficiency.prune import PruneMethod
from hitl_sim.learn.efficiency.split import (
    SplitMethod,
    decode_features,
    encode_features,
    halves,
)
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimise import TrainConfig, in_use, init_learner

SIZES = (64, 10)
RATES = {"learning_rate": jnp.float32(0.05)}
NETWORK = NetworkConfig((12, 7))


@pytest.fixture(scope="module", params=[0, 1, 2])
def split(request):
    return SplitMethod(after=request.param, bits=2)


def _params():
    return build_network(NETWORK, *SIZES).init(jax.random.key(2))


@pytest.fixture
def answers(items, phases_of):
    return lambda split: _answers(items, *phases_of(NETWORK, split))


def _answers(items, form):
    learner = init_learner(jax.random.key(2), form.network, TrainConfig(), RATES)
    return jax.jit(lambda learner: in_use(form.network, learner)(items))(learner)


def test_two_halves_answer_as_the_split_network_does(items, split, answers):
    near, far = halves(NETWORK, SIZES, split)
    found = jax.jit(lambda params: far(params, near(params, items)))(_params())
    want = answers(split)
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-5)
    plain = jax.jit(build_network(NETWORK, *SIZES).apply)(_params(), items)
    assert not np.allclose(want, plain, rtol=1e-2, atol=1e-2)


def test_a_cut_before_the_first_layer_sends_the_input(items):
    near, _ = halves(NETWORK, SIZES, SplitMethod(after=0, bits=3))
    sent = near(_params(), items)
    rounded = sent.least + sent.level * sent.step
    np.testing.assert_allclose(rounded, decode_features(encode_features(items, 3)))
    assert int(sent.level.max()) == 7


def test_many_bits_change_no_answer(items, answers):
    plain = jax.jit(build_network(NETWORK, *SIZES).apply)(_params(), items)
    found = answers(SplitMethod(after=1, bits=16))
    np.testing.assert_allclose(found, plain, rtol=1e-3, atol=1e-3)


def _config(config_of, *methods):
    return config_of(WholePoolArm(name="a", role="control", method=methods))


def test_the_halves_do_the_work_of_the_whole(config_of):
    config = _config(config_of, SplitMethod(after=1, bits=4))
    halves = describe_halves(config)
    (whole,) = (u.unit for u in describe_work(config) if u.unit.name == halves.whole)
    counts = [
        count_operations(unit.program, *unit.args).total_flops
        for unit in (halves.device, halves.server, whole)
    ]
    assert counts[0] + counts[1] == counts[2]
    assert counts[0] > counts[1] > 0
    assert (halves.num_inputs, halves.num_features, halves.beside_b) == (64, 8, 8)


def test_a_pruned_network_sends_what_is_left_of_its_features(config_of):
    prune = PruneMethod(share=0.5, form="structured", after=1)
    halves = describe_halves(_config(config_of, SplitMethod(after=1, bits=4), prune))
    assert halves.num_features == 4
    assert halves.whole == "evaluate:64-4-10:class:n30:split1b4"


def test_a_network_that_is_whole_has_no_halves(config_of):
    assert describe_halves(config_of(WholePoolArm(name="a", role="control"))) is None


def test_training_is_that_of_the_plain_network(config_of, phases_of):
    names = [
        {u.unit.name for u in describe_work(c) if u.unit.phase == "train"}
        for c in (
            _config(config_of, SplitMethod(after=1, bits=4)),
            config_of(WholePoolArm(name="a", role="control")),
        )
    ]
    assert names[0] == names[1]
    (form,) = phases_of(NETWORK, SplitMethod(after=0, bits=4))
    assert jnp.isfinite(_answers(jnp.zeros((2, 64)), form)).all()
