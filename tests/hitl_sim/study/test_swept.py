"""Columns of swept fields are typed by the field, not by the values."""

import pyarrow as pa
import pytest

from hitl_sim.study.plan import build_plan
from hitl_sim.study.spec import convert
from hitl_sim.study.swept import axis_columns, runs_table

COLD = """
from hitl_sim import part


@part.strategy(params={"temperature": 1.0})
def cold(shape):
    return lambda key, view, params: view.logits[:, 0] / params["temperature"]
"""


def columns(tables, *axes):
    tables["axis"] = [{"field": field, "values": values} for field, values in axes]
    found = axis_columns(convert(tables))
    return {f.name: str(f.type) for fields in found.values() for f in fields}


@pytest.mark.parametrize(
    ("field", "values", "types"),
    [
        ("crowd.accuracy", [1], ["double"]),
        ("task.pool", [100, 200], ["int64"]),
        ("crowd.population", ["perfect"], ["string"]),
        ("training.batch", [16], ["string", "double"]),
        ("network.hidden", [8, 16], ["string", "double"]),
        ("arm.questions", [20], ["int64"]),
        ("training.learning_rate", [1], ["double"]),
    ],
)
def test_a_column_has_the_type_of_its_field(tables, field, values, types):
    assert list(columns(tables, (field, values)).values()) == types


def test_tasks_need_no_column_of_their_own(tables):
    assert columns(tables, ("task", ["digits"])) == {}


def test_a_number_of_a_field_of_several_types_is_told_twice(tables):
    tables["arm"] = tables["arm"][:2]
    tables["axis"] = [{"field": "training.batch", "values": [16, "all"]}]
    table = runs_table(build_plan(convert(tables)))
    cells = zip(table["training.batch"], table["training.batch_num"], strict=True)
    found = {(text.as_py(), number.as_py()) for text, number in cells}
    assert found == {("16", 16.0), ("all", None)}


def test_a_run_has_null_where_an_axis_does_not_act(tables):
    tables["axis"] = [{"field": "arm.questions", "values": [20, 40]}]
    table = runs_table(build_plan(convert(tables)))
    asked = {}
    for arm, cell in zip(table["arm"], table["arm.questions"], strict=True):
        asked.setdefault(arm.as_py(), set()).add(cell.as_py())
    assert asked["control"] == asked["random_half"] == {None}
    assert asked["relevance"] == asked["margin_labels"] == {20, 40}


def test_a_param_has_a_column_for_each_arm_that_has_it(tables, tmp_path):
    (tmp_path / "own.py").write_text(COLD)
    tables["part"] = {"cold": {"source": f"{tmp_path}/own.py:cold"}}
    asked = {"kind": "labelling", "rounds": 3, "questions": 20, "strategy": "cold"}
    tables["arm"] = [
        *tables["arm"],
        {"name": "one", **asked},
        {"name": "two", **asked, "params": {"temperature": 5.0}},
    ]
    tables["axis"] = [
        {"field": "arm.params.temperature", "values": [1, 2], "arms": ["one"]}
    ]
    table = runs_table(build_plan(convert(tables)))
    name = "arm.one.temperature"
    assert [n for n in table.column_names if "temperature" in n] == [name]
    assert table.schema.field(name).type == pa.float64()
    rows = zip(table["arm"].to_pylist(), table[name].to_pylist(), strict=True)
    found = set(rows)
    assert {value for arm, value in found if arm == "one"} == {1.0, 2.0}
    assert {value for arm, value in found if arm != "one"} == {None}
    del tables["axis"][0]["arms"]
    assert set(axis_columns(convert(tables))) == {name, "arm.two.temperature"}


def test_every_run_is_listed_with_its_key_in_the_studys_order(tables):
    plan = build_plan(convert(tables))
    table = runs_table(plan)
    assert table["key"].to_pylist() == [run.key for run in plan.runs]
    assert table["arm"].to_pylist() == [run.condition.arm.name for run in plan.runs]
    assert table.schema.field("key").type == pa.string()
