"""A pilot of few people predicts what redundancy buys with everybody else."""

import pytest
from known_crowd import answer_design, make_design
from pilot import run_pilot


@pytest.fixture(scope="module")
def found():
    record, *_ = answer_design(make_design(40, 160, 20, 0))
    return run_pilot(record, ("no", "yes"), num_crowds=4)


@pytest.mark.slow
def test_people_of_the_pilot_are_held_out_of_what_is_foretold(found):
    assert found.num_people == 10
    assert found.num_others == 30
    assert found.num_answers > 100


@pytest.mark.slow
def test_a_crowd_of_the_model_is_foretold_within_a_tenth(found):
    assert {point.method for point in found.curve} == {"majority", "dawid_skene"}
    assert all(abs(point.real - point.simulated) < 0.1 for point in found.curve)


@pytest.mark.parametrize("num_people", [2, 11])
def test_a_pilot_of_another_size_is_refused(num_people):
    record, *_ = answer_design(make_design(40, 60, 10, 0))
    with pytest.raises(ValueError, match=f"`num_people` must be .* got {num_people}"):
        run_pilot(record, ("no", "yes"), num_people=num_people)
