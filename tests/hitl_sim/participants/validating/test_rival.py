"""Rivals learn what they can, and are shrunk where they know little."""

from dataclasses import replace

import numpy as np
import pytest
from known_crowd import make_design

from hitl_sim.participants.record import select
from hitl_sim.participants.validating.rival import fit_rivals, score_known, score_new


def answered(accuracy, seed=0, **sizes):
    record = make_design(repeats=0, **sizes)
    rng = np.random.default_rng(seed)
    right = rng.random(record.person.size) < np.asarray(accuracy)[record.person]
    truth = record.truth[record.item]
    return replace(record, answer=np.where(right, truth, 1 - truth))


def test_coins_and_confusions_are_those_of_the_people():
    accuracy = np.linspace(0.6, 0.95, 40)
    tables = fit_rivals(answered(accuracy)).tables
    coin, coins = tables["one coin"]
    # 75 answers each: a standard error of .05
    assert np.abs(coins[:, 0, 0] - accuracy).mean() < 0.05
    assert coin[1, 1] == pytest.approx(accuracy.mean(), abs=0.03)
    np.testing.assert_allclose(tables["Dawid-Skene"][1].sum(axis=2), 1.0)


def test_people_of_one_accuracy_are_shrunk_to_it():
    _, coins = fit_rivals(answered(np.full(40, 0.8))).tables["one coin"]
    # raw shares of 75 answers have a standard deviation of .046
    assert coins[:, 0, 0].std() < 0.03


def test_abilities_go_with_accuracies():
    accuracy = np.linspace(0.55, 0.95, 40)
    rival = fit_rivals(answered(accuracy))
    assert np.corrcoef(rival.ability, accuracy)[0, 1] > 0.85


def test_independent_people_are_foretold_at_their_entropy():
    record = answered(np.full(40, 0.8))
    scores = score_new(fit_rivals(record), record)
    entropy = 0.8 * np.log(0.8) + 0.2 * np.log(0.2)
    for name in ("one coin", "Dawid-Skene"):
        mean = scores[name].sum() / record.person.size
        assert mean == pytest.approx(entropy, abs=0.04)


def test_known_people_are_foretold_better_than_new_ones():
    record = answered(np.where(np.arange(40) % 2, 0.95, 0.55))
    held = np.random.default_rng(9).random(record.person.size) < 0.2
    known, cells = select(record, ~held), select(record, held)
    rival = fit_rivals(known)
    new = score_new(rival, cells)["one coin"].sum()
    assert score_known(rival, cells)["one coin"].sum() > new + 20.0
