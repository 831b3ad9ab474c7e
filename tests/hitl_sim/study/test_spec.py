import math

import msgspec
import pytest

from hitl_sim.study.spec import SpecError, convert, load_spec, validate


def put(tables, path, value):
    *parents, last = path
    for step in parents:
        tables = tables[step]
    tables[last] = value


WRONG = {
    "probability": (("crowd",), {"accuracy": 1.2}, "crowd.accuracy", "1.2", "<= 1.0"),
    "negative": (
        ("training", "learning_rate"),
        -1.0,
        "training.learning_rate",
        "-1.0",
        "> 0.0",
    ),
    "choice": (
        ("training", "optimiser"),
        "lion",
        "training.optimiser",
        "'lion'",
        "'adam', 'fixed_hessian', 'sgd'",
    ),
    "kind": (("arm", 0, "kind"), "magic", "arm[0].kind", "'magic'", "'whole_pool'"),
    "role": (("arm", 0, "role"), "boss", "arm[0].role", "'boss'", "'control', 'null'"),
    "boundary": (
        ("prices", "boundary"),
        "desk",
        "prices.boundary",
        "'desk'",
        "'workstation'",
    ),
    "count": (("replicates",), 1, "replicates", "1", ">= 2"),
    "share": (("task", "digits", "irrelevant"), 2.0, "irrelevant", "2.0", "<= 1.0"),
    "word": (("seed",), "one", "seed", "'one'", "int"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_refused_with_field_value_and_range(tables, case):
    path, value, field, got, allowed = case
    put(tables, path, value)
    with pytest.raises(SpecError) as refused:
        convert(tables)
    message = str(refused.value)
    assert field in message
    assert f"got {got}" in message
    assert allowed in message


UNKNOWN = {
    "top": ((), "replicants", "dispatch_size"),
    "table": (("training",), "momentum", "batch"),
    "task": (("task", "digits"), "irelevant", "irrelevant"),
    "arm": (("arm", 3), "budget", "questions"),
    "prices": (("prices",), "wage", "wage_usd_per_h"),
}


@pytest.mark.parametrize("case", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_key_is_refused_and_the_known_ones_are_named(tables, case):
    path, name, known = case
    put(tables, (*path, name), 1)
    with pytest.raises(SpecError) as refused:
        convert(tables)
    assert f"{name}` is not a field" in str(refused.value)
    assert known in str(refused.value)


@pytest.mark.parametrize("field", ["boundary", "label_cost", "waiting"])
def test_a_choice_that_decides_the_answer_has_no_default(tables, field):
    del tables["prices"][field]
    with pytest.raises(SpecError, match=f"`prices.{field}` must be given: one of"):
        convert(tables)


def test_an_option_of_another_kind_of_arm_is_refused(tables):
    tables["arm"][2]["questions"] = 5
    with pytest.raises(SpecError, match=r"questions` is not a field .* share"):
        convert(tables)


def test_a_study_needs_exactly_one_control(tables):
    tables["arm"][1]["role"] = "control"
    with pytest.raises(SpecError, match="exactly one whole_pool arm, got 2"):
        convert(tables)
    tables["arm"] = tables["arm"][2:]
    with pytest.raises(SpecError, match="exactly one whole_pool arm, got 0"):
        convert(tables)


def test_two_arms_of_one_name_are_refused(tables):
    tables["arm"][1]["name"] = "control"
    with pytest.raises(SpecError, match="must be unique, got 'control' twice"):
        convert(tables)


def test_more_people_than_the_team_has_are_refused(tables):
    tables["arm"][3]["people"] = 4
    with pytest.raises(
        SpecError, match=r"`workforce.size` \(3\), got 4 in arm 'relevance'"
    ):
        convert(tables)


def test_more_questions_than_items_are_refused(tables):
    tables["arm"][4]["questions"] = 100
    with pytest.raises(SpecError, match=r"\(200\), got 300 in all"):
        convert(tables)


def test_corruption_beyond_the_whole_pool_is_refused(tables):
    tables["task"]["digits"]["duplicate"] = 0.7
    with pytest.raises(SpecError, match=r"must be <= 1, got 1.1"):
        convert(tables)


def test_duplicates_without_a_clean_item_are_refused(tables):
    shares = {"irrelevant": 0.1, "duplicate": 0.7, "wrong_label": 0.2}
    tables["task"]["digits"] |= shares
    with pytest.raises(SpecError, match=r"leave a clean item of \d+ for duplicates"):
        convert(tables)
    # shares that fill the pool in decimal do not exceed it
    tables["task"]["digits"] |= {"duplicate": 0.0, "wrong_label": 0.9}
    convert(tables)


def test_rounds_must_divide_the_checkpoints(tables):
    tables["arm"][4]["rounds"] = 5
    with pytest.raises(SpecError, match=r"must divide .* \(12\), got 5"):
        convert(tables)


def test_a_label_bought_elsewhere_needs_its_price(tables):
    tables["prices"]["label_cost"] = "bought_elsewhere"
    with pytest.raises(SpecError, match="label_price_usd` must be given"):
        convert(tables)


def test_a_spec_made_in_python_passes_the_same_rules(tables):
    spec = convert(tables)
    assert validate(spec) == spec
    crowd = msgspec.structs.replace(spec.crowd, accuracy=1.2)
    with pytest.raises(SpecError, match=r"`crowd.accuracy` must be .*got 1.2"):
        validate(msgspec.structs.replace(spec, crowd=crowd))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"nowhere.toml': No such file"):
        load_spec(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text("question = ")
    with pytest.raises(SpecError, match="must be TOML"):
        load_spec(path)


def test_paths_of_data_are_read_from_the_files_own_folder(tmp_path, smoke_file):
    path = tmp_path / "study.toml"
    text = smoke_file.read_text().replace('source = "digits"', 'source = "mine.npz"')
    path.write_text(text)
    assert load_spec(path).task["digits"].source == str(tmp_path / "mine.npz")
    assert load_spec(smoke_file).task["digits"].source == "digits"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"score": "subsample"}, "`arm.score_items` must be given exactly"),
        ({"score_items": 50}, "`arm.score_items` must be given exactly"),
        ({"score": "subsample", "score_items": 5}, "must be >= .* \\(20\\), got 5"),
        ({"refit": "final_only"}, "must be 'random' .* got 'margin'"),
        ({"refit": "final_only", "strategy": "random", "suggest": True}, "got true"),
        ({"epochs": 50}, "at most the cap of 120 training steps .* got 376"),
    ],
)
def test_a_labelling_arm_that_cannot_be_is_refused(tables, fields, message):
    tables["arm"][4] |= fields
    with pytest.raises(SpecError, match=message):
        convert(tables)


