import dataclasses

import msgspec
import numpy as np
import pytest

from hitl_sim.analysis.efficiency.pretraining import _least_uses
from hitl_sim.analysis.run.record import WorkLine, read_groups
from hitl_sim.analysis.run.usage import share_pretraining
from hitl_sim.cost import Prices, check_prices

PRICES = Prices(boundary="workstation", label_cost="sunk", waiting="held")


@pytest.fixture
def group(synthetic):
    table, _ = synthetic.make_study(num_replicates=2, num_checkpoints=2)
    first = read_groups(table)[0]
    lines = (
        WorkLine("pretrain:a", "pretrain", "protocol", np.array([[200, 200]])),
        WorkLine("train:a", "train", "protocol", np.array([[10, 20]])),
    )
    return dataclasses.replace(first, work=lines)


@pytest.mark.parametrize(
    ("cost", "uses", "want"),
    [("sunk", None, 0.0), ("shared", 8, 25.0), ("full", None, 200.0)],
)
def test_pretraining_is_billed_as_the_prices_say(group, cost, uses, want):
    prices = msgspec.structs.replace(
        PRICES, pretraining_cost=cost, pretraining_uses=uses
    )
    pretrained, trained = share_pretraining(group, prices).work
    assert pretrained.count.tolist() == [[want, want]]
    assert trained.count.tolist() == [[10, 20]]


def test_pretraining_that_nobody_priced_is_refused(group):
    with pytest.raises(ValueError, match=r"`prices.pretraining_cost` must be one of"):
        share_pretraining(group, PRICES)


def test_uses_are_given_exactly_where_pretraining_is_shared():
    for changes in ({"pretraining_cost": "shared"}, {"pretraining_uses": 3}):
        with pytest.raises(ValueError, match=r"`prices.pretraining_uses` must be"):
            check_prices(msgspec.structs.replace(PRICES, **changes))


def test_pretraining_pays_from_as_many_uses_as_repay_it():
    """Each use saves .2 and pretraining takes .5: half a use too few at 2."""
    assert _least_uses(0.8, 1.3) == pytest.approx(2.5)
    assert _least_uses(1.1, 1.3) == np.inf
