"""People differ in how even their times are, and times lean to the slow side."""

from dataclasses import replace

import numpy as np
import pytest
from known_crowd import make_design

from hitl_sim.participants.fitting.response_time import (
    SPREADS,
    fit_response_times,
    log_delayed,
    log_noise,
    skew_of,
)
from hitl_sim.participants.record import medians, places, select, share_seconds
from oracles.timing import GUMBEL_SD, LOG_LOG_2, WAIT_FACTOR

PACE, PACE_SPREAD, SPREAD, VARIATION = 2.0, 0.4, 0.4, 0.4
PEOPLE, ITEMS = 80, 400


def gumbel(rng, size):
    return (-np.log(rng.standard_exponential(size)) + LOG_LOG_2) / GUMBEL_SD


def timed(seed, skew, wait=0.0):
    """Time 80 people, 50 answers each, by the law of `oracles.timing`."""
    rng = np.random.default_rng(seed)
    record = replace(make_design(PEOPLE, ITEMS, 10, 0, seed), is_ordered=False)
    size = record.person.size
    pace = PACE + PACE_SPREAD * rng.standard_normal(PEOPLE)
    sd = SPREAD * np.exp(VARIATION * rng.standard_normal(PEOPLE))
    rest = np.sqrt(1.0 - skew**2)
    z = skew * gumbel(rng, size) + rest * rng.standard_normal(size)
    seconds = np.exp(pace[record.person] + sd[record.person] * z)
    waits = (rng.random(size) < wait) * WAIT_FACTOR * rng.standard_exponential(size)
    seconds = seconds + waits * np.exp(pace[record.person])
    return replace(record, seconds=seconds), pace, sd


def fit(record):
    nothing = np.zeros(record.person.size)
    return fit_response_times(record, nothing, nothing, 0.0)


@pytest.mark.parametrize("skew", [0.6, 1.0])
def test_spreads_of_people_and_the_skew_of_times_are_recovered(skew):
    record, pace, sd = timed(0, skew)
    found = fit(record)
    if skew < 1.0:
        share = (skew - float(skew_of(-np.inf))) / (1.0 - float(skew_of(-np.inf)))
        off = float(found.timing.skew) - np.log(share / (1.0 - share))
        assert abs(off) < 4 * found.sd["skew"]
    else:
        assert float(skew_of(found.timing.skew)) > 0.9
    assert np.corrcoef(found.pace, pace)[0, 1] > 0.97
    wider = np.asarray(found.timing.person.spread, float)
    each = float(found.timing.spread) + float(found.spread.spread) * wider
    assert np.corrcoef(each, np.log(sd))[0, 1] > 0.9
    # four standard errors of what was drawn
    for name, value, true in zip(
        SPREADS[:2], found.spread, (pace.std(), np.log(sd).std()), strict=False
    ):
        assert abs(np.log(float(value) / true)) < 4 * found.sd[name], name


def test_waits_are_told_from_slow_work():
    few, many = (fit(timed(1, 1.0, wait)[0]) for wait in (0.01, 0.1))
    shares = [1.0 / (1.0 + np.exp(-float(f.timing.wait))) for f in (few, many)]
    for share, true, found in zip(shares, (0.01, 0.1), (few, many), strict=True):
        error = share * (1.0 - share) * found.sd["wait"]
        assert abs(share - true) < 4 * error
    assert shares[1] > 4 * shares[0]


def shared_by(record, num_answers):
    """Let every so many answers of a person in a row share their seconds."""
    unit = np.unique(
        record.person * ITEMS + places(record.person) // num_answers,
        return_inverse=True,
    )[1]
    record = replace(record, unit=unit, unit_size=np.bincount(unit)[unit])
    return replace(record, seconds=share_seconds(record, record.times))


@pytest.mark.parametrize("num_answers", [3, 10])
def test_forms_tell_the_times_of_their_answers(num_answers):
    record, pace, sd = timed(0, 0.6)
    found = fit(shared_by(record, num_answers))
    assert found.is_shared
    assert np.isnan(found.drift)
    assert np.corrcoef(found.pace, pace)[0, 1] > 0.95
    # pace is of one answer, although means of several are more: Fenton's law is of
    # normal logs, these lean
    usual = float(found.timing.pace) + found.spread.pace * np.asarray(
        found.timing.person.pace
    )
    own = float(found.timing.spread)
    hours = np.exp(usual + 0.5 * np.exp(2.0 * own)).sum() * 50
    assert abs(np.log(hours / record.times.sum())) < 0.15
    assert abs(own - np.log(np.sqrt(np.mean(sd**2)))) < 0.25