def test_a_choice_without_a_proxy_trains_none(tables):
    tables["arm"][2] = {
        "name": "deduplicated",
        "kind": "machine_share",
        "score": "duplicate",
        "proxy_steps": 9,
    }
    with pytest.raises(SpecError, match="which trains no proxy, got 9"):
        convert(tables)


def test_only_uncertain_items_need_a_proxy(tables):
    tables["arm"][3]["proxy_steps"] = 9
    with pytest.raises(SpecError, match=r"`arm\.rated` is 'random', which trains no"):
        convert(tables)
    tables["arm"][3]["rated"] = "uncertain"
    assert convert(tables).arm[3].proxy_steps == 9


@pytest.mark.parametrize("kind", ["importance", "machine_importance"])
@pytest.mark.parametrize("fields", [{"use": "penalty"}, {"penalty": 0.1}])
def test_a_penalty_is_given_exactly_where_it_is_used(tables, kind, fields):
    tables["arm"][2] = {"name": "groups", "kind": kind} | fields
    with pytest.raises(SpecError, match=r"`arm\.penalty` must be given exactly where"):
        convert(tables)


def test_no_more_is_verified_than_there_is(tables):
    tables["arm"][2] = {"name": "checked", "kind": "verification", "questions": 201}
    with pytest.raises(SpecError, match=r"\(200\), got 201 in all in arm 'checked'"):
        convert(tables)


SMOKE_TABLE = """
[smoke]
replicates = 2
[smoke.task.digits]
pool = 100
[[smoke.axis]]
field = "crowd.population"
values = ["careful"]
"""


@pytest.fixture
def with_smoke(smoke_file, tmp_path):
    path = tmp_path / "study.toml"

    def build(table):
        path.write_text(smoke_file.read_text() + table)
        return path

    return build


def test_a_smoke_form_changes_what_it_names_and_nothing_else(with_smoke, smoke_file):
    path = with_smoke(SMOKE_TABLE)
    whole, small = load_spec(path), load_spec(path, is_smoke=True)
    assert whole == load_spec(smoke_file)
    assert small.replicates == 2
    assert small.task["digits"].pool == 100
    assert small.task["digits"].validation == whole.task["digits"].validation
    assert [axis.values for axis in small.axis] == [("careful",)]
    assert small.arm == whole.arm


