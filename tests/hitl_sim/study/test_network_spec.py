import pytest

from hitl_sim import part
from hitl_sim.part import builtin
from hitl_sim.study.grid import expand
from hitl_sim.study.network_spec import NetworkSpec
from hitl_sim.study.spec import SpecError, convert


def network_of(tables, **network):
    return convert(tables | {"network": network}).network


PLAIN = {"dropout": 0.0, "precision": "float32"}


@pytest.mark.parametrize("kind", builtin("network"))
def test_a_kind_alone_takes_its_own_defaults(tables, kind):
    defaults = builtin("network")[kind].options
    assert network_of(tables, kind=kind).resolved() == {"kind": kind, **defaults}


def test_no_table_is_the_perceptron_of_before():
    assert NetworkSpec().resolved() == {"kind": "mlp", "hidden": (64,), **PLAIN}


def test_a_precision_is_part_of_what_fixes_a_network(tables):
    resolved = network_of(tables, precision="bfloat16").resolved()
    assert resolved["precision"] == "bfloat16"


def test_options_in_a_table_of_their_own_are_the_same(tables):
    beside = network_of(tables, hidden=[8], dropout=0.1)
    assert network_of(tables, options={"hidden": [8], "dropout": 0.1}) == beside
    assert beside.resolved()["hidden"] == (8,)


def test_an_option_that_is_given_twice_is_refused(tables):
    with pytest.raises(SpecError, match=r"`network.hidden` must be given once"):
        network_of(tables, hidden=[8], options={"hidden": [8]})


@part.network()
def own(inputs, *, width: int, names=("a",)):
    """A network that a study brings."""


def test_a_network_that_a_study_brings_has_options_as_a_built_in_one(tables):
    spec = NetworkSpec(kind="mine", options={"width": 3, "names": ["b"]})
    resolved = spec.resolved({"mine": own})
    assert resolved == {"kind": "mine", "width": 3, "names": ("b",)}
    with pytest.raises(ValueError, match=r"`network.width` must be given"):
        NetworkSpec(kind="mine").resolved({"mine": own})
    with pytest.raises(ValueError, match=r"`network.width` must be int, got 'wide'"):
        NetworkSpec(kind="mine", options={"width": "wide"}).resolved({"mine": own})


def test_a_network_with_numbers_that_are_traced_is_refused():
    with_params = part.network(params={"width": 1.0})(own.factory)
    with pytest.raises(ValueError, match=r"without params, .* got 'mine' with width"):
        NetworkSpec(kind="mine").part({"mine": with_params})


def test_a_precision_beside_methods_is_refused(tables):
    method = {"kind": "quantise", "form": "post_training"}
    arm = {"name": "int8", "kind": "whole_pool", "role": "arm", "method": [method]}
    tables["arm"].append(arm)
    convert(tables)
    with pytest.raises(SpecError, match=r"`network.precision` .* with arm 'int8'"):
        network_of(tables, precision="bfloat16")


def test_a_parameter_that_is_given_replaces_the_default(tables):
    resolved = network_of(tables, kind="cnn", channels=[4], hidden=[8]).resolved()
    sizes = {"hidden": (8,), "channels": (4,), "kernel": 3}
    assert resolved == {"kind": "cnn", **sizes, **PLAIN}


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"kind": "rnn"}, "`network.kind` must be one of 'cnn', .* got 'rnn'"),
        ({"heads": 2}, "`network.heads` must be left out .* 'mlp', .* got 2"),
        (
            {"kind": "linear", "hidden": [4]},
            r"'linear', which has precision, got \(4,\)",
        ),
        ({"kind": "cnn", "widths": [2]}, "`network.widths` must be left out .* 'cnn'"),
        ({"kind": "cnn", "channels": []}, "`network.channels` must be .* length >= 1"),
        (
            {"precision": "float16"},
            "must be one of 'float32', 'bfloat16', got 'float16'",
        ),
        ({"hidden": "wide"}, "`network.hidden` must be array, got 'wide'"),
        ({"dropout": 1.0}, "`network.dropout` must be float < 1.0, got 1.0"),
        ({"hidden": {"first": 4}}, "`network.hidden` must be no table"),
        ({"kind": "text_cnn", "filters": 0}, "`network.filters` must be int >= 1"),
    ],
)
def test_parameters_that_do_not_suit_the_kind_are_refused(tables, network, message):
    with pytest.raises(SpecError, match=message):
        network_of(tables, **network)


def test_a_default_written_out_is_the_same_network(tables):
    written = tables | {"network": {"kind": "mlp", "hidden": [64]}}
    del tables["network"]
    one, two = (expand(convert(t))[0].static("hash") for t in (tables, written))
    assert one["network"] == two["network"]


def test_every_parameter_of_a_network_is_in_its_program(tables):
    names = {"kind": "text_cnn"}
    plain = expand(convert(tables | {"network": names}))[0].static("hash")
    for parameter in (
        {"filters": 5},
        {"widths": [2]},
        {"embedding": 8},
        {"hidden": [3]},
    ):
        other = expand(convert(tables | {"network": names | parameter}))[0].static(
            "hash"
        )
        assert other != plain


def test_axes_name_options_beside_the_kind_or_in_their_table(tables):
    for field in ("network.hidden", "network.options.hidden"):
        tables["axis"] = [{"field": field, "values": [4, 8]}]
        found = {c.network.resolved()["hidden"] for c in expand(convert(tables))}
        assert found == {(4,), (8,)}


def test_axes_name_options_of_every_kind_that_is_swept(tables):
    tables["axis"] = [
        {"field": "network.kind", "values": ["linear", "mlp"], "link": "size"},
        {
            "field": "network.precision",
            "values": ["float32", "bfloat16"],
            "link": "size",
        },
    ]
    tables["network"] = {"kind": "linear"}
    found = {tuple(c.network.resolved().values()) for c in expand(convert(tables))}
    assert found == {("linear", "float32"), ("mlp", (64,), 0.0, "bfloat16")}
