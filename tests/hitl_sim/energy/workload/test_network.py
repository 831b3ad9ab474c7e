"""Closed forms of operations against numbers that others published or counted."""

import jax
import jax.numpy as jnp
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.energy.workload import Residual, Transformer, dense
from hitl_sim.energy.workload.network import ATTENTION, BLOCKS, OUTPUT, STEM

GPT3 = {"layers": 96, "width": 12288, "heads": 96, "sequence": 2048}
LLAMA = {"layers": 32, "width": 4096, "heads": 32, "sequence": 4096}
GATED = {"feedforward": 11008, "is_gated": True}


def test_parameters_alone_take_six_operations_per_token():
    counted = dense(7e9, tokens=10)
    assert counted.training_flop == 6 * 7e9 * 10
    assert counted.forward_flop == 2 * 7e9 * 10
    assert counted.over_6nd == 1.0


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [
        # 175 billion less embeddings: 50257 and 2048 rows of 12288
        (GPT3, 174_600e6 - (50257 + 2048) * 12288),
        # 6,738,415,616 less embeddings, output layer and norms (Touvron et al. 2023)
        ({**LLAMA, **GATED}, 6_738_415_616 - 2 * 32000 * 4096 - 65 * 4096),
    ],
)
def test_weights_of_blocks_are_those_of_the_published_models(shape, parameters):
    assert Transformer(**shape).block_parameters == pytest.approx(parameters, rel=1e-3)


def test_attention_adds_a_sixth_to_llama_2_7b():
    counted = Transformer(**LLAMA, **GATED, vocabulary=32000).counted()
    assert counted.over_6nd == pytest.approx(1.166, abs=5e-4)
    assert counted.training[ATTENTION] / 4096 == 12 * 32 * 4096 * 4096


def test_groups_of_queries_share_keys_and_values():
    # 8,030,261,248 parameters (Llama 3 8B) less embeddings, output layer and norms
    found = Transformer(
        layers=32,
        width=4096,
        heads=32,
        key_value_heads=8,
        feedforward=14336,
        is_gated=True,
        sequence=8192,
    ).block_parameters
    assert found == 8_030_261_248 - 2 * 128256 * 4096 - 65 * 4096


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"heads": 7}, "`heads` must divide the width of 64, got 7"),
        ({"key_value_heads": 3}, "`key_value_heads` must divide the 8 heads, got 3"),
    ],
)
def test_heads_that_do_not_divide_are_refused(shape, message):
    plain = {"layers": 1, "width": 64, "heads": 8, "sequence": 4}
    with pytest.raises(ValueError, match=message):
        Transformer(**{**plain, **shape})


def test_what_is_counted_of_a_block_is_what_its_program_multiplies():
    shape = Transformer(layers=1, width=32, heads=4, sequence=24, vocabulary=50)
    s, d, heads = 24, 32, 4

    def loss(weights, x):
        q, k, v, o, up, down, out = weights
        split = [(x @ w).reshape(s, heads, d // heads) for w in (q, k, v)]
        scores = jax.nn.softmax(jnp.einsum("ihd,jhd->hij", *split[:2]))
        x = x + jnp.einsum("hij,jhd->ihd", scores, split[2]).reshape(s, d) @ o
        return jnp.sum((x + jax.nn.relu(x @ up) @ down) @ out)

    sizes = [(d, d)] * 4 + [(d, 4 * d), (4 * d, d), (d, 50)]
    weights = [jax.ShapeDtypeStruct(size, jnp.float32) for size in sizes]
    x = jax.ShapeDtypeStruct((s, d), jnp.float32)
    forward = count_operations(loss, weights, x).matrix_flops
    assert sum(forward.values()) == shape.counted().forward_flop
    both = count_operations(jax.grad(loss, (0, 1)), weights, x).matrix_flops
    # the sum needs no product with the logits themselves in its forward pass
    skipped = 2 * s * d * 50
    assert sum(both.values()) + skipped == shape.counted().training_flop


def test_resnet_50_takes_the_multiply_adds_that_torchvision_lists():
    counted = Residual((3, 4, 6, 3), image=224, classes=1000).counted()
    assert counted.forward_flop / 2 == pytest.approx(4.09e9, rel=1e-3)
    # 25,557,032 with the scales and shifts of 53 norms and the output's biases
    norms = 2 * 26560
    assert counted.parameters + counted.output_parameters == 25_557_032 - norms - 1000


def test_an_image_needs_no_gradient():
    counted = Residual((3, 4, 6, 3), image=224, classes=1000).counted()
    assert counted.training[STEM] == 2 * counted.forward[STEM]
    assert counted.training[BLOCKS] == 3 * counted.forward[BLOCKS]
    assert counted.training_flop / counted.forward_flop == pytest.approx(3, rel=0.01)


def test_a_masked_language_model_is_asked_about_few_tokens():
    shape = {"layers": 12, "width": 768, "heads": 12, "sequence": 512}
    full = Transformer(**shape, vocabulary=30522).counted()
    some = Transformer(**shape, vocabulary=30522, output_frac=0.15).counted()
    assert some.forward[OUTPUT] == pytest.approx(0.15 * full.forward[OUTPUT])
    assert OUTPUT not in Transformer(**shape).counted().forward
