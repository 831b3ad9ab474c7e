"""Queries of networks in use: counted when a study runs, or when a batch is new."""

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from hitl_sim.cost import Prices
from hitl_sim.study import conclude, executor, use
from hitl_sim.study.folder import StudyFolder

NAME = "evaluate:x:n9"
UNITS = {NAME: {"phase": "evaluate"}}
COUNTED = {NAME: {"shape": {}, "query": {"batch": 8}}}
PRICES = {"boundary": "device_only", "label_cost": "sunk", "waiting": "held"}
STUDY = {
    "device": "laptop-cpu",
    "prices": PRICES | {"query_batch": 8},
    "target": {"fraction": 1.0, "smoothing": 1},
    "smallest_effect": 0.05,
    "seed": 0,
}


@pytest.fixture
def opened(monkeypatch):
    """Open an analysis of a study; it returns the manifest that it would analyse."""
    counts = []

    def count(folder, batch):
        counts.append(batch)
        return {NAME: {"shape": {}, "query": {"batch": batch}}}

    manifest = {"study": STUDY, "units": UNITS, "use": {"8": COUNTED}}
    folder = StudyFolder(pa.table({}), manifest)
    monkeypatch.setattr(conclude, "read_folder", lambda path: folder)
    monkeypatch.setattr(conclude, "read_groups", lambda records: ())
    monkeypatch.setattr(conclude, "count_again", count)
    monkeypatch.setattr(
        conclude, "analyse", lambda groups, manifest, *_, **__: manifest
    )
    # what the analysis would return is no result that could be told of the plan
    monkeypatch.setattr(conclude, "replace", lambda found, **_: found)
    return conclude.Analysis.open(Path("somewhere")).under, counts


def test_only_a_batch_that_no_run_counted_is_counted_and_once(opened):
    analysed, counts = opened
    own, other = (Prices(**PRICES, query_batch=batch) for batch in (8, 1))
    found = [analysed(prices)["units"] for prices in (None, own, other, other)]
    assert [units[f"query of {NAME}"]["batch"] for units in found] == [8, 8, 1, 1]
    assert counts == [1]


def test_without_a_batch_nothing_is_counted(opened):
    analysed, counts = opened
    assert analysed(Prices(**PRICES))["units"] is UNITS
    assert counts == []


ANSWER = {
    NAME: {"shape": {"layers": [[1, 2, 3]]}, "query": {"batch": 4}},
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
        roles = [condition.role for condition in conditions]
        return SimpleNamespace(result=lambda: (roles, batch))


@pytest.mark.parametrize(
    ("batch", "roles"), [(4, ["control", "pilot", "arm"]), (None, ["control"])]
)
def test_without_a_batch_the_controls_networks_alone_are_traced(
    monkeypatch, batch, roles
):
    conditions = [SimpleNamespace(role=role) for role in ("control", "pilot", "arm")]
    monkeypatch.setattr(executor, "LocalExecutor", FakeExecutor)
    assert use.count_use(conditions, batch) == (roles, batch)


def test_units_of_queries_stand_beside_those_that_records_count():
    manifest = {"units": UNITS}
    units = use.with_use(manifest, 4, lambda batch: ANSWER)["units"]
    assert set(units) == {NAME, f"query of {NAME}"}
    assert units[f"query of {NAME}"] == {"batch": 4}
    assert units[NAME]["shape"] == {"layers": [[1, 2, 3]]}
    assert "shape" not in UNITS[NAME]


def test_a_batch_below_1_is_refused():
    with pytest.raises(ValueError, match="`query_batch` must be >= 1, got 0"):
        use.count_use([], 0)
