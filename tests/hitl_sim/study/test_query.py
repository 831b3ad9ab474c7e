"""Queries counted anew for a batch, from the study alone."""

import pytest

from hitl_sim.analysis.run.usage import price_units
from hitl_sim.cost.query import QUERY
from hitl_sim.energy import load_profile
from hitl_sim.energy.memory import FORMATS, ModelShape, moved_bytes
from hitl_sim.learn import NetworkConfig, Query, describe_work
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.network.transformer import TransformerConfig
from hitl_sim.study import worker
from hitl_sim.study.grid import expand
from hitl_sim.study.query import count_queries, sizes_of
from hitl_sim.study.spec import convert, validate

pytest.importorskip("qwix")

NAME = "evaluate:64-256-10:class:n297"
WEIGHTS = 64 * 256 + 256 + 256 * 10 + 10


@pytest.fixture(scope="module")
def conditions():
    whole = {"kind": "whole_pool", "role": "arm"}
    after = {"kind": "quantise", "form": "post_training"}
    cut = {"kind": "split", "after": 1, "bits": 4}
    sizes = {"pool": 800, "validation": 297, "test": 300}
    tables = {
        "question": "What does a query take?",
        "seed": 0,
        "replicates": 2,
        "smallest_effect": 0.05,
        "device": "laptop-cpu",
        "task": {"digits": {"source": "digits", **sizes}},
        "network": {"hidden": [256]},
        "training": {"learning_rate": 1e-3},
        "arm": [
            {**whole, "name": "control", "role": "control"},
            {**whole, "name": "rounded", "method": [after]},
            {**whole, "name": "split", "method": [cut]},
        ],
        "prices": {"boundary": "device_only", "label_cost": "sunk", "waiting": "held"},
    }
    return expand(validate(convert(tables)))


@pytest.fixture(scope="module")
def alone(conditions):
    return count_queries(conditions, 1)


@pytest.fixture(scope="module")
def control(conditions):
    return next(c for c in conditions if c.role == "control")


def test_one_query_reads_every_weight_and_launches_every_kernel(alone, control):
    one = alone[NAME]["query"]
    assert one["batch"] == 1
    assert 4 * WEIGHTS < one["bytes_moved"] < 1.1 * 4 * WEIGHTS
    many = count_queries([control], 512)[NAME]["query"]
    assert many["num_kernels"] * 512 == pytest.approx(one["num_kernels"])
    shared = 4 * WEIGHTS * (1 - 1 / 512)
    assert one["bytes_moved"] - many["bytes_moved"] == pytest.approx(shared, rel=0.01)


def test_one_query_alone_takes_many_times_the_joules(alone, control):
    """Launches and weights are paid by one item, not by 297."""
    info, data = worker.data_of(control)
    work = describe_work(worker.run_config(control, info, data))
    unit = next(line.unit for line in work if line.unit.name == NAME)
    units = {NAME: worker.count_unit(unit), f"{QUERY}{NAME}": alone[NAME]["query"]}
    costs = price_units(units, load_profile("laptop-cpu"))
    ratio = costs[f"{QUERY}{NAME}"].joules.value / costs[NAME].joules.value
    assert 5.0 < ratio < 297.0


def test_counts_of_the_program_are_near_the_bytes_by_hand(alone):
    """What lies between products adds a few per cent, in float32 and in int8."""
    shape = ModelShape.from_json(alone[NAME]["shape"])
    (rounded,) = (name for name in alone if ":int8" in name)
    for name, kept in ((NAME, FORMATS[1]), (rounded, FORMATS[2])):
        counted = alone[name]["query"]["bytes_moved"]
        assert 1.0 < counted / float(moved_bytes(shape, kept, 1)) < 1.12


def test_halves_of_a_split_network_are_counted_in_the_same_batch(alone):
    query = alone[f"{NAME}:split1b4"]["query"]
    parts = [query["halves"][half]["num_kernels"] for half in ("device", "server")]
    assert all(kernels == round(kernels) >= 1 for kernels in parts)


def test_sizes_come_without_a_batch_and_the_batch_of_a_study_needs_no_unit(control):
    assert set(count_queries([control], None)[NAME]) == {"shape"}
    assert "query" not in count_queries([control], 297)[NAME]


@pytest.mark.parametrize(
    ("config", "sizes", "mixed"),
    [
        (NetworkConfig((16,), ConvolutionConfig((8, 8, 1), (4,))), (64, 10), 0),
        # two heads: 6 x 4 by 4 x 6, and 6 x 6 by 6 x 4, each written once
        (
            NetworkConfig((), TransformerConfig(100, 6, 8, 2)),
            (6, 3),
            2 * ((24 + 24 + 36) + (36 + 24 + 24)),
        ),
    ],
    ids=["cnn", "transformer"],
)
def test_only_attention_multiplies_without_weights(config, sizes, mixed):
    found = ModelShape.from_json(sizes_of(Query("", None, config, sizes)))
    assert found.num_mixed == mixed
    assert found.chunk == 64
