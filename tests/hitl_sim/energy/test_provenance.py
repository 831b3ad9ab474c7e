import itertools

import pytest

from hitl_sim.energy.provenance import Kind, Scope, is_overlapping, weakest


def test_kinds_are_ordered_from_measured_to_unavailable():
    names = [
        "measured_counter",
        "measured_sampled",
        "modelled_calibrated",
        "modelled_analytic",
        "simulated",
        "assumed",
        "hypothetical",
        "unavailable",
    ]
    assert [kind.value for kind in sorted(Kind, reverse=True)] == names


def test_the_weakest_kind_is_no_stronger_than_any_ingredient():
    for pair in itertools.product(Kind, repeat=2):
        assert all(weakest(pair) <= kind for kind in pair)
        assert weakest(pair) in pair


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (Scope.PACKAGE, Scope.NODE),
        (Scope.BOARD, Scope.WALL),
        (Scope.PACKAGE, Scope.WALL),
        (Scope.NODE, Scope.WALL),
        (Scope.CHIP, Scope.BOARD),
        (Scope.OVERHEAD, Scope.FACILITY),
        (Scope.WORKSTATION, Scope.PERSON),
        (Scope.DEVICE_TIME, Scope.ELAPSED_TIME),
    ],
)
def test_a_part_overlaps_with_the_whole_in_either_order(inner, outer):
    assert is_overlapping(inner, "", outer, "")
    assert is_overlapping(outer, "host", inner, "host/gpu0")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Scope.BOARD, Scope.PACKAGE),
        (Scope.PACKAGE, Scope.DRAM),
        (Scope.BOARD, Scope.BOARD),
        (Scope.BOARD, Scope.OVERHEAD),
        (Scope.WORKSTATION, Scope.BOARD),
    ],
)
def test_scopes_side_by_side_do_not_overlap(one, other):
    assert not is_overlapping(one, "", other, "")


def test_places_are_apart_only_when_neither_lies_in_the_other():
    board_and_wall = (Scope.BOARD, "a/gpu0", Scope.WALL)
    assert is_overlapping(*board_and_wall, "a")
    assert is_overlapping(*board_and_wall, "")
    assert not is_overlapping(*board_and_wall, "b")
    assert not is_overlapping(Scope.BOARD, "a/gpu1", Scope.MODULE, "a/gpu10")
