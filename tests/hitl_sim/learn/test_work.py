import numpy as np
import pytest

from hitl_sim.energy import count_operations
from hitl_sim.learn import NetworkConfig, TrainConfig, describe_work
from hitl_sim.learn.crowd import PanelConfig
from hitl_sim.learn.intervention import (
    ImportanceConfig,
    LabellingConfig,
    MachineShareConfig,
    WholePoolConfig,
)
from hitl_sim.learn.work import INSTRUMENT, PROTOCOL, train_unit


def lines_of(config):
    return {(line.unit.phase, line.standing): line for line in describe_work(config)}


def test_training_and_validation_are_billed_and_the_test_set_is_not(config_of):
    lines = lines_of(config_of(WholePoolConfig()))
    assert set(lines) == {
        ("train", PROTOCOL),
        ("evaluate", PROTOCOL),
        ("evaluate", INSTRUMENT),
    }
    assert list(lines["train", PROTOCOL].counts) == [2, 4, 6, 8, 10, 12]
    assert list(lines["evaluate", PROTOCOL].counts) == [30, 60, 90, 120, 150, 180]
    assert lines["evaluate", INSTRUMENT].counts[-1] == 6 * 20


def test_choosing_by_margin_scores_what_is_unlabelled_before_each_round(config_of):
    config = LabellingConfig(rounds=3, questions=10, panel=PanelConfig(3, 3, 1))
    line = lines_of(config_of(config))["score", PROTOCOL]
    # 80 in the pool, 10 labelled per round; the first round is random
    assert list(line.counts) == [0, 0, 70, 70, 130, 130]


def test_random_labelling_scores_nothing(config_of):
    config = LabellingConfig(
        rounds=3, questions=10, strategy="random", panel=PanelConfig(3, 3, 1)
    )
    assert ("score", PROTOCOL) not in lines_of(config_of(config))


def test_a_machines_choice_is_paid_before_training_begins(config_of):
    lines = lines_of(config_of(MachineShareConfig(7)))
    assert list(lines["choose", PROTOCOL].counts) == [7] * 6
    assert list(lines["score", PROTOCOL].counts) == [80] * 6


def operations(line):
    counted = count_operations(line.unit.program, *line.unit.args)
    return counted.flops["float32"] / line.unit.items


def test_a_training_step_counts_the_matrix_work_of_both_passes(config_of):
    line = lines_of(config_of(WholePoolConfig()))["train", PROTOCOL]
    # batch 8 through 64-8-10: forward 2, weights' gradients 2, and the hidden layer's
    # gradient 2, per multiply; nothing flows back into the input
    matrices = 8 * (4 * 64 * 8 + 6 * 8 * 10)
    assert operations(line) > matrices
    # beside matrices there are about 20 operations per weight for Adam, and some per
    # activation
    weights = 64 * 8 + 8 + 8 * 10 + 10
    assert operations(line) < matrices + 20 * weights + 8 * 40 * 10


def test_steps_of_two_optimisers_are_two_units():
    units = [
        train_unit(
            "train", NetworkConfig((8,)), TrainConfig(16, optimiser=name), 64, 10
        )
        for name in ("adam", "sgd")
    ]
    assert [unit.name for unit in units] == [
        "train:64-8-10:b16",
        "train:64-8-10:b16:sgd",
    ]


def test_a_smaller_input_makes_a_cheaper_step(config_of):
    whole = lines_of(config_of(WholePoolConfig()))["train", PROTOCOL]
    quarter = lines_of(config_of(ImportanceConfig(4)))["train", PROTOCOL]
    assert operations(quarter) < 0.5 * operations(whole)
    assert quarter.unit.name != whole.unit.name


@pytest.mark.parametrize("standing", [PROTOCOL, INSTRUMENT])
def test_an_evaluated_item_costs_one_forward_pass(config_of, standing):
    line = lines_of(config_of(WholePoolConfig()))["evaluate", standing]
    assert operations(line) == pytest.approx(2 * (64 * 8 + 8 * 10), rel=0.1)
    assert np.all(np.diff(line.counts) > 0)