def slow(seed, drift, memory, each=20, people=200):
    """Let short series of log seconds drift by an AR(1) law."""
    rng = np.random.default_rng(seed)
    residual = drift * rng.standard_normal(people)
    logs = np.zeros((people, each))
    for place in range(each):
        logs[:, place] = residual
        fresh = np.sqrt(1.0 - memory**2) * drift * rng.standard_normal(people)
        residual = memory * residual + fresh
    logs += 0.4 * rng.standard_normal(logs.shape)
    record = make_design(people, ITEMS, 30, 0, seed)
    rows = places(record.person) < each
    record = replace(select(record, rows), is_ordered=True)
    assert record.person.size == people * each
    return replace(record, seconds=np.exp(2.0 + logs.ravel()))


def test_a_slow_part_is_seen_in_short_series_and_only_where_there_is_one():
    found = fit(slow(1, 0.3, 0.6))
    # each mean of twenty takes a fifth of what the first lag shows
    assert abs(found.drift - 0.3) < 0.06
    assert abs(found.memory - 0.6) < 0.15
    # it is everybody's: people whose rest differs differ less as a whole
    z = np.random.default_rng(0).standard_normal(20_000)
    whole = float(found.timing.spread)
    fresh, shared = found.fresh_spread(whole) * np.exp(0.2 * z), 0.3
    seen = np.log(np.hypot(fresh, shared)).std()
    assert found.fresh_variation(seen) == pytest.approx(0.2, rel=0.1)
    assert np.isnan(fit(slow(2, 0.0, 0.6)).drift)


def test_people_far_apart_are_fitted_to_the_end():
    record, *_ = timed(3, 0.6)
    far = np.linspace(-3.0, 3.0, PEOPLE)
    seconds = record.times * np.exp(far[record.person])
    found = fit(replace(record, seconds=seconds))
    own = medians(np.log(seconds), record.person)
    assert abs(float(np.mean(found.pace - own))) < 0.05
    assert abs(float(found.timing.pace) - own.mean()) < 0.1
    assert abs(np.log(float(found.spread.pace) / own.std())) < 0.1


def test_a_guess_may_take_any_share_of_the_time():
    rng = np.random.default_rng(5)
    record, *_ = timed(2, 0.6)
    for share in (0.25, 1.0):
        lapse = 0.9 * (rng.random(record.person.size) < 0.3)
        is_guess = rng.random(record.person.size) < lapse
        seconds = record.times * np.where(is_guess, share, 1.0)
        nothing = np.zeros(record.person.size)
        found = fit_response_times(
            replace(record, seconds=seconds), nothing, lapse, 0.0
        )
        off = float(found.timing.lapse_time) - np.log(share)
        # times tell it, and not what was believed beforehand
        assert found.sd["lapse_time"] < 0.1
        # what is guessed for sure here is guessed nine times in ten
        assert abs(off) < 0.15 + 4 * found.sd["lapse_time"], share


@pytest.mark.parametrize("skew", [0.4, 0.7, 0.999])
def test_the_density_of_the_noise_is_one_and_is_of_variance_one(skew):
    z = np.linspace(-6.0, 20.0, 5201)
    density = np.exp(np.asarray(log_noise(z.astype(np.float32), np.float32(skew))))
    assert np.trapezoid(density, z) == pytest.approx(1.0, abs=2e-3)
    mean = np.trapezoid(z * density, z)
    assert np.trapezoid((z - mean) ** 2 * density, z) == pytest.approx(1.0, abs=5e-3)
    if skew > 0.99:
        assert np.trapezoid(density[z < 0], z[z < 0]) == pytest.approx(0.5, abs=0.01)


def test_the_density_of_a_delayed_time_is_one_and_has_no_edge():
    excess = np.linspace(-6.0, 60.0, 20_001).astype(np.float32)
    density = np.exp(np.asarray(log_delayed(excess, 0.8, WAIT_FACTOR), float))
    assert np.trapezoid(density, excess) == pytest.approx(1.0, abs=1e-3)
    mean = np.trapezoid(excess * density, excess)
    assert mean == pytest.approx(WAIT_FACTOR, rel=1e-3)
    variance = np.trapezoid((excess - mean) ** 2 * density, excess)
    assert variance == pytest.approx(0.8**2 + WAIT_FACTOR**2, rel=1e-2)
    assert np.abs(np.diff(density)).max() < 1e-3
