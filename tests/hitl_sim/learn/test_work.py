import dataclasses

import numpy as np
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.learn import (
    NetworkConfig,
    RunConfig,
    TrainConfig,
    describe_steps,
    describe_work,
)
from hitl_sim.learn.efficiency.prune import PruneMethod
from hitl_sim.learn.intervention import Program, Shape
from hitl_sim.learn.intervention.importance import ImportanceArm
from hitl_sim.learn.intervention.labelling import LabellingArm, fit_steps
from hitl_sim.learn.intervention.machine_share import MachineShareArm
from hitl_sim.learn.intervention.relevance import RelevanceArm
from hitl_sim.learn.intervention.review import ReviewArm
from hitl_sim.learn.intervention.whole_pool import WholePoolArm
from hitl_sim.learn.network import build_network
from hitl_sim.learn.optimiser import OptimiserConfig
from hitl_sim.learn.optimiser.sgd import sgd
from hitl_sim.learn.work import INSTRUMENT, PROTOCOL, train_unit


def lines_of(config):
    return {(line.unit.phase, line.purpose): line for line in describe_work(config)}


def test_training_and_validation_are_billed_and_the_test_set_is_not(config_of):
    lines = lines_of(config_of(WholePoolArm(name="a", role="control")))
    assert set(lines) == {
        ("train", PROTOCOL),
        ("evaluate", PROTOCOL),
        ("evaluate", INSTRUMENT),
    }
    assert list(lines["train", PROTOCOL].counts) == [2, 4, 6, 8, 10, 12]
    assert list(lines["evaluate", PROTOCOL].counts) == [30, 60, 90, 120, 150, 180]
    assert lines["evaluate", INSTRUMENT].counts[-1] == 6 * 20


def test_choosing_by_margin_scores_what_is_unlabelled_before_each_round(config_of):
    config = LabellingArm(name="a", rounds=3, questions=10)
    line = lines_of(config_of(config))["score", PROTOCOL]
    # 80 in the pool, 10 labelled per round; the first round is random
    assert list(line.counts) == [0, 0, 70, 70, 130, 130]


def test_random_labelling_scores_nothing(config_of):
    config = LabellingArm(name="a", rounds=3, questions=10, strategy="random")
    assert ("score", PROTOCOL) not in lines_of(config_of(config))


def test_suggestions_look_at_what_is_asked_and_at_nothing_else(config_of):
    config = LabellingArm(
        name="a", rounds=3, questions=10, strategy="random", suggest=True
    )
    lines = {line.unit.phase: line for line in describe_work(config_of(config))}
    np.testing.assert_array_equal(lines["score"].counts, [0, 0, 10, 10, 20, 20])
    by_margin = LabellingArm(
        name="a", rounds=3, questions=10, strategy="margin", suggest=True
    )
    plain = LabellingArm(name="a", rounds=3, questions=10, strategy="margin")
    for one, other in zip(
        describe_work(config_of(by_margin)),
        describe_work(config_of(plain)),
        strict=True,
    ):
        assert one.unit.name == other.unit.name
        np.testing.assert_array_equal(one.counts, other.counts)


def test_a_machines_choice_is_paid_before_training_begins(config_of):
    lines = describe_work(
        config_of(MachineShareArm(name="a", score="el2n", proxy_steps=7))
    )
    choosing = [line for line in lines if line.unit.phase in ("choose", "score")]
    counts = {line.unit.name: list(line.counts) for line in choosing}
    assert counts == {
        "choose:64-8-10:b8:n80": [7] * 6,
        "score:64-8-10:el2n:n80": [80] * 6,
        "choose:order:n80": [1] * 6,
    }


def operations(line):
    counted = count_operations(line.unit.program, *line.unit.args)
    return counted.flops["float32"] / line.unit.items


def test_a_training_step_counts_the_matrix_work_of_both_passes(config_of):
    line = lines_of(config_of(WholePoolArm(name="a", role="control")))[
        "train", PROTOCOL
    ]
    # batch 8 through 64-8-10: forward 2, weights' gradients 2, and the hidden layer's
    # gradient 2, per multiply; nothing flows back into the input
    matrices = 8 * (4 * 64 * 8 + 6 * 8 * 10)
    assert operations(line) > matrices
    # beside matrices there are about 20 operations per weight for Adam, and some per
    # activation
    weights = 64 * 8 + 8 + 8 * 10 + 10
    assert operations(line) < matrices + 20 * weights + 8 * 40 * 10


