import numpy as np
import pytest

from hitl_sim.task.content import hash_content

ARRAYS = {"x": np.arange(6, dtype=np.float32), "y": np.array([1, 2], np.int32)}
NAMES = {"classes": ["a", "b"], "groups": ["c"]}


def test_the_hash_is_the_same_on_every_machine():
    assert hash_content(ARRAYS, NAMES) == (
        "d50222622f27bedf26cef8d8e996737e332a1f4e8a2413be1b33a27e28579a9c"
    )


@pytest.mark.parametrize(
    ("arrays", "names"),
    [
        ({**ARRAYS, "x": np.nextafter(ARRAYS["x"], np.float32(9))}, NAMES),
        ({**ARRAYS, "x": ARRAYS["x"].reshape(2, 3)}, NAMES),
        ({**ARRAYS, "x": ARRAYS["x"].view(np.int32)}, NAMES),
        ({"z": ARRAYS["x"], "y": ARRAYS["y"]}, NAMES),
        (ARRAYS, {**NAMES, "classes": ["a", "B"]}),
        (ARRAYS, {**NAMES, "classes": ["ab"]}),
        (ARRAYS, {"classes": ["a"], "groups": ["b", "c"]}),
    ],
    ids=["value", "shape", "type", "field", "name", "joined names", "moved name"],
)
def test_the_hash_changes_with(arrays, names):
    assert hash_content(arrays, names) != hash_content(ARRAYS, NAMES)


def test_memory_order_and_byte_order_do_not_matter():
    square = np.arange(6, dtype=np.int32).reshape(2, 3)
    expected = hash_content({"x": square}, {})
    assert hash_content({"x": np.asfortranarray(square)}, {}) == expected
    assert hash_content({"x": square.astype(">i4")}, {}) == expected
