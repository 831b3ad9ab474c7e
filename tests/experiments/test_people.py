"""The comparison of simulated with recorded people, and what it finds on two sets."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crowd import Crowd
from described import by_unit, describe
from posterior_predictive import compare_set, one_coin
from recorded import READERS, RecordedSet, consensus, take_half
from simulate import simulate

from hitl_sim.participants.describing.redundancy import curve
from hitl_sim.participants.describing.statistic import Statistic
from hitl_sim.participants.record import select
from hitl_sim.participants.validating.compare import compare, halve_distances
from oracles.agreement import redundancy_curve, shared_error

DATA = Path(__file__).parents[3] / "shared" / "data"


def make_record(num_people=20, num_items=60, num_options=2, **fields) -> RecordedSet:
    """Everybody answers every item, nobody has answered yet."""
    person, item = np.divmod(np.arange(num_people * num_items), num_items)
    rng = np.random.default_rng(0)
    plain = {
        "name": "made up",
        "num_options": num_options,
        "person": person,
        "item": item,
        "occasion": np.zeros_like(person),
        "answer": np.zeros_like(person),
        "half": item % 2,
        "truth": rng.integers(0, num_options, num_items),
        "level": np.zeros(num_items, int),
        "size": np.ones(num_items),
        "split": "other items",
        "sizes": (1, 3),
    }
    return RecordedSet(**{**plain, **fields})


def answer_at_random(record: RecordedSet, accuracy: np.ndarray, seed=0) -> RecordedSet:
    """Let independent people answer with given accuracies, errors even."""
    rng = np.random.default_rng(seed)
    right = record.truth[record.item]
    wrong = (right + rng.integers(1, record.num_options, right.size)) % (
        record.num_options
    )
    hit = rng.random(right.size) < accuracy[record.person]
    return replace(record, answer=np.where(hit, right, wrong))


def dense(record: RecordedSet) -> np.ndarray:
    """Lay answers out with one column a person."""
    given = np.full((record.num_items, record.num_people), -1)
    given[record.item, record.person] = record.answer
    return given


@pytest.mark.parametrize(
    ("scale", "value", "place"),
    [("logit", 0.75, np.log(3.0)), ("log", 2.0, np.log(2.0)), ("plain", -0.2, -0.2)],
)
def test_statistics_are_compared_on_their_scale(scale, value, place):
    found = Statistic(scale, value)
    assert found.place == pytest.approx(place)
    assert Statistic.from_place(scale, found.place).value == pytest.approx(value)


def test_a_rate_of_one_has_a_finite_place():
    assert Statistic("logit", 1.0).place == pytest.approx(np.log(0.995 / 0.005))


def test_halves_of_equal_people_are_as_far_apart_as_binomial_halves():
    record = answer_at_random(make_record(40, 100), np.full(40, 0.8))
    halves = halve_distances(record, np.random.default_rng(1), 100)
    # Two halves of 2,000 answers each: sd of the logit is 1 / sqrt(n p q).
    expected = np.sqrt(2.0) / np.sqrt(2000 * 0.8 * 0.2)
    assert halves["accuracy"] == pytest.approx(expected, rel=0.25)


def test_halves_of_unequal_people_are_further_apart():
    skill = np.where(np.arange(40) % 2, 0.95, 0.65)
    record = answer_at_random(make_record(40, 100), skill)
    halves = halve_distances(record, np.random.default_rng(1), 40)
    assert halves["accuracy"] > 2.0 / np.sqrt(2000 * 0.8 * 0.2)


def test_a_crowd_like_the_recorded_one_passes_and_a_worse_one_does_not():
    record = make_record(40, 100)
    people = np.full(40, 0.8)
    real = answer_at_random(record, people)
    rng = np.random.default_rng(1)
    halves, seen = halve_distances(real, rng, 40), describe(real, rng)
    for accuracy, expected in ((0.8, True), (0.7, False)):
        crowds = [
            answer_at_random(record, 0 * people + accuracy, 9 + i) for i in (1, 2)
        ]
        tables = [describe(crowd, rng) for crowd in crowds]
        lines = {line.name: line for line in compare(seen, tables, halves, seen)}
        assert lines["accuracy"].passes is expected
        assert lines["Fleiss kappa"].passes is expected


def test_a_statistic_that_halves_cannot_give_is_not_scored():
    real = {
        "accuracy": Statistic("logit", 0.8),
        "majority of 5": Statistic("logit", 0.9),
    }
    lines = compare(real, [real], {"majority of 3": 0.1, "accuracy": 0.0}, real)
    assert [line.is_scored for line in lines] == [False, True]
    assert lines[1].note == "limit of 3 people"


@pytest.mark.parametrize("method", ["majority", "dawid_skene"])
def test_the_curve_on_rows_is_that_of_the_library(method):
    skill = np.linspace(0.55, 0.95, 9)
    record = answer_at_random(make_record(9, 200, 3), skill)
    rng = np.random.default_rng(2)
    mine = curve(rng, record, method, (1, 3, 5), 40)
    theirs = redundancy_curve(
        rng, dense(record), record.truth, (1, 3, 5), method=method, num_draws=40
    )
    np.testing.assert_allclose(mine, theirs, atol=0.015)


def test_one_coin_people_keep_accuracies_and_share_no_error():
    crowd = Crowd(skill=1.5, difficulty_spread=2.0, shared=0.6)
    record = simulate(crowd, make_record(20, 400, 4), 3)
    drawn = one_coin(np.random.default_rng(0), record)
    real, coin = (shared_error(dense(r), record.truth) for r in (record, drawn))
    assert coin.second_errs == pytest.approx(real.second_errs, abs=0.02)
    assert real.kappa > 0.3
    assert abs(coin.kappa) < 0.03


def test_simulated_people_answer_what_the_recorded_were_asked():
    record = make_record(12, 30)
    rows = np.random.default_rng(0).random(record.person.size) < 0.6
    design = select(record, rows)
    drawn = simulate(Crowd(skill=1.0), design, 0)
    assert (drawn.answer >= 0).all()
    np.testing.assert_array_equal(drawn.person, design.person)
    np.testing.assert_array_equal(drawn.item, design.item)
    assert 0.6 < (drawn.answer == drawn.truth[drawn.item]).mean() < 0.85


def test_answers_after_the_deadline_are_lost():
    record = make_record(10, 50, seconds=np.ones(500), deadline_s=1.5)
    drawn = simulate(Crowd(pace=0.0, spread=0.5), record, 0)
    late = np.isnan(drawn.seconds)
    assert 0.15 < late.mean() < 0.28  # P(z > log 1.5 / 0.5) = .21
    assert (drawn.answer[late] == -1).all()
    assert (drawn.answer[~late] >= 0).all()


def test_answers_of_a_work_unit_share_its_time():
    crowd = Crowd(pace=np.log(2.0), spread=0.5)
    alone = make_record(3, 30, seconds=np.ones(90))
    unit = np.arange(90) // 3
    together = replace(alone, unit=unit, unit_size=np.full(90, 3))
    each = simulate(crowd, alone, 0).seconds.reshape(-1, 3)
    shared = simulate(crowd, together, 0)
    np.testing.assert_allclose(shared.seconds, each.mean(axis=1).repeat(3), rtol=1e-6)
    np.testing.assert_allclose(by_unit(shared).seconds, each.sum(axis=1), rtol=1e-6)


def test_the_halves_of_a_record_share_no_item_and_lose_no_answer():
    record = make_record()
    first, second = take_half(record, 0), take_half(record, 1)
    assert first.answer.size + second.answer.size == record.answer.size
    np.testing.assert_array_equal(second.truth, record.truth[1::2])


def test_a_consensus_is_the_plurality_and_unknown_at_a_draw():
    item = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    answer = np.array([0, 0, 2, 0, 2, 1, 1, 2])
    np.testing.assert_array_equal(consensus(item, answer, 3, (0, 2)), [0, -1, 2])


def test_second_looks_are_compared_with_the_first():
    record = make_record(2, 40, truth=np.zeros(40, int))
    twice = replace(
        record,
        person=np.repeat(record.person, 2),
        item=np.repeat(record.item, 2),
        occasion=np.tile([0, 1], record.item.size),
        answer=np.tile([0, 0, 1, 0], record.item.size // 2),
        half=np.repeat(record.half, 2),
    )
    table = describe(twice, np.random.default_rng(0))
    assert table["second look the same if right"].value == 1.0
    assert table["second look the same if wrong"].value == 0.0


@pytest.fixture(scope="module")
def found():
    results = {}
    for name in ("rte_snow", "cifar10s"):
        try:
            record = READERS[name](DATA)
        except FileNotFoundError:
            pytest.skip("the recorded answers are not here")
        results[name] = compare_set(
            record, 5, num_crowds=6, num_halvings=40, num_curve_draws=6
        )
    return results


@pytest.mark.parametrize("name", ["rte_snow", "cifar10s"])
def test_four_in_five_statistics_of_recorded_people_are_met(found, name):
    assert found[name].num_scored > 20
    assert found[name].num_passed >= 0.8 * found[name].num_scored


def test_redundancy_buys_as_much_as_with_recorded_people(found):
    for name, sizes in (("rte_snow", (1, 3, 5, 10)), ("cifar10s", (1, 3, 5))):
        lines = {line.name: line for line in found[name].lines}
        assert all(lines[f"majority of {size}"].passes for size in sizes)


def test_one_coin_people_make_redundancy_buy_too_much(found):
    coins = {line.name: line for line in found["cifar10s"].control}
    for size in (3, 5):
        line = coins[f"majority of {size}"]
        assert line.simulated > line.real
        assert not line.passes


def test_on_entailment_the_crowd_is_nearer_than_one_coin_people(found):
    """Its few busy people make halves too unlike for one-coin people to fail there."""
    majority = found["rte_snow"].curves[0]
    for real, simulated, coin in list(
        zip(majority.real, majority.simulated, majority.one_coin, strict=True)
    )[2:]:
        assert abs(simulated - real) < abs(coin - real)
        assert coin > real