def test_steps_of_two_optimisers_are_two_units():
    network = NetworkConfig((8,))
    built = build_network(network, 64, 10)
    units = [
        train_unit("train", network, config, 90, 64, 10, built=built)
        for config in (
            TrainConfig(16),
            TrainConfig(16, optimiser=OptimiserConfig(sgd)),
            TrainConfig(16, optimiser=OptimiserConfig(sgd, (("momentum", 0.5),))),
        )
    ]
    assert [unit.name for unit in units] == [
        "train:64-8-10:b16:n90",
        "train:64-8-10:b16:n90:sgd",
        "train:64-8-10:b16:n90:sgd,momentum=0.5",
    ]


def test_a_smaller_input_makes_a_cheaper_step(config_of):
    whole = lines_of(config_of(WholePoolArm(name="a", role="control")))[
        "train", PROTOCOL
    ]
    quarter = lines_of(config_of(ImportanceArm(name="a", share=4 / 16)))[
        "train", PROTOCOL
    ]
    assert operations(quarter) < 0.5 * operations(whole)
    assert quarter.unit.name != whole.unit.name


@pytest.mark.parametrize("purpose", [PROTOCOL, INSTRUMENT])
def test_an_evaluated_item_costs_one_forward_pass(config_of, purpose):
    line = lines_of(config_of(WholePoolArm(name="a", role="control")))[
        "evaluate", purpose
    ]
    assert operations(line) == pytest.approx(2 * (64 * 8 + 8 * 10), rel=0.1)
    assert np.all(np.diff(line.counts) > 0)


CHECKPOINTS, BATCH = 12, 8
TRAIN = TrainConfig(batch=BATCH, steps_per_checkpoint=2, num_checkpoints=CHECKPOINTS)


def test_epochs_make_each_fit_as_long_as_its_labels():
    config = LabellingArm(name="a", rounds=3, questions=16, refit="scratch", epochs=2)
    steps = np.array(fit_steps(config, TRAIN)).reshape(3, 4)
    # 2 epochs of 16, 32 and 48 labels in batches of 8
    assert list(steps.sum(axis=1)) == [4, 8, 12]
    assert steps.max(axis=1).tolist() == [1, 2, 3]


def test_final_only_trains_in_the_last_round():
    config = LabellingArm(
        name="a", rounds=3, questions=16, strategy="random", refit="final_only"
    )
    assert fit_steps(config, TRAIN) == (0,) * 8 + (2,) * 4


def test_a_refit_from_scratch_counts_its_own_steps_only(config_of):
    config = LabellingArm(name="a", rounds=3, questions=10, refit="scratch")
    counted = describe_steps(config_of(config))
    assert list(counted.all_fits) == [2, 4, 6, 8, 10, 12]
    assert list(counted.current_fit) == [2, 4, 2, 4, 2, 4]
    warm = describe_steps(config_of(LabellingArm(name="a", rounds=3, questions=10)))
    assert list(warm.current_fit) == list(warm.all_fits)


def test_a_subsample_is_all_that_is_scored(config_of):
    config = LabellingArm(
        name="a", rounds=3, questions=10, score="subsample", score_items=25
    )
    line = lines_of(config_of(config))["score", PROTOCOL]
    assert list(line.counts) == [0, 0, 25, 25, 50, 50]
    assert line.unit.items == 25


def test_checkpoints_before_the_only_fit_are_not_evaluated(config_of):
    config = LabellingArm(
        name="a", rounds=3, questions=10, strategy="random", refit="final_only"
    )
    lines = lines_of(config_of(config))
    assert list(lines["train", PROTOCOL].counts) == [0, 0, 0, 0, 2, 4]
    assert list(lines["evaluate", PROTOCOL].counts) == [0, 0, 0, 0, 30, 60]


