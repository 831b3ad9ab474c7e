import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.decision.decide import decide
from hitl_sim.analysis.decision.sensitivity import find_sensitivity

ACCURACY, SHARED = "accuracy of an answer", "shared error: two people on one item"


def sensitivity_of(result):
    return find_sensitivity(result, decide(result, result.tasks[0]))


def by_words(found):
    return {worth.words: worth.at_scale for worth in found.worths}


@pytest.fixture(scope="module")
def crowds(synthetic):
    def sweep(ratios, **changes):
        return [
            synthetic.relevance(ratio, settings={"crowd.accuracy": accuracy}, **changes)
            for accuracy, ratio in zip((1.0, 0.8, 0.6), ratios, strict=True)
        ]

    return sweep


@pytest.fixture(scope="module")
def found(synthetic, analysed):
    arms = [
        synthetic.relevance(
            ratio + 0.1 * shared,
            settings={"crowd.accuracy": accuracy, "crowd.shared_error": shared},
        )
        for accuracy, ratio in ((1.0, 0.5), (0.8, 0.8), (0.6, 1.4))
        for shared in (0.0, 0.25, 0.5)
    ]
    arms += [synthetic.NULL, synthetic.Arm("random_half", ratio=1.3)]
    return sensitivity_of(analysed(arms, num_replicates=16, sd=0.05))


def test_world_and_crowd_share_all_of_the_variance(found):
    names = {effect.name for effect in found.effects}
    assert {"wage", ACCURACY} <= names
    assert names == {worth.words for worth in found.worths}
    assert sum(effect.share for effect in found.effects) == pytest.approx(1.0)


def test_no_input_is_worth_more_than_all_of_them(found):
    for worth in found.worths:
        assert 0.0 <= worth.at_scale.value <= found.everything.value
        assert 0.0 <= worth.here.value <= found.everything_here.value


def test_where_people_are_far_too_dear_nothing_is_worth_knowing(found):
    assert found.everything_here.value == 0.0
    assert all(worth.here.value == 0.0 for worth in found.worths)


def test_accuracy_that_decides_is_worth_knowing(found):
    worth = by_words(found)
    accuracy, overhead = worth[ACCURACY], worth["overhead on the wage"]
    assert accuracy.value > 10.0 * overhead.value
    assert accuracy.value > 4.0 * accuracy.error
    assert {w.words for w in found.worths if w.is_people} == {ACCURACY, SHARED}


def test_an_input_that_cannot_enter_a_bill_is_left_out(found):
    # the bill is in money; carbon has no price, labels are given
    assert found.measure == "usd"
    assert "carbon of electricity" not in by_words(found)
    assert "wage" in by_words(found)


def test_a_parameter_without_effect_gets_no_worth_from_chance(crowds, analysed):
    found = sensitivity_of(analysed(crowds([0.6] * 3), sd=0.3, seed=0))
    assert ACCURACY not in by_words(found)
    (told,) = found.left_out
    assert told.startswith("accuracy of relevance")
    assert "cannot be told from Monte-Carlo error" in told


def test_few_replicates_tell_no_effect_of_a_parameter(crowds, analysed):
    found = sensitivity_of(analysed(crowds([0.3, 0.6, 0.9]), num_replicates=5))
    assert "fewer than 6 replicates" in found.left_out[0]


def test_the_worth_of_a_line_is_that_of_its_true_effect(crowds, analysed, prices):
    # only the crowd is uncertain. With people who cost P, and training dear enough for
    # the middle setting, which saves 0.4, to just pay, the net benefit is P z / 2 of z
    # uniform on -1 to 1, and E max(0, z) is a quarter
    known = msgspec.structs.replace(prices, wage_usd_per_h=15.0, overhead_frac=0.3)
    arms = crowds([0.4, 0.6, 0.8], choose=0, wait_s=0.0)
    found = sensitivity_of(analysed(arms, prices=known, sd=1e-6))
    people_usd = found.leader.ledger.total("usd").value
    assert by_words(found)[ACCURACY].value == pytest.approx(people_usd / 8.0, rel=0.05)


@pytest.mark.slow
def test_the_error_holds_what_chance_does_to_a_worth(crowds, analysed):
    found = [
        by_words(sensitivity_of(analysed(crowds([0.4, 0.6, 0.8]), sd=0.1, seed=seed)))
        for seed in range(24)
    ]
    values, errors = np.array(
        [(one[ACCURACY].value, one[ACCURACY].error) for one in found]
    ).T
    # of 24 repeats a standard deviation is known to 15 %, four times that to 60 %
    assert values.std(ddof=1) == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.6)


def test_an_arm_that_a_crowd_never_brings_there_is_left_out_with_its_reason(
    synthetic, analysed
):
    arms = [
        synthetic.relevance(0.5, settings={"crowd.accuracy": 0.5}),
        synthetic.relevance(steps=[9e9] * 12, settings={"crowd.accuracy": 0.9}),
    ]
    found = sensitivity_of(analysed(arms))
    assert "accuracy = 0.9" in found.left_out[0]
    assert ACCURACY not in by_words(found)


def test_a_parameter_that_was_never_varied_alone_is_left_out(synthetic, analysed):
    arms = [
        synthetic.relevance(
            0.5, settings={"crowd.accuracy": value, "crowd.shared_error": 1.0 - value}
        )
        for value in (0.6, 0.8, 1.0)
    ]
    found = sensitivity_of(analysed(arms))
    assert len(found.left_out) == 2
    assert all("no other run" in told for told in found.left_out)


def test_it_is_in_joules_where_money_is_unknown(synthetic, analysed, prices):
    silent = msgspec.structs.replace(prices, device_usd_per_h=None)
    found = sensitivity_of(analysed([synthetic.relevance(0.6)], prices=silent))
    assert found.measure == "joules"
    assert found.scale == 1.0
    assert "wage" not in by_words(found)


def test_a_bill_that_is_unknown_has_none(synthetic, analysed, prices):
    # the arm uses half of the labels, whose time nobody knows
    bought = msgspec.structs.replace(prices, label_cost="bought_same_price")
    assert sensitivity_of(analysed([synthetic.relevance(0.6)], prices=bought)) is None
