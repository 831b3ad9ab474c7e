"""Operations of the networks, against counts made by hand."""

import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.energy.flatten import flatten
from hitl_sim.energy.flop import count_flops
from hitl_sim.learn.network import NetworkConfig, build_network
from hitl_sim.learn.network.cnn import ConvolutionConfig
from hitl_sim.learn.network.text_cnn import TextConvolutionConfig
from hitl_sim.learn.network.transformer import TransformerConfig

B, K = 3, 5


def program_of(encoder):
    network = build_network(NetworkConfig((), encoder), encoder.num_features, K)
    params = jax.eval_shape(network.init, jax.random.key(0))

    def inputs(num_items):
        return jax.ShapeDtypeStruct((num_items, encoder.num_features), jnp.float32)

    return network.apply, params, inputs


def test_a_convolution_counts_each_tap_of_each_place_and_its_bias_and_rectifier():
    apply, params, inputs = program_of(ConvolutionConfig((7, 6, 2), (4, 8), 3))
    # 7 x 6 becomes 4 x 3, then 2 x 2; 3 x 3 taps of every channel
    first, second = B * 12 * 4 * (2 * 9 * 2 + 2), B * 4 * 8 * (2 * 9 * 4 + 2)
    dense = B * K * (2 * 4 * 8 + 1)
    counted = count_operations(apply, params, inputs(B))
    assert counted.flops["float32"] == first + second + dense
    assert counted.notes == ()


def test_a_text_convolution_counts_windows_maxima_and_no_lookup():
    config = TextConvolutionConfig(11, 8, 4, 5, (2, 3))
    apply, params, inputs = program_of(config)
    by_width = [
        # product, bias and rectifier at each place, then the maximum over places
        B * (8 - w + 1) * 5 * (2 * w * 4 + 2) + B * 5 * (8 - w)
        for w in (2, 3)
    ]
    # a place without a word is zeroed: one choice per number
    zeroed, dense = B * 8 * 4, B * K * (2 * 10 + 1)
    counted = count_operations(apply, params, inputs(B))
    assert counted.flops["float32"] == sum(by_width) + zeroed + dense


def test_attention_counts_the_square_of_the_length_in_its_products():
    length, width, layers = 6, 8, 2
    config = TransformerConfig(11, length, width, 4, layers)
    apply, params, inputs = program_of(config)
    jaxpr = jax.make_jaxpr(apply)(params, inputs(B))
    products = sum(
        count_flops(equation)[1]
        for equation in flatten(jaxpr).equations
        if equation.name == "dot_general"
    )
    words = B * length
    # query, key, value, output; up and down by four widths; fits and mixtures
    block = 2 * words * (4 + 8) * width**2 + 2 * 2 * B * length**2 * width
    assert products == layers * block + 2 * B * width * K


@pytest.mark.parametrize(
    "encoder",
    [ConvolutionConfig((7, 6, 2)), TransformerConfig(11, 6, 8, 4)],
)
def test_items_in_pieces_count_as_often_as_there_are(encoder):
    apply, params, inputs = program_of(encoder)
    one, many = (
        count_operations(apply, params, inputs(n)).flops["float32"] for n in (1, 150)
    )
    assert many == pytest.approx(150 * one, rel=1e-12)
