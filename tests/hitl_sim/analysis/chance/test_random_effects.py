import numpy as np
import pytest
from scipy.stats import norm, t
from statsmodels.stats.meta_analysis import combine_effects

from hitl_sim.analysis.chance.random_effects import combine

BCG = np.array(
    [
        *([4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209]),
        *([62, 13536, 248, 12619], [33, 5036, 47, 5761], [180, 1361, 372, 1079]),
        *([8, 2537, 10, 619], [505, 87886, 499, 87892], [29, 7470, 45, 7232]),
        *([17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338]),
        [27, 16886, 29, 17825],
    ]
)
"""Colditz et al. (1994), metafor's `dat.bcg`: ill and well, vaccinated and not."""


def log_risk_ratios(table):
    ill, well, ill_without, well_without = table.T.astype(float)
    num, num_without = ill + well, ill_without + well_without
    effect = np.log(ill / num) - np.log(ill_without / num_without)
    variance = 1 / ill - 1 / num + 1 / ill_without - 1 / num_without
    return effect, np.sqrt(variance)


def drawn(seed, num, tau):
    rng = np.random.default_rng(seed)
    error = rng.uniform(0.02, 0.3, num)
    return rng.normal(-0.2, np.hypot(error, tau)), error


CASES = (
    log_risk_ratios(BCG),
    *(drawn(seed, num, 0.2) for seed, num in enumerate((3, 4, 5, 8, 30))),
    *(drawn(seed, 6, 0.0) for seed in range(4)),
)


@pytest.mark.parametrize(("effect", "error"), CASES)
@pytest.mark.parametrize(
    ("method", "other"),
    # with no tolerance at all it gives up at the root, and returns 0
    [("PM", {"method_re": "pm", "atol": 1e-9}), ("DL", {"method_re": "dl"})],
)
def test_moment_estimates_equal_those_of_statsmodels(effect, error, method, other):
    ours = combine(effect, error, method)
    with np.errstate(invalid="ignore"):
        theirs = combine_effects(effect, error**2, **other)
    assert ours.q == pytest.approx(theirs.q, abs=1e-6)
    if theirs.q < len(effect) - 1:  # its DerSimonian-Laird goes below 0
        assert ours.tau2 == 0.0
        assert ours.mean.value == pytest.approx(theirs.mean_effect_fe, abs=1e-6)
        return
    assert ours.tau2 == pytest.approx(theirs.tau2, abs=1e-6)
    assert ours.mean.value == pytest.approx(theirs.mean_effect_re, abs=1e-6)
    assert ours.wald_error == pytest.approx(theirs.sd_eff_w_re, abs=1e-6)
    hartung_knapp = max(theirs.sd_eff_w_re, theirs.sd_eff_w_re_hksj)
    assert ours.error == pytest.approx(hartung_knapp, abs=1e-6)


def test_reml_equals_what_metafor_prints_of_the_bcg_trials():
    # rma(yi, vi, data=dat): tau^2 0.3132, estimate -0.7145, se 0.1798, Q 152.2330;
    # I^2 0.9222139 to more digits in the tests of the R package performance
    found = combine(*log_risk_ratios(BCG))
    assert found.tau2 == pytest.approx(0.3132, abs=1e-4)
    assert found.mean.value == pytest.approx(-0.7145, abs=1e-4)
    assert found.wald_error == pytest.approx(0.1798, abs=1e-4)
    assert found.q == pytest.approx(152.2330, abs=1e-4)
    assert found.i2_frac == pytest.approx(0.9222139, abs=1e-4)
    # its Wald interval, -1.0669 to -0.3622
    half = norm.ppf(0.975) * found.wald_error
    ends = found.mean.value - half, found.mean.value + half
    assert ends == pytest.approx((-1.0669, -0.3622), abs=1e-4)


def test_paule_and_mandel_equals_what_metafor_tests_of_the_bcg_trials():
    # its iterated DerSimonian-Laird, which has the same fixed point: 0.3181
    found = combine(*log_risk_ratios(BCG), "PM")
    assert found.tau2 == pytest.approx(0.3181, abs=1e-4)


def test_reml_of_equal_errors_is_the_excess_of_the_sample_variance():
    effect = np.array([-0.4, 0.1, 0.3, 0.9, -0.2])
    found = combine(effect, np.full(5, 0.1))
    assert found.tau2 == pytest.approx(effect.var(ddof=1) - 0.01, abs=1e-12)


@pytest.mark.parametrize("method", ["REML", "PM", "DL"])
def test_effects_that_differ_by_less_than_chance_have_no_variance_between(method):
    found = combine([0.1, 0.11, 0.09, 0.1], [0.2, 0.3, 0.2, 0.25], method)
    assert found.tau2 == found.i2_frac == 0.0
    # the factor would be near 0: it is taken as 1, and Student's t is wider than normal
    assert found.error == found.wald_error
    half = found.mean.high - found.mean.value
    assert half == pytest.approx(t.ppf(0.975, 3) * found.wald_error)


@pytest.mark.parametrize(("effect", "error"), CASES)
@pytest.mark.parametrize("method", ["REML", "PM", "DL"])
def test_the_interval_is_never_narrower_than_walds(effect, error, method):
    found = combine(effect, error, method)
    half = found.mean.high - found.mean.value
    assert half >= norm.ppf(0.975) * found.wald_error


def test_a_new_task_is_predicted_with_two_degrees_of_freedom_less_than_tasks():
    effect, error = log_risk_ratios(BCG)
    found = combine(effect, error)
    spread = np.sqrt(found.tau2 + found.error**2)
    reach = t.ppf(0.975, 11) * spread
    assert found.predicted.low == pytest.approx(found.mean.value - reach)
    assert found.predicted.high == pytest.approx(found.mean.value + reach)
    assert combine(effect[:2], error[:2]).predicted is None


def test_intervals_hold_the_mean_and_a_new_effect_as_often_as_is_said():
    rng = np.random.default_rng(0)
    num, tau, truth, tries = 5, 0.3, -0.2, 1_500
    held = predicted = 0
    for _ in range(tries):
        error = rng.uniform(0.05, 0.2, num)
        found = combine(rng.normal(truth, np.hypot(error, tau)), error)
        held += found.mean.holds(truth)
        predicted += found.predicted.holds(rng.normal(truth, tau))
    # four standard errors of a share of 94 % and of one of 93 %
    assert held / tries == pytest.approx(0.94, abs=0.025)
    assert predicted / tries == pytest.approx(0.93, abs=0.026)


@pytest.mark.parametrize(
    ("effect", "error", "method", "words"),
    [
        ([0.1], [0.1], "REML", "`effect` must hold 2 or more finite"),
        ([0.1, np.inf], [0.1, 0.1], "REML", "`effect` must hold 2 or more finite"),
        ([0.1, 0.2], [0.1, 0.0], "REML", "`error` must be finite and > 0"),
        ([0.1, 0.2], [0.1], "REML", "`error` must be finite and > 0"),
        ([0.1, 0.2], [0.1, 0.1], "ML", "`method` must be one of 'REML', 'PM', 'DL'"),
    ],
)
def test_what_cannot_be_combined_is_refused(effect, error, method, words):
    with pytest.raises(ValueError, match=words):
        combine(effect, error, method)
