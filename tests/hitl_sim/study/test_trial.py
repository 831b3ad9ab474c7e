"""What a search tries, and what it refuses."""

import math

import pytest

from hitl_sim.study.grid import TARGET, digest, expand, record_keys
from hitl_sim.study.plan import plan_study
from hitl_sim.study.spec import SpecError, convert
from hitl_sim.study.trial import (
    FIRST,
    Winner,
    as_tuned,
    best_first,
    check_tune,
    every_trial,
    foreseen,
    read_winners,
    rungs_of,
    trial_settings,
    tuned_arms,
    write_winners,
)

RATE = "training.learning_rate"
BASE = '{"task": "digits"}'


@pytest.fixture
def tuned(tables):
    """The smoke study with a search over its learning rate."""
    tables["tune"] = {
        "people": "none",
        "bill": "sunk",
        "trials": 4,
        "replicates": 2,
        "space": [{"field": RATE, "low": 1e-3, "high": 1e-1, "scale": "log"}],
    }
    return tables


def test_the_first_trial_is_the_studys_own_setting_and_a_seed_draws_the_rest(tuned):
    own, *drawn = trial_settings(convert(tuned))
    assert own == {}
    assert len(drawn) == 3
    assert all(1e-3 <= one[RATE] <= 1e-1 for one in drawn)
    assert drawn == trial_settings(convert(tuned))[1:]
    tuned["seed"] += 1
    assert drawn != trial_settings(convert(tuned))[1:]


def test_batch_width_and_schedule_are_searched_beside_the_rate(tuned):
    tuned["axis"] = []
    tuned["tune"]["trials"] = 12
    tuned["tune"]["space"] += [
        {"field": "training.batch", "values": [8, 16, 32]},
        {"field": "network.hidden", "values": [8, 16, 32]},
        {"field": "training.options.schedule", "values": ["constant", "cosine"]},
    ]
    spec = convert(tuned)
    check_tune(spec)
    (_, arms), *_ = tuned_arms(spec)
    trials = arms["control"]
    assert {one.training.batch for one in trials[1:]} == {8, 16, 32}
    widths = {one.network.all_options()["hidden"] for one in trials[1:]}
    assert widths == {(8,), (16,), (32,)}
    schedules = {one.training.all_options()["schedule"] for one in trials}
    assert schedules == {"constant", "cosine"}
    # every arm is tried at the same
    for others in arms.values():
        assert [one.training for one in others] == [one.training for one in trials]


def test_each_rung_keeps_half_and_doubles_the_replicates(tuned):
    tuned["tune"]["rungs"] = 3
    assert rungs_of(convert(tuned).tune) == [
        (4, range(FIRST, FIRST + 2)),
        (2, range(FIRST, FIRST + 4)),
        (1, range(FIRST, FIRST + 8)),
    ]


@pytest.mark.parametrize(
    ("people", "arms"),
    [
        ("none", ["control", "random_half"]),
        ("fresh", ["control", "random_half", "relevance", "margin_labels"]),
    ],
)
def test_arms_that_ask_are_tuned_where_their_people_may_be_asked(tuned, people, arms):
    tuned["tune"]["people"] = people
    ((base, found),) = tuned_arms(convert(tuned))
    assert base == BASE
    assert list(found) == arms
    assert {len(trials) for trials in found.values()} == {4}
    assert found["control"][0].settings == {}


def test_trials_run_on_replicates_that_no_comparison_has(tuned):
    spec = convert(tuned)
    for condition in foreseen(spec):
        assert condition.is_trial
        assert min(condition.runs) >= FIRST > spec.replicates
    trials = {key for c in every_trial(spec) for key in record_keys(c, "data")}
    judged = {key for c in expand(spec, {}) for key in record_keys(c, "data")}
    assert not trials & judged
    # 2 arms of 4 trials, 2 replicates each and 2 more for the better half; the pilots
    assert sum(len(c.runs) for c in foreseen(spec)) == 2 * (2 * 2 + 2 * 4) + 4


