from dataclasses import replace

import msgspec
import pytest

from hitl_sim.study import grid
from hitl_sim.study.grid import (
    count_inert,
    expand,
    inert_axes,
    record_keys,
)
from hitl_sim.study.spec import SpecError, convert


def cells(tables):
    return [(c.arm.name, c.role, dict(c.settings)) for c in expand(convert(tables))]


def keys(tables, content="data"):
    return [record_keys(c, content)[0] for c in expand(convert(tables))]


def test_the_control_is_not_crossed_with_the_crowd(tables):
    found = cells(tables)
    assert found.count(("control", "control", {})) == 1
    assert found.count(("control", "pilot", {})) == 1
    assert found.count(("control_again", "null", {})) == 1
    assert ("random_half", "arm", {}) in found
    assert ("relevance", "arm", {"crowd.population": "spammer"}) in found
    assert len(found) == 4 + 2 * 2


def test_axes_multiply(tables):
    tables["axis"].append({"field": "crowd.shared_error", "values": [0.0, 0.3]})
    assert len(cells(tables)) == 4 + 2 * 4


def test_an_axis_may_name_its_arms(tables):
    tables["axis"][0]["arms"] = ["relevance"]
    assert ("margin_labels", "arm", {}) in cells(tables)


def test_an_axis_of_training_applies_to_all_arms_and_their_pilot(tables):
    tables["axis"] = [{"field": "training.learning_rate", "values": [1e-3, 1e-2]}]
    found = cells(tables)
    assert len(found) == 2 * 6
    pilots = [c for c in found if c[1] == "pilot"]
    assert [c[2]["training.learning_rate"] for c in pilots] == [1e-3, 1e-2]


def test_one_width_on_an_axis_is_one_layer_of_that_width(tables):
    tables["axis"] = [{"field": "network.hidden", "values": [8, 16]}]
    widths = {c.network.resolved()["hidden"] for c in expand(convert(tables))}
    assert widths == {(8,), (16,)}
    settings = {c.settings["network.hidden"] for c in expand(convert(tables))}
    assert settings == {8, 16}


def test_equal_values_are_excluded(tables):
    tables["exclude"] = [{"arm": "relevance", "crowd.population": "spammer"}]
    found = cells(tables)
    assert ("relevance", "arm", {"crowd.population": "spammer"}) not in found
    assert ("margin_labels", "arm", {"crowd.population": "spammer"}) in found


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ({"field": "weather.rain", "values": [1]}, "must start with one of"),
        ({"field": "crowd.mood", "values": [1]}, r"field of \[crowd\]"),
        ({"field": "arm.colour", "values": [1]}, r"field of \[arm\]"),
        ({"field": "task", "values": ["cats"]}, "must be among digits, got 'cats'"),
        ({"field": "crowd.lapse", "values": [0.1, 0.1]}, "distinct, got 0.1 twice"),
        ({"field": "crowd.lapse", "values": [0.1, 7]}, "crowd.lapse.*got 7"),
        ({"field": "crowd.lapse", "values": [0.1], "arms": ["x"]}, "got 'x'"),
        ({"field": "crowd.lapse", "values": [0.1], "arms": ["control"]}, "acts"),
    ],
)
def test_an_axis_that_cannot_be_is_refused(tables, axis, message):
    tables["axis"] = [axis]
    with pytest.raises(SpecError, match=message):
        expand(convert(tables))


def test_an_exclusion_of_what_is_not_swept_is_refused(tables):
    tables["exclude"] = [{"crowd.lapse": 0.1}]
    with pytest.raises(SpecError, match=r"must name swept fields .*got 'crowd.lapse'"):
        expand(convert(tables))


def test_a_key_is_the_digest_of_what_runs_share_and_the_replicate(tables):
    condition = expand(convert(tables))[0]
    shared = grid.digest(condition.resolved("data"), 64)
    made = record_keys(replace(condition, replicates=range(12)), "data")
    assert made == [grid.digest([shared, number], 32) for number in range(12)]


def test_keys_are_distinct_and_stable(tables):
    assert len(set(keys(tables))) == len(keys(tables)) == 8
    assert keys(tables) == keys(tables)


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("prices", "boundary", "whole_person"),
        ("prices", "wage_usd_per_h", 99.0),
        ("prices", "grid_region", "FR"),
        ("prices", "carbon_kgco2e_per_kwh", 0.05),
        ("prices", "carbon_kgco2e_per_kwh", {"value": 0.05, "high": 0.1}),
        ("prices", "carbon_file", "grid.csv"),
    ],
)
def test_a_new_price_retrains_nothing(tables, table, field, value):
    before = keys(tables)
    tables[table][field] = value
    assert keys(tables) == before