def test_a_wrong_smoke_form_is_refused_before_it_is_asked_for(with_smoke):
    with pytest.raises(SpecError, match="`replicates` must be int >= 2, got 1"):
        load_spec(with_smoke("[smoke]\nreplicates = 1\n"))


def test_a_smoke_form_that_is_not_there_is_named(smoke_file):
    with pytest.raises(SpecError, match=r"`smoke` must be a table .*got None"):
        load_spec(smoke_file, is_smoke=True)


def test_carbon_by_the_hour_is_read_once_from_the_files_own_folder(
    tmp_path, smoke_file
):
    """The numbers are kept with the study, so its results need the file no more."""
    path = tmp_path / "study.toml"
    prices = '[prices]\ncarbon_file = "grid.csv"'
    path.write_text(smoke_file.read_text().replace("[prices]", prices))
    hours = tmp_path / "grid.csv"
    hours.write_text("hour,g_per_kwh\n8,100\n20,300\n")
    spec = load_spec(path)
    assert spec.prices.carbon_file is None
    assert spec.prices.carbon_kgco2e_per_kwh.value == pytest.approx(0.2)
    assert validate(spec) == spec
    hours.write_text("hour,g_per_kwh\n8,100\n8,300\n")
    with pytest.raises(SpecError, match="must name each hour once, got '8' again"):
        load_spec(path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"carbon_kgco2e_per_kwh": "low"}, r"must be float \| table .*, got 'low'"),
        ({"carbon_kgco2e_per_kwh": -1}, r"`prices.carbon_kgco2e_per_kwh` must .*-1"),
        ({"carbon_kgco2e_per_kwh": {"valu": 1}}, "valu`.* Allowed: high, low, sou"),
        ({"carbon_file": 3}, r"`prices.carbon_file` must be .*got 3"),
        ({"carbon_kgco2e_per_kwh": 0.1, "grid_region": "FR"}, "must give the carbon"),
    ],
)
def test_a_carbon_intensity_that_cannot_be_is_refused_in_one_line(
    tables, given, message
):
    tables["prices"] |= given
    with pytest.raises(SpecError, match=message) as refused:
        convert(tables)
    assert "\n" not in str(refused.value)


def test_paths_of_people_are_read_from_the_files_own_folder(tmp_path, smoke_file):
    text = smoke_file.read_text().replace('"spammer"]', '"people.toml:night"]')
    text += '\n[crowd]\npopulation = "people.toml"\n'
    text += '\n[[exclude]]\n"crowd.population" = "people.toml:night"\n'
    (tmp_path / "study.toml").write_text(text)
    spec = load_spec(tmp_path / "study.toml")
    path = str(tmp_path / "people.toml")
    assert spec.crowd.population == path
    assert spec.axis[0].values == ("perfect", f"{path}:night")
    assert spec.exclude == ({"crowd.population": f"{path}:night"},)


FIXED = {"optimiser": "fixed_hessian", "l2": 1.0, "batch": "all"}
UNFIT_FOR_THE_FIXED_HESSIAN = {
    "l2": ({"l2": None}, {}, "`training.l2` must be given exactly"),
    "adam": ({"optimiser": "adam"}, {}, "`training.l2` must be given exactly"),
    "batch": ({"batch": 32}, {}, "`training.batch` must be 'all'"),
    "network": ({}, {"kind": "mlp"}, "`network.kind` must be 'linear'"),
    "precision": ({}, {"precision": "bfloat16"}, "`network.precision` must be"),
}


@pytest.mark.parametrize(
    ("training", "network", "message"),
    UNFIT_FOR_THE_FIXED_HESSIAN.values(),
    ids=UNFIT_FOR_THE_FIXED_HESSIAN.keys(),
)
def test_a_fixed_hessian_is_refused_where_it_does_not_hold(
    tables, training, network, message
):
    given = tables["training"] | FIXED | training
    tables["training"] = {k: v for k, v in given.items() if v is not None}
    tables["network"] = {"kind": "linear"} | network
    with pytest.raises(SpecError, match=message):
        convert(tables)


