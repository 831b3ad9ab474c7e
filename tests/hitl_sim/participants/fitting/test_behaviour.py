"""Kinds of people are found where there are some, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from known_crowd import make_design

from hitl_sim.participants.fitting.behaviour import (
    ADVERSE,
    CONSTANT,
    GUESS,
    fit_behaviours,
)
from hitl_sim.participants.fitting.fit import fit_record
from hitl_sim.participants.fitting.model_file import populations_of
from hitl_sim.participants.validating.synthetic import simulate_population

OPTIONS = 3
MANY = 60


def answered(*kinds, per_person=30, seed=0, num_options=OPTIONS):
    """Let honest people, right four times in five, answer; the last ones behave."""
    rng = np.random.default_rng(seed)
    record = make_design(MANY, 300, MANY * per_person // 300, 0, seed)
    truth = rng.integers(0, num_options, record.num_items)
    right = truth[record.item]
    other = (right + rng.integers(1, num_options, right.size)) % num_options
    answer = np.where(rng.random(right.size) < 0.8, right, other)
    for place, kind in enumerate(kinds):
        mine = record.person == MANY - 1 - place
        answer[mine] = {
            CONSTANT: np.full(right.size, 1),
            GUESS: rng.integers(0, num_options, right.size),
            ADVERSE: other,
        }[kind][mine]
    return replace(record, num_options=num_options, truth=truth, answer=answer)


def test_honest_people_are_all_the_rest():
    # a false find in ten crowds of sixty would be one standard error's luck
    for seed in range(6):
        found = fit_behaviours(answered(seed=seed))
        assert (found.of_person < 0).all(), seed


@pytest.mark.parametrize("kind", [CONSTANT, GUESS, ADVERSE])
def test_people_who_do_one_thing_are_found_by_what_they_do(kind):
    found = fit_behaviours(answered(*[kind] * 8))
    assert set(found.names) == {kind}
    assert (np.nonzero(found.of_person >= 0)[0] >= MANY - 8).all()
    assert (found.of_person >= 0).sum() == 8
    assert sum(found.weight) == pytest.approx(8 / MANY, abs=0.03)
    if kind == CONSTANT:
        assert found.options == (1,)


def test_a_short_log_of_equal_answers_is_no_proof():
    record = answered(CONSTANT)
    mine = record.person == MANY - 1
    kept = ~mine | (np.cumsum(mine) % 10 == 0)
    columns = ("person", "item", "occasion", "answer")
    short = replace(record, **{c: getattr(record, c)[kept] for c in columns})
    assert short.work[-1] == 3
    assert (fit_behaviours(short).of_person < 0).all()


def test_without_gold_nobody_is_said_to_behave():
    record = answered(*[CONSTANT] * 8)
    blind = replace(record, truth=np.full(record.num_items, -1))
    assert not fit_behaviours(blind).names


def test_a_study_meets_the_kinds_of_people_that_were_found():
    """Of people drawn from the file as many give one answer as of those fitted."""
    record = answered(*[CONSTANT] * 12, num_options=2)
    fit = fit_record(record, "label", ("no", "yes"))
    for way, population in populations_of(fit).items():
        shares = []
        for seed in range(5):
            drawn = simulate_population(seed, population, record, is_timed=False)
            ones = np.bincount(drawn.person, drawn.answer == 1) / drawn.work
            shares.append((ones > 0.9).mean())
        # 300 people, .2 of whom do: four standard errors
        assert np.mean(shares) == pytest.approx(0.2, abs=4 * 0.023), way
