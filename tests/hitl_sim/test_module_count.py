"""Operations of flax modules, by abstract evaluation, against closed forms."""

import itertools

import jax.numpy as jnp
import pytest
from flax import linen as nn, nnx

from hitl_sim.energy.workload import Transformer
from hitl_sim.energy.workload.describe import InputSpec, NetworkModel
from hitl_sim.module_count import PRODUCTS, REST, count_module, count_transformer


def counted(build, *shapes, dtype="float32", batch=4):
    inputs = tuple(InputSpec(shape=shape, dtype=dtype) for shape in shapes)
    return count_module(build, NetworkModel(source="-", inputs=inputs), batch)


def products(found):
    return found.forward[PRODUCTS], found.training[PRODUCTS]


class Dense(nn.Module):
    sizes: tuple[int, ...]

    @nn.compact
    def __call__(self, x):
        for size in self.sizes[:-1]:
            x = nn.relu(nn.Dense(size)(x))
        return nn.Dense(self.sizes[-1])(x)


class NnxDense(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(20, 30, rngs=rngs)
        self.norm = nnx.BatchNorm(30, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.last = nnx.Linear(30, 5, rngs=rngs)

    def __call__(self, x):
        return self.last(self.drop(nnx.relu(self.norm(self.first(x)))))


def build_nnx(rngs):
    return NnxDense(rngs)


@pytest.mark.parametrize(
    ("build", "sizes"),
    [(lambda: Dense((30, 40, 5)), (20, 30, 40, 5)), (build_nnx, (20, 30, 5))],
)
def test_an_mlp_takes_two_operations_per_weight_and_pass(build, sizes):
    layers = [2 * a * b for a, b in itertools.pairwise(sizes)]
    # no gradient of the inputs is needed: the first layer takes two passes
    assert products(counted(build, (20,))) == (sum(layers), 3 * sum(layers) - layers[0])


def taps(size, kernel, stride):
    """Pairs of a result and a weight that meet data along one axis, padded "SAME"."""
    num_out = -(-size // stride)
    pad = max((num_out - 1) * stride + kernel - size, 0) // 2
    at = [o * stride + k - pad for o in range(num_out) for k in range(kernel)]
    return sum(0 <= place < size for place in at)


class Block(nn.Module):
    width: int
    stride: int

    @nn.compact
    def __call__(self, x, train):
        conv = {"use_bias": False, "padding": "SAME"}
        norm = {"use_running_average": not train}
        strides = (self.stride, self.stride)
        y = nn.Conv(self.width, (3, 3), strides, **conv)(x)
        y = nn.relu(nn.BatchNorm(**norm)(y))
        y = nn.BatchNorm(**norm)(nn.Conv(self.width, (3, 3), **conv)(y))
        if self.stride > 1:
            x = nn.Conv(self.width, (1, 1), strides, **conv)(x)
        return nn.relu(x + y)


class SmallResNet(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.Conv(8, (3, 3), use_bias=False, padding="SAME")(x)
        x = Block(8, 1)(x, train)
        x = Block(16, 2)(x, train)
        return nn.Dense(10)(jnp.mean(x, (1, 2)))


def test_a_resnet_takes_what_its_convolutions_meet_of_the_data():
    def conv(size, kernel, stride, before, after):
        return 2 * taps(size, kernel, stride) ** 2 * before * after

    stem = conv(32, 3, 1, 3, 8)
    first = 2 * conv(32, 3, 1, 8, 8)
    second = conv(32, 3, 2, 8, 16) + conv(16, 3, 1, 16, 16) + conv(32, 1, 2, 8, 16)
    forward = stem + first + second + 2 * 16 * 10
    found = counted(SmallResNet, (32, 32, 3))
    assert products(found) == (forward, 3 * forward - stem)


class Encoder(nn.Module):
    layers: int
    width: int
    heads: int

    @nn.compact
    def __call__(self, x, mask=None):
        for _ in range(self.layers):
            y = nn.LayerNorm()(x)
            x = x + nn.MultiHeadDotProductAttention(self.heads)(y, mask=mask)
            y = nn.gelu(nn.Dense(4 * self.width)(nn.LayerNorm()(x)))
            x = x + nn.Dense(self.width)(y)
        return x


class ViT(nn.Module):
    @nn.compact
    def __call__(self, image):
        patches = nn.Conv(32, (4, 4), (4, 4), padding="VALID")(image)
        x = patches.reshape(image.shape[0], -1, 32)
        return nn.Dense(10)(jnp.mean(Encoder(2, 32, 4)(x), 1))


def test_a_vision_transformer_is_its_patches_blocks_and_classes():
    blocks = Transformer(layers=2, width=32, heads=4, sequence=64).counted()
    patches, classes = 2 * 64 * (4 * 4 * 3) * 32, 2 * 32 * 10
    forward = blocks.forward_flop + patches + classes
    found = counted(ViT, (32, 32, 3))
    assert products(found) == (forward, 3 * forward - patches)


class Masked(nn.Module):
    @nn.compact
    def __call__(self, tokens):
        x = nn.Embed(50, 32)(tokens)
        mask = nn.make_causal_mask(tokens)
        return nn.Dense(50)(Encoder(2, 32, 4)(x, mask))


def test_masks_of_attention_skip_nothing():
    shape = {"layers": 2, "width": 32, "heads": 4, "sequence": 24, "vocabulary": 50}
    form = Transformer(**shape).counted()
    found = counted(Masked, (24,), dtype="int32")
    assert products(found) == (form.forward_flop, form.training_flop)


class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(nn.RNN(nn.OptimizedLSTMCell(16))(x)[:, -1])


def test_an_lstm_multiplies_by_its_gates_at_every_step():
    steps, size, hidden = 12, 8, 16
    inputs, recurrent = (2 * steps * n * 4 * hidden for n in (size, hidden))
    last = 2 * hidden * 3
    found = counted(Recurrent, (steps, size))
    forward, training = products(found)
    assert forward == inputs + recurrent + last
    # no gradient of the inputs
    assert training == 2 * inputs + 3 * (recurrent + last)


class Huge(nn.Module):
    @nn.compact
    def __call__(self, x):
        for _ in range(4):
            x = nn.Dense(300_000, use_bias=False)(x)
        return x


def test_weights_of_a_terabyte_need_no_memory():
    found = counted(Huge, (300_000,), batch=1)
    assert found.parameters == 4 * 300_000**2
    assert found.forward_flop == 2 * found.parameters


def test_a_module_is_counted_with_traffic_and_kernels():
    found = counted(lambda: Dense((30, 5)), (20,), batch=8)
    train, score = found.units
    assert found.unit_items == 8
    assert train.flops["float32"] == pytest.approx(8 * found.training_flop)
    weights = 20 * 30 + 30 + 30 * 5 + 5
    assert found.parameters == weights
    assert score.bytes_moved > 4 * weights
    assert train.num_kernels > score.num_kernels > 0


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: 3, "it returned a int"),
        (lambda rngs: rngs, "was raised"),
        (lambda: Dense((-4,)), "was raised"),
    ],
)
def test_what_is_no_module_is_refused_in_one_line(build, reason):
    with pytest.raises(ValueError, match=r"`model.source` must build a flax") as caught:
        counted(build, (20,))
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("told", [{}, {"is_gated": True, "key_value_heads": 2}])
def test_a_described_transformer_multiplies_as_its_closed_form_says(told):
    shape = Transformer(layers=3, width=32, heads=4, sequence=24, vocabulary=50, **told)
    found = count_transformer(shape, batch=2, precision="bfloat16")
    train, score = found.units
    form = shape.counted()
    assert found.forward == form.forward
    assert sum(train.matrix_flops.values()) == 2 * form.training_flop
    assert sum(score.matrix_flops.values()) == 2 * form.forward_flop
    assert set(train.matrix_flops) == {"bfloat16 default"}
    weights = shape.block_parameters + 2 * 50 * 32
    assert train.bytes_moved > 2 * score.bytes_moved > 2 * 2 * weights


def test_a_masked_language_model_is_asked_about_a_share_of_its_tokens():
    shape = Transformer(
        layers=2, width=32, heads=4, sequence=20, vocabulary=50, output_frac=0.25
    )
    train, score = count_transformer(shape, batch=2, precision="bfloat16").units
    form = shape.counted()
    assert sum(train.matrix_flops.values()) == 2 * form.training_flop
    assert sum(score.matrix_flops.values()) == 2 * form.forward_flop


@pytest.mark.parametrize("is_nnx", [True, False])
def test_numbers_are_dropped_in_training_alone(is_nnx):
    def rest(rate):
        class Dropped(nn.Module):
            @nn.compact
            def __call__(self, x, train):
                return nn.Dense(5)(nn.Dropout(rate, deterministic=not train)(x))

        def build(rngs):
            return nnx.Sequential(
                nnx.Dropout(rate, rngs=rngs), nnx.Linear(20, 5, rngs=rngs)
            )

        found = counted(build if is_nnx else Dropped, (20,))
        return found.forward.get(REST, 0.0), found.training.get(REST, 0.0)

    (forward, training), (with_none, trained_with_none) = rest(0.5), rest(0.0)
    assert forward == with_none
    assert training > trained_with_none + 20