@pytest.mark.parametrize(
    ("crowd", "message"),
    [
        ({"accuracies": [0.8]}, "one number for each of the"),
        ({"accuracies": [0.6, 0.8, 0.9], "accuracy": 0.8}, "must be left out beside"),
    ],
)
def test_accuracies_of_each_must_fit_the_team(tables, crowd, message):
    tables["workforce"], tables["crowd"] = {"size": 3}, crowd
    with pytest.raises(SpecError, match=message):
        convert(tables)


NOT_FINITE = {
    "above a least value": (("training", "learning_rate"), "training.learning_rate"),
    "a parameter without a range": (("crowd",), "crowd.automation_bias"),
    "hours": (("workforce",), "workforce.requester_h"),
    "an axis": (("axis", 0, "values", 1), "axis[0].values[1]"),
    "an arm": (("arm", 2, "share"), "arm[2].share"),
    "a price": (("prices", "wage_usd_per_h"), "prices.wage_usd_per_h"),
}


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 1e39, 1e-46])
@pytest.mark.parametrize("case", NOT_FINITE.values(), ids=NOT_FINITE.keys())
def test_a_number_that_no_float32_holds_is_refused_wherever_it_stands(
    tables, case, number
):
    path, field = case
    table, _, name = field.partition(".")
    value = number if path[-1] != table else {name: number}
    tables["axis"][0] |= {"field": "training.learning_rate", "values": [1e-3, 2e-3]}
    put(tables, path, value)
    with pytest.raises(SpecError) as refused:
        convert(tables)
    assert str(refused.value).startswith(f"`{field}` must be a finite number")
    assert str(refused.value).endswith(f"got {number}.")


def test_a_number_of_a_method_or_an_end_of_a_range_is_refused_too(tables):
    prune = {"kind": "prune", "form": "masked", "after": 1, "share": math.nan}
    tables["arm"][2]["method"] = [prune]
    with pytest.raises(
        SpecError, match=r"`arm\[2\]\.method\[0\]\.share` must be a fin"
    ):
        convert(tables)
    del tables["arm"][2]["method"]
    tables["axis"] = [{"field": "training.learning_rate", "low": 1e-3, "high": 1e999}]
    with pytest.raises(SpecError, match=r"`axis\[0\]\.high` must be a finite .*inf"):
        convert(tables)


def test_a_count_beyond_the_learner_s_is_refused(tables):
    tables["training"]["steps_per_checkpoint"] = 2**31
    with pytest.raises(SpecError, match="must be int <= 2147483647, got 2147483648"):
        convert(tables)
    tables["training"] |= {"steps_per_checkpoint": 1, "checkpoints": 10**9}
    with pytest.raises(SpecError, match="checkpoints` must be int <= 100000, got"):
        convert(tables)


def test_a_mean_over_more_checkpoints_than_there_are_is_refused(tables):
    tables["training"]["checkpoints"], tables["arm"][4]["rounds"] = 4, 2
    with pytest.raises(SpecError, match=r"`target\.smoothing` must be <= 4, .* got 5"):
        convert(tables)
    tables["target"] = {"smoothing": 4}
    assert convert(tables).target.smoothing == 4


@pytest.mark.parametrize("where", ["arm", "method"])
def test_what_has_no_kind_is_told_the_kinds_there_are(tables, where):
    if where == "arm":
        del tables["arm"][3]["kind"]
        field, kinds = r"arm\[3\]\.kind", "'curriculum', .*'whole_pool'"
    else:
        tables["arm"][2]["method"] = [{"share": 0.5}]
        field, kinds = r"arm\[2\]\.method\[0\]\.kind", "'fine_tune', 'prune'"
    with pytest.raises(SpecError, match=rf"`{field}` must be one of {kinds}.*got none"):
        convert(tables)


def test_a_byte_order_mark_before_a_study_is_no_part_of_it(tmp_path, smoke_file):
    path = tmp_path / "study.toml"
    path.write_text(smoke_file.read_text(), encoding="utf-8-sig")
    assert load_spec(path) == load_spec(smoke_file)


@pytest.mark.parametrize("strange", ["margin", 3, []])
def test_an_arm_or_a_method_that_is_no_table_is_refused(tables, strange):
    for arms, where in (
        ([strange], r"arm\[0\]"),
        ([tables["arm"][0] | {"method": [strange]}], r"arm\[0\]\.method\[0\]"),
    ):
        with pytest.raises(SpecError, match=f"`{where}` must be table, got"):
            convert(tables | {"arm": arms})
