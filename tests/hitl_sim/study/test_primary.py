"""Which conditions a study's replicates are planned for."""

import pytest

from hitl_sim.study.grid import expand
from hitl_sim.study.primary import primary_conditions
from hitl_sim.study.spec import convert


def primary(tables):
    spec = convert(tables)
    found = primary_conditions(expand(spec), spec)
    return [(c.arm.name, dict(c.settings)) for c in found]


def test_arms_with_people_at_the_own_crowd_are_primary(tables):
    tables["crowd"] = {"population": "spammer"}
    own = {"crowd.population": "spammer"}
    assert primary(tables) == [("relevance", own), ("margin_labels", own)]


def test_where_the_own_crowd_is_not_swept_the_first_one_is_primary(tables):
    first = {"crowd.population": "perfect"}
    assert primary(tables) == [("relevance", first), ("margin_labels", first)]


def test_an_own_value_that_is_excluded_gives_way_to_what_is_there(tables):
    tables["crowd"] = {"population": "perfect"}
    tables["exclude"] = [{"crowd.population": "perfect", "arm": "relevance"}]
    assert primary(tables) == [
        ("relevance", {"crowd.population": "spammer"}),
        ("margin_labels", {"crowd.population": "perfect"}),
    ]


def test_every_base_has_its_own_primary_conditions(tables):
    tables["arm"] = [tables["arm"][0], tables["arm"][3]]
    tables["axis"] = [{"field": "training.batch", "values": [8, 16]}]
    found = primary(tables)
    assert [settings["training.batch"] for _, settings in found] == [8, 16]


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_swept_field_of_an_arm_has_its_own_value(tables, share):
    tables["arm"] = [tables["arm"][0], tables["arm"][3] | {"share": share}]
    tables["axis"] = [{"field": "arm.share", "values": [0.25, 0.5, 0.75]}]
    assert primary(tables) == [("relevance", {"arm.share": share})]


def test_where_nobody_is_asked_the_other_arms_are_primary(tables):
    tables["arm"], tables["axis"] = tables["arm"][:3], []
    assert primary(tables) == [("random_half", {})]