def test_a_new_device_target_or_name_retrains_nothing(tables):
    before = keys(tables)
    tables["device"] = "h100"
    tables["target"] = {"fraction": 0.9}
    tables["question"] = "Another?"
    tables["note"] = "Read this too."
    tables["arm"][3]["name"] = "chosen"
    assert keys(tables) == before


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("seed",), 8),
        (("training", "batch"), 8),
        (("network", "hidden"), [8]),
        (("task", "digits", "wrong_label"), 0.1),
    ],
)
def test_whatever_fixes_a_run_is_in_every_key(tables, path, value):
    before = keys(tables)
    target = tables
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    assert not set(before) & set(keys(tables))


def test_other_data_have_other_keys(tables):
    assert not set(keys(tables, "data")) & set(keys(tables, "other data"))


def test_conditions_that_differ_in_leaves_share_their_program(tables):
    tables["axis"].append({"field": "crowd.shared_error", "values": [0.0, 0.3]})
    tables["axis"].append({"field": "training.learning_rate", "values": [1e-3, 1e-2]})
    found = expand(convert(tables))
    programs = {msgspec.json.encode(c.static("data")) for c in found}
    # the control, its copy and its pilot are one program
    assert len(programs) == 4


def test_a_repeatability_axis_is_inert_where_nobody_is_asked_twice(tables):
    tables["axis"] = [{"field": "crowd.repeatability", "values": [0.5, 0.9]}]
    inert = inert_axes(convert(tables))
    assert (
        "asked the same question twice" in inert["crowd.repeatability (arm relevance)"]
    )
    tables["arm"][3] |= {"people": 1, "asks": 3}
    assert "crowd.repeatability (arm relevance)" not in inert_axes(convert(tables))


def test_shared_error_is_inert_where_each_question_has_one_answer(tables):
    tables["axis"] = [{"field": "crowd.shared_error", "values": [0.0, 0.5]}]
    tables["arm"][4] |= {"people": 1}
    inert = inert_axes(convert(tables))
    assert list(inert) == ["crowd.shared_error (arm margin_labels)"]


@pytest.mark.parametrize(
    ("field", "values", "arm", "change"),
    [
        ("crowd.within_spread", [0.5, 1.0], "relevance", {"people": 1, "asks": 2}),
        ("crowd.activity_spread", [0.5, 1.0], "relevance", {"people": 1}),
        ("crowd.response_repetition", [0.5, 1.0], "relevance", None),
    ],
)
def test_a_trait_is_inert_where_nothing_shows_it(tables, field, values, arm, change):
    tables["axis"] = [{"field": field, "values": values}]
    name = f"{field} (arm {arm})"
    assert name in inert_axes(convert(tables))
    if change is not None:
        tables["arm"][3] |= change
        assert name not in inert_axes(convert(tables))


def test_what_items_show_is_inert_where_no_item_is_looked_at(tables):
    tables["axis"] = [{"field": "crowd.systematic", "values": [0.0, 0.5]}]
    tables["arm"].append({"name": "groups", "kind": "importance"})
    assert list(inert_axes(convert(tables))) == ["crowd.systematic (arm groups)"]


def test_a_parameter_that_is_left_out_moves_no_key(tables):
    before = keys(tables)
    tables["crowd"] = {"population": "typical"}
    assert keys(tables) == before
    tables["crowd"]["response_repetition"] = 0.0
    assert keys(tables) != before


def test_a_pull_is_inert_where_nothing_is_suggested(tables):
    tables["axis"] = [{"field": "crowd.automation_bias", "values": [0.0, 1.0]}]
    found = inert_axes(convert(tables))
    assert set(found.values()) == {"nobody is shown a suggestion"}
    tables["arm"][4]["suggest"] = True
    assert list(inert_axes(convert(tables))) == [
        "crowd.automation_bias (arm relevance)"
    ]


