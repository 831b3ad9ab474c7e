"""Passes of items that a described training makes."""

import pytest

from hitl_sim.energy.workload import dense
from hitl_sim.energy.workload.describe import DataSpec, SelectionSpec, TrainingTable
from hitl_sim.energy.workload.phase import (
    FIT,
    LOOP_FITS,
    SCORING,
    VALIDATION,
    num_items,
    plain_phases,
    selection_phases,
)

DATA = DataSpec(items=1000)


def passes(phases):
    return {phase.name: phase.passes for phase in phases}


def chosen(training=None, data=DATA, **told):
    selection = SelectionSpec(**{"rounds": 3, "initial": 100, "per_round": 50, **told})
    training = training or TrainingTable(epochs=3)
    return selection_phases(selection, data, training, data.items)


def test_tokens_are_items_of_the_models_sequence():
    assert num_items(DataSpec(tokens=1e6), 500) == 2000
    assert num_items(DataSpec(items=7), 500) == 7
    with pytest.raises(ValueError, match=r"exactly one of .* got both"):
        num_items(DataSpec(items=7, tokens=9), 1)
    with pytest.raises(ValueError, match=r"exactly one of .* got neither"):
        num_items(DataSpec(), 1)


def test_epochs_pass_all_items_and_steps_pass_batches():
    assert passes(plain_phases(DATA, TrainingTable(epochs=3), 1000)) == {FIT: 3000}
    assert passes(plain_phases(DATA, TrainingTable(), 1000)) == {FIT: 1000}
    steps = TrainingTable(steps=20, batch=32)
    assert passes(plain_phases(DATA, steps, 1000)) == {FIT: 640}


def test_more_steps_than_data_need_epochs():
    with pytest.raises(
        ValueError, match=r"`training.steps` must be at most 31, .*epoc"
    ):
        plain_phases(DATA, TrainingTable(steps=40, batch=32), 1000)
    with pytest.raises(ValueError, match=r"2,000 items in all, and 32 a step, got 99"):
        plain_phases(DATA, TrainingTable(steps=99, batch=32, epochs=2), 1000)
    filled_up = TrainingTable(steps=32, batch=32)
    assert passes(plain_phases(DATA, filled_up, 1000)) == {FIT: 1024}


def test_steps_need_a_batch():
    with pytest.raises(ValueError, match=r"`training.batch` must be given where"):
        plain_phases(DATA, TrainingTable(steps=4), 1000)


def test_rounds_fit_anew_all_that_was_chosen_and_score_the_rest():
    found = passes(chosen())
    # fits of 100, 150 and 200 items; the last is the one in use and scores nothing
    assert found == {SCORING: 900 + 850, LOOP_FITS: 3 * 250, FIT: 3 * 200}


def test_the_last_fit_may_score_too():
    assert passes(chosen(scored_after_last=True))[SCORING] == 900 + 850 + 800


def test_a_warm_start_learns_from_what_was_added():
    found = passes(chosen(start="warm"))
    assert (found[LOOP_FITS], found[FIT]) == (3 * (100 + 50), 3 * 50)


def test_a_final_fit_comes_after_the_loop_and_its_scoring_is_of_use():
    found = passes(chosen(final=True, epochs=1, scored_after_last=False))
    assert (found[LOOP_FITS], found[FIT]) == (100 + 150 + 200, 3 * 200)


@pytest.mark.parametrize(
    ("told", "scored"),
    [
        ({"scored": "pool"}, 2000),
        ({"scored": 300}, 600),
        ({"scored": 300, "passes": 10}, 6000),
        ({"passes": 2}, 2 * 1750),
    ],
)
def test_what_is_scored_can_be_told(told, scored):
    assert passes(chosen(**told))[SCORING] == scored


def test_each_fit_validates():
    data = DataSpec(items=1000, validation=60)
    training = TrainingTable(epochs=3, validations=2)
    assert passes(plain_phases(data, training, 1000))[VALIDATION] == 120
    assert passes(chosen(training, data))[VALIDATION] == 3 * 120
    with pytest.raises(
        ValueError, match=r"`training.validations` must be given exactly"
    ):
        plain_phases(data, TrainingTable(), 1000)


def test_one_round_chooses_nothing_by_a_network():
    assert passes(chosen(rounds=1)) == {FIT: 300}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (
            {"rounds": 30},
            "at most the 1,000 items that there are, got 1,550: 100 and 29",
        ),
        ({"scored": 2000}, "`selection.scored` must be at most the 1,000"),
        (
            {"training": TrainingTable(steps=3, batch=2)},
            "`training.steps` must be left out where there is a `.selection.`",
        ),
    ],
)
def test_a_selection_that_cannot_be_is_refused(told, message):
    with pytest.raises(ValueError, match=message):
        chosen(**told)


def test_a_pass_of_training_takes_three_forward_ones():
    fit, scoring = chosen()[-1], chosen()[0]
    network = dense(10.0)
    assert fit.flop(network) == 600 * 60
    assert scoring.flop(network) == 1750 * 20
