import pytest

from hitl_sim.energy.meters.boards import visible_boards

UUIDS = ("GPU-aa11", "GPU-aa22", "GPU-bb33")


def visible(text, names=("H100",) * 3, **environ):
    if text is not None:
        environ["CUDA_VISIBLE_DEVICES"] = text
    return visible_boards(
        environ, names, UUIDS.__getitem__, {"MIG-x": 1, "MIG-y": 1}.get
    )


@pytest.mark.parametrize(
    ("text", "boards"),
    [
        (None, (0, 1, 2)),
        ("", ()),
        (" ", ()),
        ("-1", ()),
        ("1", (1,)),
        ("2, 0", (2, 0)),
        ("GPU-bb33,GPU-aa11", (2, 0)),
        ("GPU-bb", (2,)),
        ("GPU-aa", ()),
        ("0,7,1", (0,)),
        ("0,-1,1", (0,)),
        ("1,1", ()),
        ("GPU-aa11,nonsense", (0,)),
        ("MIG-x", (1,)),
        ("MIG-x,MIG-y", (1,)),
        ("MIG-unknown", ()),
    ],
)
def test_the_variable_is_read_as_cuda_reads_it(text, boards):
    assert visible(text).boards == boards


def test_what_ends_the_list_is_named():
    assert "'7' names no board" in visible("0,7").reason
    assert "twice" in visible("1,1").reason
    assert "hides all" in visible("").reason
    assert visible("0").reason == ""


def test_a_slice_is_remembered_as_one():
    assert visible("MIG-x").slices == {1}
    assert visible("1").slices == frozenset()


def test_numbers_of_different_models_are_not_guessed():
    mixed = ("H100", "T4", "H100")
    assert visible("1", mixed).boards == ()
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID" in visible("1", mixed).reason
    assert visible("1", mixed, CUDA_DEVICE_ORDER="PCI_BUS_ID").boards == (1,)
    assert visible("GPU-bb33", mixed).boards == (2,)