@pytest.mark.parametrize(("share", "epochs"), [(0.25, 2), (0.5, 1), (0.5, 5)])
def test_the_closed_form_of_pool_based_active_learning(share, epochs):
    """Work units of the whole loop over those of the control, against theory.

    With 1 unit per scored item and 3 per trained item-epoch (forward 1, backward 2), a
    pool of N, batches of b, labelled share f and E epochs, refitting from scratch and
    scoring the pool before each batch costs (f N / b) (1 / (3 E) + f / 2) times what
    E epochs on the whole pool cost, for many rounds of a pool much larger than them.
    """
    pool, questions = 16_384, 64
    rounds = int(share * pool / questions)
    train = TrainConfig(batch=64, steps_per_checkpoint=1, num_checkpoints=rounds)
    program = Program(Shape(pool, 4, 2, 2, 2), NetworkConfig(()), train)
    config = LabellingArm(
        name="a", rounds=rounds, questions=questions, refit="scratch", epochs=epochs
    )
    run = RunConfig(program, config, 10, 10)
    lines = lines_of(run)
    trained = 3 * train.batch * lines["train", PROTOCOL].counts[-1]
    scored = lines["score", PROTOCOL].counts[-1]
    measured = (trained + scored) / (3 * epochs * pool)
    theory = share * pool / questions * (1 / (3 * epochs) + share / 2)
    # the pool shrinks by the labelled share while it is scored, the first round is
    # random, and a sum of whole rounds exceeds its integral by half a round
    scoring = 1 / (3 * epochs)
    slack = (scoring * (share / 2 + 1 / rounds) + share / (2 * rounds)) / (
        scoring + share / 2
    )
    assert measured == pytest.approx(theory, rel=slack)
    exact = 3 * epochs * questions * rounds * (rounds + 1) / 2 + sum(
        pool - r * questions for r in range(1, rounds)
    )
    assert trained + scored == exact


def test_deduplication_costs_a_pass_over_all_pairs_and_no_training(config_of):
    lines = lines_of(config_of(MachineShareArm(name="a", score="duplicate")))
    assert lines["choose", PROTOCOL].unit.name == "choose:order:n80"
    line = lines["score", PROTOCOL]
    assert list(line.counts) == [80] * 6
    # each of 80 items meets 80 in 64 features: 2 operations per multiply
    assert operations(line) > 2 * 80 * 64


PATCHED = {
    "the control": (WholePoolArm(name="a", role="control"), ["efficiency.course"]),
    "a proxy": (
        MachineShareArm(name="a", score="el2n", proxy_steps=7),
        ["intervention.proxy"],
    ),
    "a choice": (
        LabellingArm(name="a", rounds=3, questions=10),
        ["intervention.labelling"],
    ),
    "a small model": (RelevanceArm(name="a", questions=20), ["intervention.rated"]),
    "a review": (ReviewArm(name="a", questions=20), ["intervention.review"]),
}


@pytest.mark.parametrize("case", PATCHED.values(), ids=PATCHED.keys())
def test_a_network_that_is_patched_in_is_billed_as_itself(config_of, case, monkeypatch):
    """One with a layer of 40 units more takes what that layer takes more."""
    config, places = case
    before = describe_work(config_of(config))

    def deeper(network, *sizes):
        hidden = (*network.hidden, 40)
        return build_network(dataclasses.replace(network, hidden=hidden), *sizes)

    for place in places:
        monkeypatch.setattr(f"hitl_sim.learn.{place}.build_network", deeper)
    after = describe_work(config_of(config))
    changed = {
        line.unit.phase
        for line, other in zip(before, after, strict=True)
        if operations(line) < operations(other)
    }
    expected = {
        "efficiency.course": {"train", "evaluate"},
        "intervention.labelling": {"score"},
        "intervention.review": {"score"},
    }
    assert changed == expected.get(places[0], {"choose", "score"})


def test_work_that_differs_is_called_differently(config_of):
    few, many = (
        {line.unit.name: operations(line) for line in describe_work(config_of(config))}
        for config in (
            RelevanceArm(name="a", questions=20),
            RelevanceArm(name="a", questions=60),
        )
    )
    assert all(few[name] == many[name] for name in few.keys() & many.keys())
    assert len(few.keys() & many.keys()) < len(few)


def test_masks_that_come_step_by_step_are_called_so(config_of):
    found = {}
    for form, until in (("masked", None), ("gradual", 4)):
        prune = PruneMethod(share=0.5, form=form, after=2, until=until)
        config = config_of(WholePoolArm(name="a", role="control", method=(prune,)))
        for line in describe_work(config):
            counted = operations(line)
            assert found.setdefault(line.unit.name, counted) == counted
