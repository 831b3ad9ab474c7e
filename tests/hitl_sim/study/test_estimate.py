from dataclasses import replace
from pathlib import Path

import jax
import msgspec
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.learn.network import build_network
from hitl_sim.study.estimate import worker_mib
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.study.plan import build_plan
from hitl_sim.study.program import network_config
from hitl_sim.study.spec import load_spec
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
    config, sizes = network_config(spec, info), (info.num_features, info.num_classes)
    network = build_network(config, *sizes)
    params = jax.eval_shape(network.init, jax.random.key(0))
    size = config.size(*sizes)
    x = jax.ShapeDtypeStruct((1, info.num_features), "float32")
    counted = count_operations(network.apply, params, x).flops["float32"]
    assert 0 <= counted / (2 * size.products) - 1 < rest
    weights = sum(leaf.size for leaf in jax.tree.leaves(params) if leaf.ndim == 2)
    assert size.weights == weights


SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"


def memory_of(network="mlp", *, pool=1000, num_items=2000, arm="control"):
    """Memory of a worker that computes one arm on 28 x 28 pictures, MiB."""
    plan = build_plan(load_spec(SMOKE))
    condition = next(c for c in plan.conditions if c.arm.name == arm)
    task = msgspec.structs.replace(condition.task, pool=pool)
    spec = msgspec.structs.replace(
        condition.spec,
        network=NetworkSpec(kind=network),
        task={condition.task_name: task},
    )
    condition = replace(condition, spec=spec)
    info = plan.infos[condition.task_name]
    shape = (28, 28, 1)
    info = replace(info, num_items=num_items, num_features=784, shape=shape)
    return worker_mib(2, [condition], {condition.task_name: info})


def test_the_memory_of_a_worker_grows_with_the_data_it_holds():
    grown = memory_of(num_items=22_000) - memory_of()
    assert grown == pytest.approx(2 * 20_000 * 784 * 4 / 2**20)


def test_people_and_convolutions_take_more_memory_to_compile():
    assert memory_of("cnn") > memory_of() + 50
    assert memory_of(arm="margin_labels") > memory_of() + 200


def test_a_large_pool_takes_memory_where_it_is_scored():
    # 15,000 pictures through a layer of 7 x 7 places, 144 read and 32 written each
    alive = 60_000 * 49 * 176 * 4 / 2**20
    assert memory_of("cnn", pool=60_000) == memory_of("cnn")
    scored = memory_of("cnn", pool=60_000, arm="margin_labels")
    assert alive < scored < alive + 1_000
