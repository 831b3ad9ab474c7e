import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

from hitl_sim.study.axis import drawn_points
from hitl_sim.study.grid import expand
from hitl_sim.study.spec import SpecError, convert

SMOKE = Path(__file__).parents[2] / "experiments" / "smoke.toml"
ACCURACY = {"field": "crowd.accuracy", "low": 0.2, "high": 1.0}
PEOPLE = {"field": "workforce.size", "low": 3, "high": 6}
NAMES = {
    "field": "crowd.population",
    "values": ["perfect", "typical", "spammer"],
    "drawn": True,
}


def study(axes, **fields):
    tables = tomllib.loads(SMOKE.read_text()) | {"axis": axes} | fields
    return convert(tables)


def settings(spec, arm):
    return [dict(c.settings) for c in expand(spec) if c.arm.name == arm]


def test_linked_axes_go_together_and_are_crossed_with_others():
    spec = study(
        [
            {"field": "crowd.accuracy", "values": [0.6, 0.9], "link": "people"},
            {"field": "crowd.seconds", "values": [2.0, 5.0], "link": "people"},
            {"field": "arm.people", "values": [1, 3]},
        ]
    )
    found = settings(spec, "margin_labels")
    assert len(found) == 4
    pairs = {(s["crowd.accuracy"], s["crowd.seconds"]) for s in found}
    assert pairs == {(0.6, 2.0), (0.9, 5.0)}
    assert len(settings(spec, "control")) == 2  # itself and its pilot


@pytest.mark.parametrize("method", ["random", "latin", "sobol"])
def test_drawn_points_fill_their_ranges_and_are_fixed_by_the_seed(method):
    spec = study([ACCURACY, PEOPLE, NAMES], draw={"method": method, "points": 256})
    points = drawn_points(spec)
    assert points == drawn_points(spec)
    assert points != drawn_points(
        study([ACCURACY, PEOPLE, NAMES], seed=8, draw={"method": method, "points": 256})
    )
    accuracy = np.array([p["crowd.accuracy"] for p in points])
    assert 0.2 <= accuracy.min() < 0.25
    assert 0.95 < accuracy.max() <= 1.0
    # the mean of 256 independent uniform draws, by 4 standard errors
    assert abs(accuracy.mean() - 0.6) < 4 * 0.8 / math.sqrt(12 * 256)
    for field, values in (
        ("workforce.size", {3, 4, 5, 6}),
        ("crowd.population", set(NAMES["values"])),
    ):
        counts = [sum(p[field] == v for p in points) for v in values]
        share = 1 / len(values)
        error = math.sqrt(256 * share * (1 - share))
        assert all(abs(n - 256 * share) < 4 * error for n in counts)


@pytest.mark.parametrize(("method", "most"), [("latin", 1), ("sobol", 1)])
def test_each_stratum_of_every_axis_holds_one_point(method, most):
    spec = study(
        [ACCURACY, {"field": "crowd.lapse", "low": 0.0, "high": 0.5}],
        draw={"method": method, "points": 64},
    )
    for field, low, high in (("crowd.accuracy", 0.2, 1.0), ("crowd.lapse", 0.0, 0.5)):
        values = np.array([p[field] for p in drawn_points(spec)])
        counts = np.histogram(values, 64, (low, high))[0]
        assert counts.max() == most


def test_a_log_range_is_even_on_its_logarithm():
    axis = {"field": "training.learning_rate", "low": 1e-4, "high": 1e-1}
    spec = study([axis | {"scale": "log"}], draw={"method": "latin", "points": 30})
    rates = sorted(p["training.learning_rate"] for p in drawn_points(spec))
    assert rates[10] == pytest.approx(1e-3, rel=0.3)


def test_arms_share_points_and_each_takes_only_what_acts_on_it():
    spec = study(
        [ACCURACY, {"field": "arm.share", "low": 0.1, "high": 0.9}],
        draw={"method": "sobol", "points": 8},
    )
    both, only = settings(spec, "relevance"), settings(spec, "margin_labels")
    assert [s["crowd.accuracy"] for s in both] == [s["crowd.accuracy"] for s in only]
    assert {tuple(s) for s in only} == {("crowd.accuracy",)}
    assert len(settings(spec, "random_half")) == 8
    assert len(settings(spec, "control_again")) == 1


@pytest.mark.parametrize(
    ("axes", "fields", "message"),
    [
        ([ACCURACY], {}, r"`draw` must be given .* got None with \['crowd.accuracy'\]"),
        (
            [],
            {"draw": {"method": "sobol", "points": 4}},
            "`draw` must be given exactly",
        ),
        ([ACCURACY | {"values": [0.5]}], {}, "must be given, and not both"),
        ([{"field": "crowd.accuracy"}], {}, "must be given, and not both"),
        ([ACCURACY | {"high": 0.1}], {}, "`axis.low` must be < `axis.high`"),
        ([ACCURACY | {"low": 0.0, "scale": "log"}], {}, "must be > 0 on a log scale"),
        ([ACCURACY | {"link": "a"}], {}, "`axis.link` must be left out"),
        (
            [
                {"field": "crowd.accuracy", "values": [0.5], "link": "a"},
                {"field": "crowd.lapse", "values": [0.1, 0.2], "link": "a"},
            ],
            {},
            r"`axis.values` must be as many as those of 'crowd.accuracy' \(1\)",
        ),
        (
            [ACCURACY | {"high": 1.5}],
            {"draw": {"method": "latin", "points": 16}},
            "leads to a value that is refused: `crowd.accuracy`",
        ),
    ],
)
def test_an_axis_that_cannot_be_is_named(axes, fields, message):
    with pytest.raises(SpecError, match=message):
        expand(study(axes, **fields))
