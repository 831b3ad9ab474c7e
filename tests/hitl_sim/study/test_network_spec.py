import pytest

from hitl_sim.study.grid import expand
from hitl_sim.study.network_spec import DIALS, NetworkSpec
from hitl_sim.study.spec import SpecError, convert


def network_of(tables, **network):
    return convert(tables | {"network": network}).network


@pytest.mark.parametrize("kind", DIALS)
def test_a_kind_alone_takes_its_own_defaults(tables, kind):
    assert network_of(tables, kind=kind).resolved() == {"kind": kind, **DIALS[kind]}


def test_no_table_is_the_perceptron_of_before():
    assert NetworkSpec().resolved() == {"kind": "mlp", "hidden": (64,)}


def test_a_precision_is_part_of_what_fixes_a_network(tables):
    resolved = network_of(tables, precision="bfloat16").resolved()
    assert resolved == {"kind": "mlp", "hidden": (64,), "precision": "bfloat16"}


def test_a_precision_beside_levers_is_refused(tables):
    lever = {"kind": "quantise", "form": "post_training"}
    arm = {"name": "int8", "kind": "whole_pool", "role": "arm", "lever": [lever]}
    tables["arm"].append(arm)
    convert(tables)
    with pytest.raises(SpecError, match=r"`network.precision` .* with arm 'int8'"):
        network_of(tables, precision="bfloat16")


def test_a_dial_that_is_given_replaces_the_default(tables):
    resolved = network_of(tables, kind="cnn", channels=[4], hidden=[8]).resolved()
    assert resolved == {"kind": "cnn", "hidden": (8,), "channels": (4,), "kernel": 3}


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"kind": "rnn"}, "`network.kind` must be one of 'linear', .* got 'rnn'"),
        ({"heads": 2}, "`network.heads` must be left out .* 'mlp', .* got 2"),
        (
            {"kind": "linear", "hidden": [4]},
            r"'linear', which has no dials, got \(4,\)",
        ),
        ({"kind": "cnn", "widths": [2]}, "`network.widths` must be left out .* 'cnn'"),
        ({"kind": "cnn", "channels": []}, "`network.channels` must be .* length >= 1"),
        (
            {"kind": "transformer", "embedding": 10},
            r"`network.heads` must divide `network.embedding` \(10\), got 4",
        ),
        (
            {"precision": "float16"},
            "must be one of 'float32', 'bfloat16', got 'float16'",
        ),
        ({"kind": "text_cnn", "filters": 0}, "`network.filters` must be int >= 1"),
    ],
)
def test_dials_that_do_not_suit_the_kind_are_refused(tables, network, message):
    with pytest.raises(SpecError, match=message):
        network_of(tables, **network)


def test_a_default_written_out_is_the_same_network(tables):
    written = tables | {"network": {"kind": "mlp", "hidden": [64]}}
    del tables["network"]
    one, two = (expand(convert(t))[0].static("hash") for t in (tables, written))
    assert one["network"] == two["network"]


def test_every_dial_of_a_network_is_in_its_program(tables):
    names = {"kind": "text_cnn"}
    plain = expand(convert(tables | {"network": names}))[0].static("hash")
    for dial in ({"filters": 5}, {"widths": [2]}, {"embedding": 8}, {"hidden": [3]}):
        other = expand(convert(tables | {"network": names | dial}))[0].static("hash")
        assert other != plain
