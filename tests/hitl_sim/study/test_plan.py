import numpy as np
import pytest

from hitl_sim.learn.intervention.share import kept_items
from hitl_sim.study.plan import (
    build_plan,
    chunks_left,
    population_of,
)
from hitl_sim.study.spec import SpecError, convert


@pytest.fixture
def plan(tables):
    return build_plan(convert(tables))


def keys_of(chunks):
    return [run.key for chunk in chunks for run in chunk.runs]


def test_every_run_is_in_one_chunk_of_one_program(plan):
    chunks = chunks_left(plan, set())
    assert sorted(keys_of(chunks)) == sorted(run.key for run in plan.runs)
    for chunk in chunks:
        assert {plan.group_of(run) for run in chunk.runs} == {chunk.group}
        assert 1 <= len(chunk.runs) <= plan.spec.dispatch_size


def test_programs_come_first_so_that_workers_compile_different_ones(plan):
    chunks = chunks_left(plan, set())
    groups = [chunk.group for chunk in chunks]
    assert len(set(groups[: len(set(groups))])) == len(set(groups))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_is_cut_as_it_would_have_been(plan, seed):
    chunks = chunks_left(plan, set())
    done = np.random.default_rng(seed).permutation(len(chunks))[: len(chunks) // 2]
    finished = set(keys_of([chunks[i] for i in done]))
    left = chunks_left(plan, finished)
    expected = {c.id for i, c in enumerate(chunks) if i not in set(done)}
    assert {chunk.id for chunk in left} == expected


def test_a_finished_study_has_nothing_left(plan):
    assert chunks_left(plan, {run.key for run in plan.runs}) == []


def test_labels_tell_arms_on_one_base_apart(plan):
    labels = [label for _, label in plan.labels()]
    assert len({label["base"] for label in labels}) == 1
    assert len({label["condition"] for label in labels}) == 8
    asked = [label for label in labels if label["population"]]
    assert {label["arm"] for label in asked} == {"relevance", "margin_labels"}


def test_arms_that_are_the_same_under_two_names_both_keep_theirs(tables):
    tables["arm"].append({"name": "twin", "kind": "random_share"})
    twins = [a["name"] for a in tables["arm"] if a["kind"] == "random_share"]
    plan = build_plan(convert(tables))
    keys = {arm: [k for k, one in plan.labels() if one["arm"] == arm] for arm in twins}
    assert len(twins) == 2
    assert keys["twin"] == keys[twins[0]] != []
    assert len(keys_of(chunks_left(plan, set()))) == len({run.key for run in plan.runs})


def test_people_label_what_they_label_and_the_control_uses_what_it_is_given(plan):
    used = {c.arm.name: c.arm.pool_labels(c.task.pool) for c in plan.conditions}
    assert used == {
        "control": 200,
        "control_again": 200,
        "random_half": 100,
        "relevance": 200,
        "margin_labels": 0,
    }


def test_a_share_is_rounded_as_the_learner_rounds_it():
    assert kept_items(0.29, 100) == 29
    assert kept_items(0.001, 100) == 1
    assert kept_items(1.0, 100) == 100


@pytest.mark.parametrize(
    ("crowd", "message"),
    [
        ({"population": "saints"}, "got 'saints'"),
        ({"shared_error": 0.8, "repeatability": 0.2}, "repeatability"),
    ],
)
def test_a_crowd_that_cannot_be_is_refused_before_any_work(tables, crowd, message):
    del tables["axis"]
    tables["crowd"] = crowd
    with pytest.raises(SpecError, match=message):
        build_plan(convert(tables))


def write_npz(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


def features(num_items=400):
    return np.random.default_rng(0).normal(size=(num_items, 4)).astype(np.float32)


def test_features_that_are_not_numbers_are_refused(tables, tmp_path):
    x = features()
    x[3, 2] = np.nan
    path = write_npz(tmp_path / "a.npz", features=x, labels=np.arange(400) % 2)
    tables["task"]["digits"]["source"] = path
    with pytest.raises(SpecError, match=r"features.*nan"):
        build_plan(convert(tables))


def test_a_class_without_items_is_refused(tables, tmp_path):
    labels = (np.arange(400) % 2) * 2
    path = write_npz(tmp_path / "a.npz", features=features(), labels=labels)
    tables["task"]["digits"]["source"] = path
    with pytest.raises(SpecError, match="class"):
        build_plan(convert(tables))


def test_pickled_objects_are_refused(tables, tmp_path):
    labels = np.array([{"a": 1}] * 400, dtype=object)
    path = write_npz(tmp_path / "a.npz", features=features(), labels=labels)
    tables["task"]["digits"]["source"] = path
    with pytest.raises(SpecError, match="pickle"):
        build_plan(convert(tables))


def test_too_few_items_for_the_split_are_refused(tables, tmp_path):
    path = write_npz(
        tmp_path / "a.npz", features=features(300), labels=np.arange(300) % 2
    )
    tables["task"]["digits"]["source"] = path
    with pytest.raises(SpecError, match="350"):
        build_plan(convert(tables))


MINE = """
[night]
summary = "Our own crowd, after ten in the evening."
based_on = "typical"
status = { relevance = "calibrated (on our pilot)" }

[night.accuracy]
relevance = { value = 0.78, status = "calibrated", source = "our pilot" }
label = { value = 0.81, status = "calibrated", source = "our pilot" }
"""


@pytest.fixture
def with_file(tables, tmp_path):
    """Plan the smoke study with people of a file that holds some text."""
    path = tmp_path / "my_people.toml"
    tables["axis"][0]["values"] = ["typical", str(path)]

    def to(text):
        path.write_text(text)
        return build_plan(convert(tables))

    return to


def keys_by_arm(plan):
    found = {}
    for key, label in plan.labels():
        name = (label["arm"], str(label["population"]))
        found.setdefault(name, set()).add(key)
    return found


def test_a_population_of_a_file_is_called_by_its_name_and_its_file(with_file):
    names = {label["population"] for _, label in with_file(MINE).labels()}
    assert names == {None, "typical", "night (my_people.toml)"}


def test_editing_a_number_renews_the_keys_of_who_is_asked_by_it(with_file):
    before = keys_by_arm(with_file(MINE))
    after = keys_by_arm(with_file(MINE.replace("0.78", "0.79")))
    assert before.keys() == after.keys()
    for name, keys in before.items():
        is_edited = name == ("relevance", "night (my_people.toml)")
        assert (keys == after[name]) == (not is_edited)


def test_editing_words_renews_nothing(with_file):
    before = keys_by_arm(with_file(MINE))
    assert keys_by_arm(with_file(MINE.replace("our pilot", "a pilot"))) == before


def test_the_manifest_keeps_what_was_in_a_population(with_file):
    kept = with_file(MINE).populations()["night (my_people.toml)"]
    assert kept["numbers"]["relevance"]["accuracy"] == 0.78
    assert kept["status"]["relevance"] == "calibrated (on our pilot)"


def test_a_population_that_changes_after_planning_is_refused(with_file, tmp_path):
    plan = with_file(MINE)
    condition = next(
        run.condition
        for run in plan.runs
        if run.condition.content and "night" in run.condition.content.label
    )
    (tmp_path / "my_people.toml").write_text(MINE.replace("0.78", "0.79"))
    with pytest.raises(SpecError, match="numbers have changed"):
        population_of(condition, plan.infos[condition.task_name])


def test_a_damaged_file_is_refused_before_any_work(with_file):
    with pytest.raises(SpecError, match=r"my_people.toml.*label.value.*got 1.81"):
        with_file(MINE.replace("0.81", "1.81"))


JOINT = """
[night.joint.label]
options = ["no", "yes"]
class_share = [0.5, 0.5]
confusion = [[0.0, 0.1], [0.0, 0.1]]
traits = ["skill", "pace"]
correlation = [[1.0, -0.4], [-0.4, 1.0]]
source = "our pilot"
"""
GROUPS = """
[groups]
summary = "The same, around groups."
based_on = "night"
[groups.joint.label]
people = [[0.5, 0.9, -0.1], [0.5, -0.9, 0.1]]
noise = [[0.2, 0.0], [0.0, 0.9]]
"""


def test_what_goes_together_renews_the_keys_of_who_is_asked_for_labels(with_file):
    before = keys_by_arm(with_file(MINE + JOINT))
    moved = JOINT.replace("-0.4", "-0.3")
    after = keys_by_arm(with_file(MINE + moved))
    told = keys_by_arm(with_file(MINE + JOINT.replace("our pilot", "a pilot")))
    assert told == before
    renewed = {name for name, keys in before.items() if keys != after[name]}
    assert renewed == {("margin_labels", "night (my_people.toml)")}


def test_the_manifest_keeps_what_goes_together(with_file):
    kept = with_file(MINE + JOINT).populations()["night (my_people.toml)"]
    assert kept["joint"]["label"]["correlation"] == ((1.0, -0.4), (-0.4, 1.0))
    assert set(kept["joint"]) == {"label"}


def test_a_crowd_of_other_classes_is_told(with_file):
    (note,) = with_file(MINE + JOINT).notes()
    assert "population night (my_people.toml), task 'digits'" in note
    assert "fitted to 2 classes and the task has 10" in note
    names = [f"name {i}" for i in range(10)]
    zeros = [[0.0] * 10] * 10
    ten = JOINT.replace('["no", "yes"]', str(names)).replace(
        "[0.5, 0.5]", f"{[0.1] * 10}"
    )
    ten = ten.replace("[[0.0, 0.1], [0.0, 0.1]]", str(zeros))
    (note,) = with_file(MINE + ten).notes()
    assert "stand in their order for the task's: name 0, name 1" in note
    digits = ten.replace(str(names), str([str(i) for i in range(10)]))
    assert not with_file(MINE + digits).notes()
    assert not with_file(MINE).notes()


def test_two_ways_to_draw_people_are_two_programs(tables, tmp_path):
    path = tmp_path / "my_people.toml"
    path.write_text(MINE + JOINT + GROUPS)
    values = [str(path), f"{path}:groups"]
    tables["axis"] = [{"field": "crowd.population", "values": values}]
    plan = build_plan(convert(tables))
    asked = [run for run in plan.runs if run.condition.arm.name == "margin_labels"]
    assert len({plan.group_of(run) for run in asked}) == 2


def test_a_swept_trait_is_one_program_and_a_crowd_without_it_another(tables):
    def programs(axis):
        tables["axis"] = [axis]
        plan = build_plan(convert(tables))
        asked = [run for run in plan.runs if run.condition.arm.name == "relevance"]
        return len({plan.group_of(run) for run in asked})

    assert programs({"field": "crowd.caution", "values": [0.0, 0.3, 0.6]}) == 1
    values = ["typical", "careful", "expert"]
    assert programs({"field": "crowd.population", "values": values}) == 2


@pytest.mark.parametrize(
    ("crowd", "message"),
    [
        ({"fatigue_s": 60.0}, r"`fatigue` must be given where `fatigue_s` is"),
        ({"skill_lapse": 0.5}, r"`lapse_spread` must be given where `skill_lapse` is"),
        ({"shared_error": 0.99, "systematic": 1.0, "repeatability": 1.0}, "systematic"),
    ],
)
def test_a_trait_that_cannot_be_is_refused_before_any_work(tables, crowd, message):
    del tables["axis"]
    tables["crowd"] = crowd
    with pytest.raises(SpecError, match=message):
        build_plan(convert(tables))


def test_arms_that_ask_nobody_share_one_stand_in(plan):
    """It was built anew for every run, which took longer than the run."""
    alone = [c for c in plan.conditions if c.content is None]
    info = plan.infos["digits"]
    assert len({id(population_of(c, info)) for c in alone}) == 1


def test_a_team_with_an_accuracy_of_each_is_a_program_of_its_own(tables):
    plain = build_plan(convert(tables))
    tables["workforce"], tables["axis"] = {"size": 3}, []
    tables["crowd"] = {"population": "perfect", "accuracies": [0.6, 0.8, 0.95]}
    each = build_plan(convert(tables))
    asked = [c for c in each.conditions if c.content]
    assert asked
    assert {c.content.traits[-1] for c in asked} == {"skill of each"}
    assert population_of(asked[0], each.infos[asked[0].task_name]).skill.shape == (3,)
    old = {r.key for r in plain.runs if not r.condition.content}
    assert old == {r.key for r in each.runs if not r.condition.content}


def test_training_without_l2_keeps_its_keys(plan):
    assert "l2" not in plan.conditions[0].resolved("")["training"]


@pytest.mark.parametrize(
    "change",
    [
        {"exclude": [{"arm": "control"}]},
        {
            "axis": [
                {
                    "field": "training.learning_rate",
                    "values": [1e-3, 2e-3],
                    "arms": ["random_half"],
                }
            ]
        },
    ],
    ids=["excluded", "a training of its own"],
)
def test_an_arm_without_a_control_to_compare_it_with_is_refused(tables, change):
    with pytest.raises(SpecError, match=r"must leave a control beside every arm, got"):
        build_plan(convert(tables | change))
