"""Simulated people over many splits: what is judged, what counts, what is kept."""

import json
import sys

import many_splits
import many_splits_page as page
import numpy as np
import pytest

from hitl_sim.participants.validating.equivalence import (
    DIFFERENT,
    EQUIVALENT,
    OPEN,
    margin_of,
)

AUC = (0.52, 0.54, 0.53, 0.55)


def told(auc=AUC, real=(0.50, 0.52), coin=0.9):
    """Tell of a set by its areas alone."""
    nothing = page.Curve([], np.zeros(0), np.zeros(0))
    areas = (page.interval(auc), page.interval(real), page.interval((0.5, 0.5)))
    coins = page.interval((coin, coin))
    return page.Told("mine", "normal", 50, 50, [], *areas, coins, nothing)


@pytest.mark.parametrize(
    ("auc", "real", "coin", "said"),
    [
        (AUC, (0.50, 0.52), 0.9, "passes"),
        ((0.6, 0.62, 0.61, 0.63), (0.50, 0.52), 0.9, "fails"),
        # a mean below the bar with an upper end too far above it
        ((0.40, 0.68, 0.40, 0.68), (0.50, 0.52), 0.9, "fails"),
        (AUC, (0.40, 0.42), 0.9, "does not count: real halves 0.41"),
        (AUC, (0.50, 0.52), 0.7, "does not count: one coin found with 0.70 alone"),
        ((np.nan, np.nan), (0.5, 0.5), 0.9, "not asked: too few people with five"),
    ],
)
def test_a_verdict_on_people_needs_a_control_and_power(auc, real, coin, said):
    assert page.judge_people(told(auc, real, coin)).startswith(said)


def test_an_interval_is_of_the_mean():
    mean, low, high = page.interval(AUC)
    assert mean == pytest.approx(0.535)
    # Student's quantile of three degrees of freedom
    assert high - mean == pytest.approx(3.182 * np.std(AUC, ddof=1) / 2.0, rel=1e-3)
    assert mean - low == pytest.approx(high - mean)


def splits(off, num=200, spread=0.02):
    """Return splits whose two points are off by some, and vary by so much."""
    noise = np.random.default_rng(0).normal(0.0, spread, (num, 2))
    curves = ({"a": 0.8 + x, "b": 0.9 + off + y} for x, y in noise)
    return [
        {"real": {"curve": {"a": 0.8, "b": 0.9}}, "normal": {"curve": c}}
        for c in curves
    ]


def test_a_curve_is_in_the_band_unless_it_is_off_in_nearly_all_splits():
    assert page.curve_gap(splits(0.0), "normal").off == []
    # the band of two normal points holds 2.24 standard deviations
    assert page.curve_gap(splits(0.035), "normal").off == []
    found = page.curve_gap(splits(0.06), "normal")
    assert found.names == ["a", "b"]
    assert len(found.off) == 1
    assert found.off[0].startswith("b +0.06")


def test_points_that_a_split_lacks_are_not_judged():
    parts = splits(0.5, num=5)
    del parts[3]["normal"]["curve"]["b"]
    assert page.curve_gap(parts, "normal").names == ["a"]


def test_few_splits_have_no_verdict():
    few = told()._replace(num_splits=19, num_whole=19)
    few = few._replace(curve=page.curve_gap(splits(0.5, num=19), "normal"))
    judges = (page.judge_people, page.judge_curve, page.judge_statistics)
    for judge in judges:
        assert judge(few) == "cannot be told: 19 splits"
    assert page.largest(few.curve).startswith("b +0.")
    assert list(page.statistics(with_statistics(0.0, 0.03, 19), "normal")) == []


def with_statistics(off, spread, num=60):
    """Return splits with one coefficient, off by some and varying by so much."""
    noise = np.random.default_rng(1).normal(0.0, spread, num)
    return [
        {
            "real": {"statistic": {"kappa": ["plain", 0.5 - x / 2.0]}},
            "normal": {"statistic": {"kappa": ["plain", 0.5 + off + x / 2.0]}},
        }
        for x in noise
    ]