def test_a_pull_acts_where_people_verify_a_label(tables):
    tables["arm"][2] = {"name": "checked", "kind": "verification", "questions": 20}
    tables["axis"] = [{"field": "crowd.automation_bias", "values": [0.0, 1.0]}]
    found = inert_axes(convert(tables))
    assert "crowd.automation_bias (arm checked)" not in found
    assert "crowd.automation_bias (arm relevance)" in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"replicates": 10**8},
            r"`replicates` must lead to at most 1,000,000 runs .* got 100,000,000 of "
            r"each of 8 conditions",
        ),
        (
            {
                "axis": [
                    {"field": f"crowd.{name}", "values": [i / 1e4 for i in range(1000)]}
                    for name in ("lapse", "accuracy", "fatigue", "systematic")
                ]
            },
            r"`axis` must lead to at most 500,000 conditions .* got 2,000,000,000,004 ",
        ),
        (
            {
                "axis": [{"field": "crowd.lapse", "low": 0.0, "high": 0.1}],
                "draw": {"method": "random", "points": 50_000},
                "replicates": 50,
            },
            r"`replicates` must lead to at most 1,000,000 runs .* got 50 of each of "
            r"100,004 conditions",
        ),
    ],
    ids=["replicates", "crossed axes", "drawn points"],
)
def test_more_runs_than_a_study_can_hold_are_refused_uncounted(
    tables, change, message, monkeypatch
):
    monkeypatch.setattr(grid, "conditions_at", None)
    with pytest.raises(SpecError, match=message):
        expand(convert(tables | change))


def test_drawn_points_that_are_equal_count_once(tables):
    tables["axis"] = [{"field": "workforce.size", "low": 3, "high": 4}]
    tables |= {"draw": {"method": "random", "points": 60_000}, "replicates": 50_000}
    assert len(expand(convert(tables))) == 4 + 2 * 2


def test_a_linked_axis_multiplies_nothing(tables):
    tables["axis"] = [
        {"field": f"crowd.{name}", "values": [0.1, 0.2], "link": "both"}
        for name in ("lapse", "shared_error")
    ]
    # 8 conditions of 125,000 runs are a million; twice as many would be refused
    assert len(expand(convert(tables | {"replicates": 125_000}))) == 8


@pytest.mark.parametrize(
    ("axes", "number"),
    [
        ([], 0),
        ([{"field": "crowd.population", "values": ["perfect", "spammer"]}], 0),
        # nobody is asked twice: of three values two add nothing, in either arm
        ([{"field": "crowd.repeatability", "values": [0.6, 0.7, 0.8]}], 4),
        # and each of the populations repeats it
        (
            [
                {"field": "crowd.repeatability", "values": [0.6, 0.7, 0.8]},
                {"field": "crowd.population", "values": ["perfect", "spammer"]},
            ],
            8,
        ),
        # relevance reads no suggestion; nor does labelling that makes none
        (
            [
                {
                    "field": "crowd.automation_bias",
                    "values": [0.0, 1.0],
                    "arms": ["relevance"],
                }
            ],
            1,
        ),
    ],
)
def test_conditions_along_inert_axes_are_counted(tables, axes, number):
    spec = convert(tables | {"axis": axes})
    assert count_inert(expand(spec), spec) == number


def test_a_rate_that_the_optimiser_does_not_read_is_counted_as_inert(tables):
    tables["network"] = {"kind": "linear"}
    tables["training"] |= {"optimiser": "fixed_hessian", "l2": 1.0, "batch": "all"}
    tables["arm"] = tables["arm"][:2]
    tables["axis"] = [{"field": "training.learning_rate", "values": [1e-3, 1e-2]}]
    spec = convert(tables)
    assert list(inert_axes(spec)) == ["training.learning_rate"]
    assert count_inert(expand(spec), spec) == 3


def test_options_of_a_strategy_are_swept_and_each_is_a_program(tables):
    tables["axis"] = [{"field": "arm.options.members", "values": [2, 5]}]
    labelling = {"name": "asked", "kind": "labelling", "rounds": 4, "questions": 5}
    tables["arm"].append(labelling | {"strategy": "bald"})
    swept = [c for c in expand(convert(tables)) if c.arm.name == "asked"]
    assert [c.arm.options for c in swept] == [{"members": 2}, {"members": 5}]
    assert swept[0].static("") != swept[1].static("")


def test_an_option_that_no_strategy_of_the_study_has_is_not_swept(tables):
    tables["axis"] = [{"field": "arm.options.heat", "values": [2, 5]}]
    with pytest.raises(SpecError, match=r"must be a field of \[arm\] .*got 'arm\.opt"):
        expand(convert(tables))


def test_an_exclusion_may_list_values(tables):
    tables["axis"].append({"field": "crowd.shared_error", "values": [0.0, 0.3, 0.5]})
    tables["exclude"] = [
        {"arm": ["relevance", "margin_labels"], "crowd.shared_error": [0.3, 0.5]}
    ]
    found = [c for c in cells(tables) if c[0] in ("relevance", "margin_labels")]
    assert {c[2]["crowd.shared_error"] for c in found} == {0.0}
    assert len(found) == 2 * 2