def test_a_tuned_arm_is_beside_its_control_whatever_their_settings(tuned):
    spec = convert(tuned)
    winners = [
        Winner(BASE, "control", {RATE: 0.02}, 1.0, 2.0, 4),
        Winner(BASE, TARGET, {RATE: 0.03}, -0.9, -0.8, 4),
        Winner(BASE, "random_half", {}, 1.0, 1.0, 4),
    ]
    found = expand(spec, as_tuned(spec, winners))
    rates = {(c.arm.name, c.role): c.training.learning_rate for c in found}
    assert rates == {
        ("control", "control"): 0.02,
        ("control", "pilot"): 0.03,
        ("control_untuned", "untuned"): 0.01,
        ("control_again", "null"): 0.02,
        ("random_half", "arm"): 0.01,
        # nobody was asked in trials: those with people have what the control has
        ("relevance", "arm"): 0.02,
        ("margin_labels", "arm"): 0.02,
    }
    assert len({digest(c.base.shared("data")) for c in found}) == 1
    own = {c.arm.name: record_keys(c, "data")[0] for c in expand(convert(tuned))}
    as_before = next(c for c in found if c.arm.name == "control_untuned")
    assert record_keys(as_before, "data")[0] != own["control_again"]


def test_an_arm_may_have_training_of_its_own(tables):
    tables["arm"][2]["training"] = {"learning_rate": 0.04}
    found = {c.arm.name: c for c in expand(convert(tables)) if c.role != "pilot"}
    assert found["random_half"].training.learning_rate == 0.04
    assert found["control"].training.learning_rate == 0.01
    assert digest(found["random_half"].base.shared("d")) == digest(
        found["control"].shared("d")
    )
    # the same training, whoever says so, is the same record
    del tables["arm"][2]["training"]
    plain = dict(tables, training=tables["training"] | {"learning_rate": 0.04})
    same = next(c for c in expand(convert(plain)) if c.arm.name == "random_half")
    assert record_keys(same, "d") == record_keys(found["random_half"], "d")


def test_a_training_that_an_arm_cannot_have_is_refused_by_arm_and_field(tables):
    tables["arm"][2]["training"] = {"mood": 1.0}
    with pytest.raises(
        SpecError, match=r"Arm 'random_half': `training.mood` is not a field"
    ):
        expand(convert(tables))


def test_a_tie_goes_to_the_earlier_trial_and_none_finite_to_the_studys_own():
    assert best_first({0: 2.0, 1: 1.0, 2: 1.0}, 1) == [1]
    assert best_first({0: math.inf, 1: math.inf}, 1) == [0]
    assert best_first({0: 3.0, 1: 1.0, 2: 2.0}, 2) == [1, 2]


def test_what_was_found_is_kept_as_it_was():
    winners = (
        Winner(BASE, "control", {RATE: 0.02}, 1.5, math.inf, 4),
        Winner(BASE, TARGET, {}, -0.9, -0.9, 2),
    )
    assert read_winners(write_winners(winners)) == winners


def axis(field, **given):
    return {"space": [{"field": field, **given}]}


def change(tables, **changes):
    tables["tune"] |= changes
    return convert(tables)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (axis("task.pool", values=[1]), r"`tune.space.field` must be a field of"),
        (axis("training.mood", values=[1]), r"got 'training.mood'"),
        (axis(RATE, values=[1e-3], link="a"), r"`tune.space.link` must be left out"),
        (axis(RATE, low=1.0, high=0.1), r"got 1.0 of axis"),
        ({"rungs": 4}, r"`tune.rungs` must halve the 4 trials"),
        ({"people": "replayed"}, r"`tune.people` must be 'none' or.*'margin_labels'"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused(tuned, changes, message):
    with pytest.raises(SpecError, match=message):
        check_tune(change(tuned, **changes))


@pytest.mark.parametrize("name", ["people", "bill"])
def test_who_answers_and_who_pays_in_trials_has_no_default(tuned, name):
    del tuned["tune"][name]
    with pytest.raises(SpecError, match=f"`tune.{name}` must be given"):
        convert(tuned)


def test_what_is_tuned_is_not_swept(tuned):
    tuned["axis"].append({"field": RATE, "values": [1e-3, 1e-2]})
    with pytest.raises(SpecError, match=f"must not be swept too, got '{RATE}'"):
        plan_study(convert(tuned))
