"""The check against SMS spam: its arithmetic, a planted F1, and a small real run."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.feature_selection import chi2
from sklearn.metrics import f1_score
from sms_found import RATES, Found, Plan
from sms_page import draw, write_page
from sms_saving import MARGIN, Axis, Work, checkpoints_to, equal_saving, f1_of
from sms_spam import (
    NETWORKS,
    Lane,
    best_columns,
    build_curves,
    chi_square,
    count_units,
    draw_replicates,
    lay_out,
    run_network,
    target_of,
)

from hitl_sim.analysis.chance.interval import resample
from hitl_sim.energy import WorkUnit, load_profile
from hitl_sim.task import load_task

SMS = Path(__file__).parents[3] / "shared" / "data" / "text_tasks" / "sms_spam.csv.gz"
LAPTOP = load_profile("laptop-cpu")


def unit(phase, flops=1e9):
    return WorkUnit(phase, phase, {"float32": flops}, 0.0, 0.0)


def axis_of(f1, reached=None, shares=(0.1, 0.5, 1.0)):
    """Energy in proportion to the share."""
    units = {phase: unit(phase) for phase in ("train", "evaluate", "choose")}
    f1 = np.asarray(f1, float)
    return Axis(
        name="data",
        shares=shares,
        fixed=tuple(Work(units, round(100 * share), 0, 0) for share in shares),
        f1=f1,
        reached=np.ones(f1.shape, int) if reached is None else np.asarray(reached),
        to_checkpoint=tuple(Work(units, 10, 0, 0) for _ in shares),
        cap=10,
    )


def test_f1_of_counts_is_that_of_the_answers_they_count():
    truth = np.array([1] * 12 + [0] * 20)
    said = np.array([1] * 8 + [0] * 4 + [1] * 2 + [0] * 18)
    assert f1_of([8, 2, 4]) == pytest.approx(f1_score(truth, said))
    assert f1_of([8, 2, 4]) == pytest.approx(16 / 22)


def test_f1_is_0_where_spam_is_never_found():
    np.testing.assert_array_equal(f1_of([[0, 0, 5], [0, 0, 0]]), [0, 0])


def test_the_equal_saving_is_the_largest_one_within_the_margin():
    savings = np.array([0.9, 0.6, 0.3, 0.0])
    f1 = np.array([[0.80, 0.90 - MARGIN, 0.95, 0.90], [0.80, 0.88, 0.88, 0.90]])
    np.testing.assert_allclose(equal_saving(f1, savings), [0.6, 0.0])


def test_the_interval_of_the_equal_saving_takes_in_the_choice_of_the_share():
    full = np.full(16, 0.9)
    sure, unsure = full - 0.002, full - np.tile([0.0, 0.019], 8)
    weights = resample(16, 0)
    steady = axis_of([full - 0.2, sure, full]).equal_f1(LAPTOP, weights)
    shaky = axis_of([full - 0.2, unsure, full]).equal_f1(LAPTOP, weights)
    assert steady == pytest.approx((0.5, 0.5, 0.5))
    assert shaky == pytest.approx((0.5, 0.0, 0.5))


def test_the_target_is_reached_when_the_smoothed_f1_gets_there():
    curves = np.array([[[0.0, 0.9, 0.9, 0.9], [0.1, 0.2, 0.3, 0.4]]])
    np.testing.assert_array_equal(
        checkpoints_to(curves, np.array([0.6, 0.6])), [[3, 0]]
    )


def test_the_target_is_the_margin_below_the_best_smoothed_f1_of_the_pilot():
    pilot = np.array([[0.3, 0.6, 0.9, 0.6, 0.3]])
    np.testing.assert_allclose(target_of(pilot), [0.7 - MARGIN])


def test_runs_that_never_reach_the_target_cost_their_cap():
    f1 = np.full((3, 8), 0.9)
    reached = np.array([[0, 5] * 4, [5] * 8, [5] * 8])
    axis = axis_of(f1, reached)
    # 10 checkpoints of a failure and 5 of a success, over one success
    assert axis.rho(0, LAPTOP, resample(8, 0)).value == pytest.approx(15 / 5)
    assert axis.rho(1, LAPTOP, resample(8, 0)).value == pytest.approx(1.0)
    assert axis.reach(0) == 0.5


def test_a_bill_holds_validation_and_choosing_only_where_it_is_whole():
    units = {phase: unit(phase) for phase in ("train", "evaluate", "choose")}
    work = Work(units, 3, 2, 1)
    alone = work.joules(LAPTOP, is_whole=False).value
    assert work.joules(LAPTOP).value / alone == pytest.approx(2.0)


def test_chi_square_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.random((60, 9), np.float32) * (rng.random((60, 9)) < 0.3)
    y = rng.integers(0, 2, 60).astype(np.int32)
    np.testing.assert_allclose(chi_square(x, y), chi2(x, y)[0], rtol=1e-4)


def test_the_word_that_tells_spam_from_ham_comes_first():
    y = np.array([0, 1] * 20, np.int32)
    x = np.full((40, 5), 0.5, np.float32)
    x[:, 3] = y
    assert best_columns(jnp.asarray(x), jnp.asarray(y))[0] == 3


def test_a_planted_f1_is_found():
    """A quarter of spam looks like ham, so that spam is right whenever it is said."""
    rng = np.random.default_rng(1)
    labels = (rng.random(900) < 0.3).astype(np.int32)
    shown = labels * (rng.random(900) < 0.75)
    features = np.stack([1 - shown, shown], axis=1).astype(np.float32)
    plan = Plan(words=2, pool=320, validation=200, epochs=20, steps=20)
    lane = Lane(
        key=jax.random.key(0)[None],
        order=jnp.arange(900)[None],
        columns=jnp.arange(2)[None],
        num_items=jnp.array([320]),
        rate=jnp.array([0.05]),
    )
    data = SimpleNamespace(features=features, labels=labels)
    found = build_curves(data, plan, NETWORKS["linear"].network, 2)(lane)
    for counts, rows in (
        (found.validation[0, -1], slice(320, 520)),
        (found.test[0, -1], slice(520, 900)),
    ):
        assert f1_of(counts) == pytest.approx(f1_score(labels[rows], shown[rows]))
        assert 0.8 < f1_of(counts) < 0.95


def test_a_share_of_the_data_trains_on_that_many_messages_of_the_same_split():
    plan = Plan(replicates=2, words=4, pool=320, validation=20, shares=(0.1, 1.0))
    rng = np.random.default_rng(0)
    data = SimpleNamespace(
        features=rng.random((400, 4), np.float32),
        labels=(np.arange(400) % 2).astype(np.int32),
    )
    lanes = lay_out(draw_replicates(data, plan), plan, 4, plan.shares, 0.01)
    np.testing.assert_array_equal(lanes.num_items, [32, 32, 320, 320])
    np.testing.assert_array_equal(lanes.order[0], lanes.order[2])
    assert not np.array_equal(lanes.order[0], lanes.order[1])


def test_training_steps_cost_more_with_more_words():
    plan = Plan(pool=320)
    few, many = (count_units(plan, NETWORKS["mlp"].network, n) for n in (100, 200))
    flops = [units["train"].flops["float32"] for units in (few, many)]
    assert 1.5 < flops[1] / flops[0] <= 2.0


@pytest.fixture(scope="module")
def real():
    """A small form of the whole: data axis and feature axis of one network."""
    if not SMS.is_file():
        pytest.skip("text_tasks/sms_spam.csv.gz is absent")
    plan = Plan(
        replicates=6, words=200, epochs=5, pool=1600, steps=25, shares=(0.1, 0.5, 1.0)
    )
    _, data = load_task(SMS, num_features=plan.words, num_groups=1, text_column="text")
    return run_network(data, plan, draw_replicates(data, plan), "mlp")


@pytest.mark.parametrize("number", [0, 1])
def test_energy_rises_with_the_share(real, number):
    spent = [work.joules(LAPTOP).value for work in real[number].fixed]
    assert spent == sorted(spent)
    assert len(set(spent)) == len(spent)


def test_a_tenth_of_the_data_saves_more_than_80_percent(real):
    assert 0.8 < real[0].savings(LAPTOP)[0] < 0.9
    assert real[0].savings(LAPTOP, is_whole=False)[0] == pytest.approx(0.9)


def test_f1_falls_at_a_tenth_of_the_data_and_of_the_features(real):
    for axis in real:
        assert axis.fall(0, axis.resampled(0)).low > 0
        assert axis.f1[-1].mean() > 0.75


def test_both_axes_end_at_the_same_runs(real):
    np.testing.assert_array_equal(real[0].f1[-1], real[1].f1[-1])


def found_of(data, features):
    """One network on two made-up axes, and forests that change nothing."""
    forest = np.linspace(0.8, 0.9, 8)
    return Found(
        plan=Plan(replicates=8),
        source="made up",
        spam=0.1,
        num_test=1000,
        axes={"mlp": [data, features]},
        rates={"mlp": np.full((len(RATES), 3, 8), 0.9)},
        forests=dict.fromkeys(("full", "data", "features", "cut"), forest),
    )


def test_the_page_says_where_ours_and_the_published_saving_agree(tmp_path):
    full, low = np.full(8, 0.9), np.full(8, 0.7)
    unsure = full - np.tile([0.0, 0.021], 4)
    shares = (0.1, 0.5, 0.8, 1.0)
    axis = axis_of([low, unsure, full, full], shares=shares)
    found = found_of(axis, replace(axis, name="features"))
    page = write_page(found, [LAPTOP], "figure.png")
    assert axis.equal_f1(LAPTOP, axis.resampled(0)) == pytest.approx((0.2, 0.2, 0.5))
    assert "Ours and the published saving agree on less data" in page
    assert "Ours and the published saving differ on fewer features" in page
    assert "F1 falls as published, but less far:** by 0.200 [0.200, 0.200]" in page
    draw(found, [LAPTOP], tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_does_not_claim_a_fall_that_may_be_chance():
    full = np.full(8, 0.9)
    shaky = full - np.tile([0.01, -0.01], 4)
    axis = axis_of([shaky, full, full])
    page = write_page(found_of(axis, replace(axis, name="features")), [LAPTOP], "f.png")
    assert "but not beyond chance in every network" in page
    assert "headline saving is not to be had" not in page
