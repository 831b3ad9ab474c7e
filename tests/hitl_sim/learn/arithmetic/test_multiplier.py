import numpy as np
import pytest
import scalar_arithmetic as scalar

from hitl_sim.learn.arithmetic import (
    MULTIPLIERS,
    drum,
    find_multiplier,
    leading_bit,
)

VALUE = np.arange(256)
TRUTH = VALUE[:, None] * VALUE[None]


def product_table(name):
    return find_multiplier(name)(VALUE[:, None], VALUE[None])


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_every_product_equals_a_scalar_reference(name):
    reference = scalar.by_name(name)
    expected = [[reference(a, b) for b in range(256)] for a in range(256)]
    assert np.array_equal(product_table(name), expected)


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_a_product_with_zero_is_zero(name):
    table = product_table(name)
    assert not table[0].any()
    assert not table[:, 0].any()


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_operands_may_change_places(name):
    table = product_table(name)
    assert np.array_equal(table, table.T)


def test_mitchell_errs_as_published():
    # Mitchell (1962): never above, at most 1/9 below. Babic, Avramovic and Bulic
    # (2011) and the designs that improve on it print 3.76 % for 8 bits, zeros counted
    relative = (TRUTH - product_table("mitchell")) / np.maximum(TRUTH, 1)
    assert relative.min() == 0.0
    assert relative.max() == pytest.approx(1 / 9, abs=1e-9)
    assert 100 * relative.mean() == pytest.approx(3.76, abs=0.005)


@pytest.mark.parametrize(("num_bits", "percent"), [(5, 3.61), (8, 0.45)])
def test_drum_errs_as_published(num_bits, percent):
    # Hashemi et al. (2015), abstract: standard deviations 0.45 to 3.61 %, mean near 0,
    # of 16-bit operands
    rng = np.random.default_rng(1)
    a, b = rng.integers(1, 2**16, (2, 400_000))
    relative = drum(a, b, num_bits) / (a * b) - 1.0
    num = len(relative)
    spread = 4 * 100 * relative.std() * np.sqrt(1 / (2 * num)) + 0.005
    assert 100 * relative.std() == pytest.approx(percent, abs=spread)
    assert abs(relative.mean()) < 0.06 * relative.std()


@pytest.mark.parametrize("num_columns", [4, 6, 8])
def test_truncation_errs_by_a_quarter_of_its_cells_on_average(num_columns):
    # each cell of column c left out is worth 2^c, and is set in a quarter of all pairs
    worth = sum((c + 1) * 2**c for c in range(num_columns))
    error = np.abs(product_table(f"truncated{num_columns}") - TRUTH)
    assert error.mean() == pytest.approx(worth / 4)
    assert error.max() == worth


def test_an_exact_multiplier_never_errs():
    assert np.array_equal(product_table("exact"), TRUTH)


def test_the_leading_bit_is_that_of_python():
    value = np.arange(2**16)
    expected = [max(int(v).bit_length() - 1, 0) for v in value]
    assert leading_bit(value).tolist() == expected


def test_an_unknown_design_is_refused_with_the_list_of_those_there_are():
    with pytest.raises(ValueError, match=r"`multiplier` must be one of 'exact'.*'no'"):
        find_multiplier("no")
