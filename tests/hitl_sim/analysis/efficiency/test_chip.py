import numpy as np
import pytest

from hitl_sim.analysis.chance.interval import CostSample
from hitl_sim.analysis.efficiency.chip import price_chip
from hitl_sim.energy import Kind
from hitl_sim.record import RecordError


def _unit(dtype, operand_b, bytes_moved=0.0):
    """One multiply-add, and bytes that stream beside it."""
    product = {
        "size": [1, 1, 1],
        "operand_b": operand_b,
        "sum_b": 4,
        "dtype": dtype,
        "times": 1,
    }
    return {
        "phase": "train",
        "flops": {dtype: 2.0},
        "bytes_moved": bytes_moved,
        "num_kernels": 1.0,
        "products": [product],
    }


WORK = {
    "plain": _unit("float32", 4, bytes_moved=112.0),
    "int8": _unit("int8", 1),
}
"""112 B: 12 of the operands and the sum, and 100 that stream."""


def test_a_unit_takes_its_operations_and_what_each_level_moves():
    """45 nm: 3.7 + 0.9 pJ; 0.25, 1.25, 12.5 and 160 pJ a byte at the four levels."""
    use = price_chip(WORK).unit("plain")
    assert use.operations == pytest.approx(4.6e-12)
    assert use.joules["register"] == pytest.approx((16 + 100) * 0.25e-12)
    for level, per_byte in (("l1", 1.25), ("l2", 12.5), ("dram", 160.0)):
        assert use.joules[level] == pytest.approx((12 + 100) * per_byte * 1e-12)
    assert use.whole == pytest.approx(sum(use.joules.values()))


def test_bytes_rest_on_assumed_constants_and_operations_do_not():
    use = price_chip(WORK).unit("plain")
    assert use.operations_kind is Kind.MODELLED_ANALYTIC
    assert use.kind is Kind.ASSUMED


def test_an_approximate_multiplier_saves_multiplications_alone_and_on_paper():
    chip = price_chip(WORK)
    paper = chip.with_multiplier("mitchell")
    before, after = chip.unit("int8"), paper.unit("int8")
    assert before.operations == pytest.approx(0.3e-12)
    assert 0.1e-12 < after.operations < before.operations
    assert after.kind is Kind.HYPOTHETICAL
    for level in ("register", "l1", "l2", "dram"):
        assert after.joules[level] == before.joules[level]
    assert paper.unit("plain").joules == chip.unit("plain").joules
    assert paper.unit("plain").kind is Kind.HYPOTHETICAL


def test_runs_spend_what_their_units_take():
    chip = price_chip(WORK)
    rows = np.array([[2.0, 1.0, 5.0], [0.0, 3.0, 5.0]])
    amounts = CostSample(
        rows, np.array([True, True]), names=("plain", "int8", "wait_s")
    )
    plain, rounded = chip.unit("plain"), chip.unit("int8")
    want = [2 * plain.whole + rounded.whole, 3 * rounded.whole]
    np.testing.assert_allclose(chip.cost_sample(amounts).spent, want)
    alone = chip.cost_sample(amounts, only_operations=True).spent
    np.testing.assert_allclose(alone[1], 3 * rounded.operations)
    whole = chip.amounts(amounts.names, rows.sum(axis=0)).whole
    assert whole == pytest.approx(sum(want))


def test_a_unit_whose_products_were_not_counted_is_refused():
    unit = {k: v for k, v in WORK["plain"].items() if k != "products"}
    with pytest.raises(RecordError, match=r"`units.old` in the manifest must have the"):
        price_chip({"old": unit})
