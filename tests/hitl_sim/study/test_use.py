"""A study whose prices name a batch has its queries counted in it."""

from types import SimpleNamespace

import pytest

from hitl_sim.cost import Prices
from hitl_sim.study import conclude, use

OWN = Prices(boundary="device_only", label_standing="sunk", query_batch=8)
PLAIN = {"units": {"evaluate:x:n9": {"phase": "evaluate"}}}


@pytest.fixture
def opened(monkeypatch):
    """Open an analysis of a study; it returns the manifest that it would analyse."""
    target = SimpleNamespace(fraction=1.0, smoothing=1)
    spec = SimpleNamespace(
        device="laptop-cpu", prices=OWN, target=target, smallest_effect=0.05, seed=0
    )
    counts = []

    def count(spec, manifest, batch):
        counts.append(batch)
        return manifest | {"batch": batch}

    monkeypatch.setattr(conclude, "load_study", lambda folder: (spec, None, PLAIN))
    monkeypatch.setattr(conclude, "count_use", count)
    monkeypatch.setattr(
        conclude, "analyse", lambda records, manifest, *_, **__: manifest
    )
    return conclude.open_analysis("somewhere"), counts


def test_queries_are_counted_once_in_each_batch_that_prices_name(opened):
    analysed, counts = opened
    other = Prices(boundary="device_only", label_standing="sunk", query_batch=1)
    found = [analysed(prices)["batch"] for prices in (None, OWN, other, other)]
    assert found == [8, 8, 1, 1]
    assert counts == [8, 1]


def test_without_a_batch_nothing_is_counted(opened):
    analysed, counts = opened
    plain = Prices(boundary="device_only", label_standing="sunk")
    assert analysed(plain) is PLAIN
    assert counts == []


ANSWER = {
    "evaluate:x:n9": {"shape": {"layers": [[1, 2, 3]]}, "query": {"batch": 4}},
    "evaluate:gone:n9": {"shape": {}},
}


class FakeExecutor:
    """A worker that answers with what it was told to."""

    def __init__(self, num_workers):
        assert num_workers == 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, module, function, conditions, batch):
        assert (module, function) == ("hitl_sim.study.query", "count_queries")
        return SimpleNamespace(result=lambda: ANSWER)


def test_units_of_queries_stand_beside_those_that_records_count(monkeypatch):
    roles = ("control", "pilot", "arm")
    conditions = tuple(SimpleNamespace(role=role) for role in roles)
    plan = SimpleNamespace(conditions=conditions)
    monkeypatch.setattr(use, "build_plan", lambda spec: plan)
    monkeypatch.setattr(use, "LocalExecutor", FakeExecutor)
    units = use.count_use(None, PLAIN, 4)["units"]
    assert set(units) == {"evaluate:x:n9", "query of evaluate:x:n9"}
    assert units["query of evaluate:x:n9"] == {"batch": 4}
    assert units["evaluate:x:n9"]["shape"] == {"layers": [[1, 2, 3]]}
    assert "shape" not in PLAIN["units"]["evaluate:x:n9"]


def test_a_batch_below_1_is_refused():
    with pytest.raises(ValueError, match="`query_batch` must be >= 1, got 0"):
        use.count_use(None, PLAIN, 0)
