import itertools
import math

import numpy as np
import pytest

from hitl_sim.analysis.chance.surface import fit_surface, least_cells

QUALITY, SHARE = (0.55, 0.65, 0.75, 0.85, 0.95), (0.05, 0.1, 0.2, 0.35, 0.5)
CELLS = np.array(list(itertools.product(QUALITY, SHARE)))
NUM = 16
SLOPE, TURN = -1.8, 0.72


def plane(a, c):
    return SLOPE * (a - TURN) - 0.6 * (c - 0.25)


def drawn(planted, seed, sd=0.05, cells=CELLS):
    """Return log rho of cells that share a control, and its resamples."""
    rng = np.random.default_rng(seed)
    runs = sd * math.sqrt(NUM) * rng.standard_normal((NUM, len(cells) + 1))
    runs = runs[:, 1:] - runs[:, :1] + planted(*cells.T)
    return runs.mean(axis=0), rng.dirichlet(np.ones(NUM), 500) @ runs


def fitted(planted, seed=0, cells=CELLS, **changes):
    return fit_surface(cells, *drawn(planted, seed, cells=cells, **changes), NUM)


def on_contour():
    share = np.linspace(0.05, 0.5, 60)
    return np.stack([TURN - 0.6 * (share - 0.25) / -SLOPE, share], axis=1)


def test_a_planted_contour_is_held_in_95_percent_of_studies():
    points, tries = on_contour(), 200
    assert np.allclose(plane(*points.T), 0.0)
    held = 0
    for seed in range(tries):
        band = fitted(plane, seed).at(points)
        held += bool(((band.low <= 0.0) & (band.high >= 0.0)).all())
    # four standard errors of a share of 95 % are 6 %
    assert held / tries >= 0.89


def test_the_band_holds_the_whole_surface_at_once():
    tries, held = 100, 0
    for seed in range(tries):
        surface = fitted(plane, seed)
        points = surface.lattice()
        band, truth = surface.at(points), plane(*points.T)
        held += bool(((band.low <= truth) & (truth <= band.high)).all())
    assert held / tries >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / tries)


@pytest.mark.parametrize(
    ("planted", "order", "has_products"),
    [
        (lambda a, c: 0.3 + 0 * a, 0, False),
        (plane, 1, False),
        (lambda a, c: 6.0 * (a - 0.75) * (c - 0.25), 1, True),
        (lambda a, c: 8.0 * (a - 0.75) ** 2 + 4.0 * (c - 0.25) ** 2, 2, False),
        (lambda a, c: 8.0 * (a - 0.75) ** 2 + 6 * (a - 0.75) * (c - 0.25), 2, True),
    ],
)
def test_the_simplest_form_that_predicts_held_out_cells_is_chosen(
    planted, order, has_products
):
    forms = [fitted(planted, seed, sd=0.02).form for seed in range(20)]
    right = sum((f.order, f.has_products) == (order, has_products) for f in forms)
    assert right >= 16


def test_an_axis_is_taken_by_its_logarithm_where_that_is_straight():
    forms = [
        fitted(lambda a, c: -0.5 * np.log(c) + 0 * a, seed, sd=0.02).form
        for seed in range(20)
    ]
    assert sum(form.is_log == (False, True) for form in forms) >= 18
    # accuracy spans less than a factor of four: its logarithm is not even tried
    surface = fitted(plane)
    assert not any(candidate.form.is_log[0] for candidate in surface.candidates)


def test_coefficients_are_those_of_axes_from_minus_one_to_one():
    surface = fitted(plane, sd=1e-6)
    found = dict(zip(surface.form.terms, surface.coefficients, strict=True))
    assert found[0, 0] == pytest.approx(plane(0.75, 0.275), abs=1e-4)
    assert found[1, 0] == pytest.approx(SLOPE * 0.2, abs=1e-4)
    assert found[0, 1] == pytest.approx(-0.6 * 0.225, abs=1e-4)


def test_errors_of_coefficients_are_those_over_many_studies():
    rng = np.random.default_rng(0)
    num, level, sd, tries = 6, (0, 0), 0.1, 400
    # what a Bayesian bootstrap lacks of the deviation
    lacking = math.sqrt((num - 1) / (num + 1))
    found = []
    for _ in range(tries):
        log_ratio = sd * rng.standard_normal(len(CELLS))
        draws = log_ratio + lacking * sd * rng.standard_normal((500, len(CELLS)))
        found.append(fit_surface(CELLS, log_ratio, draws, num))
    places = [one.form.terms.index(level) for one in found]
    values = [one.coefficients[k] for one, k in zip(found, places, strict=True)]
    told = [one.errors[k] for one, k in zip(found, places, strict=True)]
    # four standard errors of a deviation found from 400 values
    assert np.sqrt(np.mean(np.square(told))) == pytest.approx(np.std(values), rel=0.14)


