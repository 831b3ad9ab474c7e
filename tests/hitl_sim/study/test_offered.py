"""Which arms a task can have, and the table that a study would have of it."""

import tomllib

import pytest

from hitl_sim.study.offered import as_toml, load_source, offered_arms, sizes_for
from hitl_sim.study.spec import SpecError
from hitl_sim.study.spec.arm import kinds_of


def test_pictures_can_have_every_arm():
    task = {"source": "digits"}
    info, _ = load_source(task)
    assert dict(offered_arms(task, info)) == dict.fromkeys(kinds_of("intervention"), "")


def test_an_arm_that_a_task_cannot_have_says_why():
    task = {"source": "docstrings", "representation": "tokens"}
    why = dict(offered_arms(task, load_source(task)[0]))
    assert "compares items by their features" in why["relevance"]
    assert why["labelling"] == ""


def test_the_table_is_one_that_a_study_reads():
    task = {"source": "docstrings", "num_features": 64}
    info, _ = load_source(task)
    (table,) = tomllib.loads(as_toml(task, info))["task"].values()
    assert table == task | sizes_for(info.num_items)
    assert sum(sizes_for(info.num_items).values()) == info.num_items


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"source": "nothing.csv"}, "^`source` must be an existing file"),
        ({"source": "digits", "impute": "median"}, "^`impute` must be left out for"),
        ({"source": "digits", "impute": "mean"}, "^`impute` must be one of 'median'"),
    ],
)
def test_what_cannot_be_loaded_is_told_without_a_study(task, words):
    with pytest.raises(SpecError, match=words):
        load_source(task)
