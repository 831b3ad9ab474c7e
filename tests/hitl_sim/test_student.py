import pytest

from hitl_sim.student import student_quantile


@pytest.mark.parametrize(
    ("freedom", "expected", "tolerance"),
    [(2, 4.3027, 0.01), (4, 2.7764, 1e-3), (9, 2.2622, 1e-4), (10_000, 1.9602, 1e-4)],
)
def test_the_quantile_is_that_of_the_tables(freedom, expected, tolerance):
    assert student_quantile(freedom) == pytest.approx(expected, rel=tolerance)
