"""Bytes of models and queries, against counts by hand."""

import numpy as np
import pytest

from hitl_sim.energy.memory import FORMATS, ModelShape, moved_bytes, stored_bytes
from hitl_sim.energy.memory.stored import PARTS, query_bytes

WIDE, SINGLE, SMALL = FORMATS


def shape(*layers, **others):
    return ModelShape(np.array(layers), **others)


LINEAR = shape((1, 64, 10), num_kept=10)
MLP = shape((1, 64, 32), (1, 32, 10), num_kept=42)
# 8 x 8 grey pixels, 4 filters of 3 x 3 at 4 x 4 places, then 64 to 10
CNN = shape((16, 9, 4), (1, 64, 10), num_kept=14, chunk=64)
# 6 words of 8 numbers out of 100, one block with two heads, then 8 to 3
TRANSFORMER = shape(
    (6, 8, 24),
    (6, 8, 8),
    (6, 8, 32),
    (6, 32, 8),
    (1, 8, 3),
    num_kept=171,
    num_vectors=800,
    num_looked_up=48,
    num_mixed=2 * 2 * (6 * 4 + 4 * 6 + 6 * 6),
    chunk=64,
)


@pytest.mark.parametrize(
    ("model", "weights", "others", "columns"),
    [
        (LINEAR, 640, 10, 10),
        (MLP, 64 * 32 + 320, 42, 42),
        (CNN, 36 + 640, 14, 14),
        (TRANSFORMER, 8 * (24 + 8 + 32) + 32 * 8 + 24, 971, 75),
    ],
    ids=["linear", "mlp", "cnn", "transformer"],
)
def test_a_stored_model_takes_its_weights_and_what_stays_float(
    model, weights, others, columns
):
    assert stored_bytes(model, WIDE) == 8 * (weights + others)
    assert stored_bytes(model, SINGLE) == 4 * (weights + others)
    assert stored_bytes(model, SMALL) == weights + 4 * (others + columns)


def test_a_query_of_a_linear_model_by_hand():
    """64 numbers to 10: weights and biases are shared by those who ask together."""
    single = query_bytes(LINEAR, SINGLE, [1, 512])
    np.testing.assert_allclose(single["weights"], [2600.0, 2600 / 512])
    np.testing.assert_allclose(single["inputs"], 256.0)
    np.testing.assert_allclose(single["sums"], 40.0)
    small = query_bytes(LINEAR, SMALL, [1, 512])
    np.testing.assert_allclose(small["weights"], [640 + 40, (640 + 40) / 512])
    np.testing.assert_allclose(small["scales"], [40 + 4, 40 / 512 + 4])
    np.testing.assert_allclose(small["inputs"], 64.0)
    np.testing.assert_allclose(small["rounding"], 64 * (4 + 1))
    np.testing.assert_allclose(small["sums"], 40.0)
    assert moved_bytes(LINEAR, SINGLE, 1) == 2600 + 256 + 40
    assert moved_bytes(LINEAR, SMALL, 1) == 680 + 44 + 64 + 320 + 40


@pytest.mark.parametrize(
    ("model", "inputs", "sums", "rows"),
    [
        (MLP, 64 + 32, 32 + 10, 2),
        (CNN, 16 * 9 + 64, 16 * 4 + 10, 17),
        (TRANSFORMER, 6 * (8 + 8 + 8 + 32) + 8, 6 * (24 + 8 + 32 + 8) + 3, 25),
    ],
    ids=["mlp", "cnn", "transformer"],
)
def test_activations_of_a_query_by_hand(model, inputs, sums, rows):
    wide, small = (query_bytes(model, kept, 1) for kept in (WIDE, SMALL))
    looked_up, mixed = model.num_looked_up, model.num_mixed
    assert wide["inputs"] == 8 * (inputs + looked_up)
    assert wide["sums"] == 8 * sums
    assert wide["attention"] == 8 * mixed
    assert wide["scales"] == wide["rounding"] == 0
    assert small["inputs"] == inputs + 4 * looked_up
    assert small["rounding"] == 5 * inputs
    assert small["sums"] == 4 * sums
    assert small["attention"] == 4 * mixed
    assert small["scales"] == 4 * (model.layers[:, 2].sum() + rows)


def test_int8_moves_a_quarter_of_the_weights_and_no_less_of_the_rest():
    """What survives: by itself nearly all of a query is weights, in a batch nothing."""
    one, many = moved_bytes(MLP, SMALL, [1, 512]) / moved_bytes(MLP, SINGLE, [1, 512])
    assert 0.25 < one < 0.4
    assert many > 1.0


def test_an_encoder_reads_its_weights_anew_for_each_chunk():
    weights = query_bytes(CNN, SINGLE, [64, 65, 512])["weights"]
    whole = 4 * (36 + 640 + 14)
    np.testing.assert_allclose(weights, [whole / 64, 2 * whole / 65, 8 * whole / 512])


def test_parts_add_up():
    parts = query_bytes(TRANSFORMER, SMALL, [1, 7])
    assert tuple(parts) == PARTS
    np.testing.assert_allclose(
        sum(parts.values()), moved_bytes(TRANSFORMER, SMALL, [1, 7])
    )


def test_no_batch_and_no_layer_are_refused():
    with pytest.raises(ValueError, match="`batch` must be >= 1, got 0"):
        query_bytes(LINEAR, SINGLE, [1, 0])
    with pytest.raises(ValueError, match="`layers` must be rows of three sizes >= 1"):
        ModelShape(np.zeros((0, 3), np.int64))
