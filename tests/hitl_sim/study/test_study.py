"""A study as an object in Python; what it runs is tested with its results."""

import pytest

import hitl_sim as hs
from hitl_sim.cost import Prices
from hitl_sim.study.spec import SpecError, load_spec
from hitl_sim.study.study import _plain_tables


@hs.part.strategy(version=1)
def newest(shape):
    """Ask about items in the reverse of their order."""
    return lambda key, view, params: view.label


@hs.part.strategy(version=2)
def other(shape):
    """Ask about items in their order."""
    return lambda key, view, params: -view.label


other_of_that_name = hs.part.Part("strategy", "newest", 2, other.factory, {})


def test_a_loaded_study_is_its_file(smoke_file):
    assert hs.load(smoke_file).spec == load_spec(smoke_file)
    assert hs.load(str(smoke_file)) == hs.Study.load(smoke_file)


def test_tables_go_on_top_of_a_study_as_structs_or_plain(smoke_file):
    study = hs.load(smoke_file)
    prices = {"boundary": "device_only", "label_cost": "sunk", "waiting": "held"}
    plain = hs.Study(study.spec, prices=prices)
    assert plain == hs.Study(study.spec, prices=Prices(**prices))
    assert plain.spec.prices.boundary == "device_only"
    assert plain.spec.task == study.spec.task


def test_a_study_that_breaks_a_rule_is_refused_by_field_and_value(smoke_file):
    with pytest.raises(SpecError, match="`replicates` must be int >= 2, got 1"):
        hs.Study(hs.load(smoke_file).spec, replicates=1)
    with pytest.raises(SpecError, match="question"):
        hs.Study(seed=1)


def test_a_study_tells_what_it_asks(smoke_file):
    told = repr(hs.load(smoke_file))
    assert "Does everything hang together?" in told
    assert "margin_labels" in told


def test_a_part_at_hand_becomes_its_name_and_its_source():
    arms = [{"name": "mine", "kind": "labelling", "strategy": newest}]
    tables = _plain_tables({"arm": arms, "seed": 3})
    assert tables["arm"] == [
        {"name": "mine", "kind": "labelling", "strategy": "newest"}
    ]
    assert tables["part"]["newest"]["source"].endswith("test_study.py:newest")


def test_two_parts_of_one_name_are_refused():
    arms = [{"strategy": newest}, {"strategy": other_of_that_name}]
    with pytest.raises(SpecError, match=r"`part\.newest` must be one part, got two"):
        _plain_tables({"arm": arms})


def test_a_plan_without_a_folder_counts_every_run(smoke_file):
    found = hs.load(smoke_file).plan()
    assert (found.runs, found.runs_left) == (32, 32)
