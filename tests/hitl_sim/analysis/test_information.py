import math

import numpy as np
import pytest

from hitl_sim.analysis.information import partial_information, perfect_information

HALF_NORMAL = 1.0 / math.sqrt(2.0 * math.pi)


@pytest.fixture(scope="module")
def draws():
    return np.random.default_rng(0).standard_normal((200_000, 3))


def beside_nothing(net):
    return np.stack([np.zeros(len(net)), net], axis=1)


def test_knowing_a_standard_normal_net_benefit_is_worth_its_density_at_zero(draws):
    net = beside_nothing(draws[:, 0])
    assert perfect_information(net) == pytest.approx(HALF_NORMAL, abs=0.006)


def test_each_of_two_inputs_is_worth_its_own_share_of_the_spread(draws):
    # E max(0, s z) = s / sqrt(2 pi)
    net = beside_nothing(3.0 * draws[:, 0] + 4.0 * draws[:, 1])
    for column, spread in ((0, 3.0), (1, 4.0)):
        found = partial_information(draws[:, column], net)
        assert found == pytest.approx(spread * HALF_NORMAL, rel=0.03)
    assert perfect_information(net) == pytest.approx(5.0 * HALF_NORMAL, rel=0.02)


def test_an_input_that_moves_nothing_is_worth_nothing(draws):
    net = beside_nothing(draws[:, 0] + 0.5)
    assert partial_information(draws[:, 2], net) < 0.01


def test_what_cannot_change_the_decision_is_worth_nothing(draws):
    net = beside_nothing(draws[:, 0] - 40.0)
    assert partial_information(draws[:, 0], net) == 0.0
    assert perfect_information(net) == 0.0


def test_an_input_that_is_known_is_worth_nothing(draws):
    net = beside_nothing(draws[:, 0])
    assert partial_information(np.ones(len(net)), net) == 0.0