@pytest.mark.parametrize(
    ("off", "spread", "verdict", "is_powered"),
    [
        (0.0, 0.03, EQUIVALENT, True),
        (0.3, 0.03, DIFFERENT, True),
        (0.095, 0.03, OPEN, True),
        (0.0, 0.2, OPEN, False),
    ],
)
def test_a_statistic_is_judged_by_half_of_its_spread_over_splits(
    off, spread, verdict, is_powered
):
    (line,) = page.statistics(with_statistics(off, spread), "normal")
    assert (line.found.verdict, line.found.is_powered) == (verdict, is_powered)
    width = (line.found.high - line.found.low) / 2.0
    assert width == pytest.approx(1.645 * spread / 2.0, rel=0.25)
    assert line.found.up == margin_of("kappa", page.Statistic("plain", 0.5))[1]


def test_half_of_the_spread_over_halves_is_the_error_of_all_people():
    """A mean of n people errs as half the spread of the difference of two halves."""
    rng = np.random.default_rng(2)
    people = rng.normal(size=400)
    gaps = []
    for _ in range(400):
        order = rng.permutation(400)
        gaps.append(people[order[:200]].mean() - people[order[200:]].mean())
    assert np.std(gaps) / 2.0 == pytest.approx(people.std() / 20.0, rel=0.12)


def test_a_set_needs_enough_statistics_with_power():
    (line,) = page.statistics(with_statistics(0.0, 0.03), "normal")
    (off,) = page.statistics(with_statistics(0.3, 0.03), "normal")
    mine = told()
    assert page.judge_statistics(mine._replace(lines=[line] * 7)).startswith("does not")
    assert page.judge_statistics(mine._replace(lines=[line] * 8)) == "passes"
    assert page.judge_statistics(mine._replace(lines=[line] * 19 + [off])) == "passes"
    assert page.judge_statistics(mine._replace(lines=[line] * 18 + [off])) == "fails"


def run(monkeypatch, *words):
    """Run the experiment with these words."""
    monkeypatch.setattr(sys, "argv", ["many_splits.py", *map(str, words)])
    many_splits.main()


def test_the_smoke_tells_of_made_up_people(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(page, "LEAST_SPLITS", 2)
    run(monkeypatch, "--smoke", "--out", tmp_path / "page.md")
    shown = capsys.readouterr().out
    assert "made up, split 2 of 2" in shown
    said = (tmp_path / "page.md").read_text()
    assert "this is a first look" in said
    assert "## made up, normal people" in said
    assert "| made up | resampled | 2 |" in said
    assert "| accuracy | 0." in said
    assert (tmp_path / "page.png").stat().st_size > 10_000


def test_a_split_that_was_kept_is_not_made_again(monkeypatch, tmp_path):
    made = []

    def split_once(record, sizes, seed, *, is_whole):
        made.append((seed, is_whole))
        part = with_statistics(0.0, 0.03, 2)[seed % 2]
        coin = {"one coin": {"auc": 0.9}} if is_whole else {}
        part["real"] |= {"curve": {"a": 0.8}, "auc": 0.5}
        part["normal"] |= {"curve": {"a": 0.8}, "auc": 0.5, "among": 0.5}
        return part | coin

    monkeypatch.setattr(many_splits, "split_once", split_once)
    monkeypatch.setattr(many_splits, "CLASSIFIED", 2)
    monkeypatch.setattr(many_splits, "read_sets", lambda *_: [("bluebirds", None)])
    words = ("--data", tmp_path, "--parts", tmp_path, "--out", tmp_path / "page.md")
    run(monkeypatch, *words, "--splits", 2)
    run(monkeypatch, *words, "--splits", 3)
    assert made == [(0, True), (1, True), (2, False)]
    kept = json.loads((tmp_path / "bluebirds_2.json").read_text())
    assert "one coin" not in kept


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--splits", 1), "--splits must be at least 2, got 1."),
        ((), "--data and --parts must be given, or --smoke."),
        (("--sets", "nowhere"), "invalid choice: 'nowhere'"),
    ],
)
def test_what_cannot_be_run_is_refused_before_any_work(
    monkeypatch, capsys, words, said
):
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, *words)
    assert said in capsys.readouterr().err


def test_halves_share_items_and_no_people():
    record = many_splits.made_up()
    fitted, held = many_splits.cut_people(record, 3)
    assert fitted.num_people + held.num_people == record.num_people
    assert fitted.answer.size + held.answer.size == record.answer.size
    assert fitted.num_items == held.num_items == record.num_items
    assert abs(fitted.num_people - held.num_people) <= 1
