"""The annotator of a crowd in a study: looked up, swept, and part of its records."""

import pytest

from hitl_sim.study.grid import expand, record_keys
from hitl_sim.study.program import annotator_of, panel_of
from hitl_sim.study.spec import SpecError, convert

ANCHORED = """
from hitl_sim import part
from oracles import LABEL


@part.annotator(params={"anchor": 0.5})
def anchored(*, start=0):
    return LABEL
"""


@pytest.fixture
def spec_of(tables, tmp_path):
    """Build a study of a crowd, which brings an annotator of its own."""
    (tmp_path / "own.py").write_text(ANCHORED)

    def build(**crowd):
        tables["part"] = {"anchored": {"source": f"{tmp_path}/own.py:anchored"}}
        return convert(tables | {"crowd": crowd, "axis": []})

    return build


@pytest.fixture
def swept(tables, tmp_path):
    (tmp_path / "own.py").write_text(ANCHORED)
    tables["part"] = {"anchored": {"source": f"{tmp_path}/own.py:anchored"}}
    tables["crowd"] = {"annotator": "anchored", "params": {"anchor": 0.2}}
    tables["axis"] = [{"field": "crowd.params.anchor", "values": [0.0, 0.9]}]
    return tables


def conditions(tables, arm="margin_labels"):
    return [c for c in expand(convert(tables)) if c.arm.name == arm]


def test_a_crowd_that_names_nobody_is_of_this_package(spec_of):
    assert annotator_of(spec_of()) == (None, {})


def test_an_annotator_is_looked_up_with_all_of_its_params(spec_of):
    config, params = annotator_of(spec_of(annotator="anchored", options={"start": 2}))
    assert (config.part.name, config.options) == ("anchored", {"start": 2})
    assert params == {"anchor": 0.5}
    _, params = annotator_of(spec_of(annotator="anchored", params={"anchor": 0.1}))
    assert params == {"anchor": 0.1}


@pytest.mark.parametrize(
    ("crowd", "message"),
    [
        (
            {"annotator": "saint"},
            "`annotator` must be one of 'random_utility', 'anchored', got 'saint'",
        ),
        ({"params": {"mood": 1.0}}, "`params.mood` is no param of annotator"),
        (
            {"annotator": "anchored", "options": {"mood": 1}},
            "`options.mood` is no option of annotator 'anchored', which has 'start'",
        ),
    ],
)
def test_what_an_annotator_does_not_have_is_refused(spec_of, crowd, message):
    with pytest.raises(SpecError, match=message):
        annotator_of(spec_of(**crowd))


def test_a_swept_param_is_another_record_of_the_same_program(swept):
    low, high = conditions(swept)
    assert (low.crowd.params, high.crowd.params) == ({"anchor": 0.0}, {"anchor": 0.9})
    assert record_keys(low, "data") != record_keys(high, "data")
    assert low.static("data") == high.static("data")
    assert len(conditions(swept, "random_half")) == 1


def test_a_swept_option_is_another_program(swept):
    swept["axis"][0]["field"] = "crowd.options.start"
    low, high = conditions(swept)
    assert low.static("data") != high.static("data")


def test_who_stands_in_for_recorded_people_may_be_an_annotator(swept):
    swept["arm"] = [a for a in swept["arm"] if a["kind"] in ("whole_pool", "labelling")]
    swept["crowd"] |= {"recording": "a.parquet", "policy": "model"}
    low, high = conditions(swept)
    assert low.is_replayed
    assert low.is_simulated
    assert list(low.parts) == ["anchored"]
    assert record_keys(low, "data") != record_keys(high, "data")
    assert panel_of(low).annotator.part.name == "anchored"


def test_recorded_people_answer_as_they_did_whoever_is_named(tables):
    tables["arm"] = [
        a for a in tables["arm"] if a["kind"] in ("whole_pool", "labelling")
    ]
    tables["axis"] = []
    tables["crowd"] = {"recording": "a.parquet", "policy": "restrict"}
    convert(tables)
    tables["crowd"]["annotator"] = "anchored"
    with pytest.raises(SpecError, match=r"`crowd.annotator` must be left out where"):
        convert(tables)