def test_a_level_is_crossed_where_it_was_planted():
    surface = fitted(plane, sd=0.01)
    line = surface.along(0, (math.nan, 0.25))
    assert line.roots == pytest.approx((TURN,), abs=0.02)
    ((low, high),) = line.region
    assert low < line.roots[0] < high
    assert not line.is_below
    # rho of .8 is reached by better people
    (further,) = surface.along(0, (math.nan, 0.25), level=0.8).roots
    assert further == pytest.approx(TURN + math.log(0.8) / SLOPE, abs=0.02)


def test_a_line_on_one_side_throughout_has_no_root_and_no_doubt():
    line = fitted(lambda a, c: -1.0 + 0 * a, sd=0.01).along(1, (0.75, math.nan))
    assert (line.roots, line.region, line.is_below) == ((), (), True)


def test_shares_of_the_region_sum_to_one_and_follow_the_level():
    surface = fitted(plane, sd=0.01)
    below, above, untold = surface.shares()
    assert below + above + untold == pytest.approx(1.0)
    assert below > 0.4
    assert above > 0.2
    assert surface.shares(0.6)[0] < below < surface.shares(1.5)[0]


def test_cells_that_no_candidate_fits_widen_the_band():
    def step(a, c):
        return np.where(a + 0 * c > 0.75, -1.0, 1.0)

    surface = fitted(step, sd=0.02)
    assert surface.misfit > 2.0
    assert fitted(plane, sd=0.02).misfit < 1.5


def test_an_axis_of_two_values_bends_in_no_candidate():
    cells = np.array(list(itertools.product((0.55, 0.95), SHARE)))
    surface = fitted(plane, cells=cells)
    assert all(term[0] < 2 for c in surface.candidates for term in c.form.terms)


def test_axes_swept_one_at_a_time_tell_no_product():
    first = [(a, 0.2) for a in QUALITY]
    second = [(0.75, c) for c in SHARE if c != 0.2]
    surface = fitted(plane, cells=np.array(first + second))
    assert not any(candidate.form.has_products for candidate in surface.candidates)


def test_the_same_cells_give_the_same_surface():
    one, other = fitted(plane), fitted(plane)
    assert one.reach == other.reach
    assert one.form == other.form
    assert np.array_equal(one.coefficients, other.coefficients)


def test_nothing_is_extrapolated():
    with pytest.raises(ValueError, match="`points` must be inside the settings"):
        fitted(plane).at([[0.5, 0.2]])


def broken(**changes):
    log_ratio, draws = drawn(plane, 0)
    whole = {
        "cells": CELLS,
        "log_ratio": log_ratio,
        "draws": draws,
        "num_replicates": NUM,
    }
    return {**whole, **{key: change(whole[key]) for key, change in changes.items()}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cells": lambda x: x[:, :1]}, "`cells` must have 2 to 4 axes, got 1"),
        (
            {
                "cells": lambda x: x[:5],
                "log_ratio": lambda y: y[:5],
                "draws": lambda d: d[:, :5],
            },
            "`cells` must be 6 or more for 2 axes, got 5",
        ),
        ({"cells": lambda x: x * [1.0, 0.0]}, "two or more values of every axis"),
        ({"log_ratio": lambda y: y[1:]}, "must be of 25 cells"),
        ({"log_ratio": lambda y: y + math.inf}, "`log_ratio` must be finite"),
        ({"draws": lambda d: d + math.nan}, "`draws` must be finite"),
        ({"draws": lambda d: 0 * d}, "`draws` must vary in every cell"),
        ({"num_replicates": lambda _: 5}, "`num_replicates` must be >= 6, got 5"),
    ],
)
def test_what_no_surface_can_be_made_of_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        fit_surface(**broken(**changes))


def test_a_level_of_nothing_is_refused():
    with pytest.raises(ValueError, match="`level` must be > 0, got 0"):
        fitted(plane).along(0, (0.75, 0.2), level=0.0)


def test_more_axes_need_more_cells():
    assert [least_cells(num) for num in (2, 3, 4)] == [6, 8, 10]
