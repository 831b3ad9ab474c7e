"""Recordings that a study names: matched by id, refused where they do not fit."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from hitl_sim.record import REPLAY_SCHEMA
from hitl_sim.study.grid import inert_axes
from hitl_sim.study.plan import build_plan
from hitl_sim.study.recording import load_recording, recording_of
from hitl_sim.study.runner import dry_run, load_study, run_study
from hitl_sim.study.spec import SpecError, convert, load_spec
from hitl_sim.study.store import read_records
from hitl_sim.study.verify import verify_study
from hitl_sim.task import load_task

SECONDS = 5.0
SIMULATED = {
    "name": "simulated",
    "kind": "labelling",
    "rounds": 3,
    "questions": 20,
    "simulated": True,
}


def write(path, labels, num_people=4, **changed):
    """Everybody gives every item its label, five seconds each."""
    person, item = (index.ravel() for index in np.indices((num_people, labels.size)))
    columns = {
        "annotator": [f"p{a}" for a in person],
        "item": [str(i) for i in item],
        "answer": [str(k) for k in labels[item]],
        "seconds": np.full(item.size, SECONDS),
    }
    table = pa.table(columns | {name: f(person, item) for name, f in changed.items()})
    parquet.write_table(table, path)
    return table


def keep(path, chosen):
    table = parquet.read_table(path)
    parquet.write_table(table.filter(pa.array(chosen)), path)


@pytest.fixture(scope="module")
def digits():
    return load_task("digits")


@pytest.fixture
def recording(tmp_path, digits):
    path = tmp_path / "answers.parquet"
    write(path, digits[1].labels)
    return path


@pytest.fixture
def replayed(tables, recording):
    """The smoke study with a recording, and no arm but its control that it suits."""
    for name in ("irrelevant", "duplicate", "wrong_label"):
        tables["task"]["digits"][name] = 0.0
    tables["arm"] = [
        arm for arm in tables["arm"] if arm["name"] in ("control", "margin_labels")
    ]
    del tables["axis"]
    tables["crowd"] = {"recording": str(recording), "policy": "refuse"}
    tables["workforce"] = {"size": 4}
    return tables


def content_of(tables):
    plan = build_plan(convert(tables))
    (found,) = {c.content.recording for c in plan.conditions if c.content}
    return found


def test_a_study_says_what_its_recording_holds(replayed, digits):
    content = content_of(replayed)
    num_items = digits[0].num_items
    assert (content.num_people, content.num_items) == (4, num_items)
    assert content.num_answers == 4 * num_items
    assert content.is_timed
    assert content.policy == "refuse"


def test_answers_are_matched_by_id_and_not_by_place(replayed, recording, digits):
    info, data = digits
    table = parquet.read_table(recording)
    order = np.random.default_rng(0).permutation(table.num_rows)
    parquet.write_table(table.take(order), recording)
    answers = load_recording(str(recording), info).answers
    item = answers.key % info.num_items
    np.testing.assert_array_equal(answers.answer, data.labels[item])


def test_classes_and_items_are_matched_as_numbers_however_written(recording, digits):
    info, data = digits
    table = parquet.read_table(recording)
    for name in ("answer", "item"):
        texts = [f"{text}.0" for text in table.column(name).to_pylist()]
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(texts))
    parquet.write_table(table, recording)
    fractions = replace(info, item_ids=tuple(f"{name}.0" for name in info.item_ids))
    classes = replace(info, class_names=tuple(f"{n}.0" for n in info.class_names))
    for known in (info, fractions, classes):
        answers = load_recording(str(recording), known).answers
        item = answers.key % info.num_items
        np.testing.assert_array_equal(answers.answer, data.labels[item])


@pytest.mark.parametrize("words", [("False", "True"), ("FALSE", "true"), ("0", "1")])
def test_truth_values_are_classes_however_written(tmp_path, words):
    labels = np.arange(30) % 2
    answers = np.array(words)[labels]
    write(tmp_path / "answers.parquet", answers)
    columns = {"x": labels + 0.5, "id": np.arange(30)}
    for given in (labels, labels.astype(bool), np.array(["false", "True"])[labels]):
        parquet.write_table(
            pa.table({**columns, "label": given}), tmp_path / "t.parquet"
        )
        info, data = load_task(tmp_path / "t.parquet", item_column="id")
        found = load_recording(str(tmp_path / "answers.parquet"), info).answers
        item = found.key % info.num_items
        np.testing.assert_array_equal(found.answer, data.labels[item])


def test_only_what_was_answered_has_a_part_in_the_hash(replayed, recording):
    before = content_of(replayed)
    moved = recording.with_name("moved.parquet")
    recording.rename(moved)
    replayed["crowd"]["recording"] = str(moved)
    assert content_of(replayed).hash == before.hash
    keep(moved, np.arange(4 * 1797) != 3)
    replayed["crowd"]["policy"] = "model"
    assert content_of(replayed).hash != before.hash


def test_another_recording_gives_other_keys_to_those_who_replay_alone(
    replayed, recording, digits
):
    def keys():
        plan = build_plan(convert(replayed))
        return {
            arm: {r.key for r in plan.runs if r.condition.arm.name == arm}
            for arm in ("control", "margin_labels", "simulated")
        }

    replayed["arm"].append(SIMULATED)
    before = keys()
    write(recording, digits[1].labels, seconds=lambda person, item: item + 1.0)
    after = keys()
    assert before["control"] == after["control"]
    assert before["simulated"] == after["simulated"]
    assert not before["margin_labels"] & after["margin_labels"]


def test_a_recording_that_changed_since_the_plan_is_noticed(
    replayed, recording, digits
):
    plan = build_plan(convert(replayed))
    condition = next(c for c in plan.conditions if c.content)
    write(recording, digits[1].labels, seconds=lambda person, item: item + 1.0)
    with pytest.raises(SpecError, match="must stay as it was when the study was plann"):
        recording_of(condition, plan.infos["digits"])


@pytest.mark.parametrize(
    ("crowd", "words"),
    [
        ({"policy": None}, "`crowd.policy` must be 'refuse', 'restrict' or 'model'"),
        ({"recording": None}, "exactly where `crowd.recording` is given"),
        ({"policy": "guess"}, "`crowd.policy` must be"),
        ({"recording": "nowhere.parquet"}, "must be a file, got nothing there"),
        ({"accuracy": 0.9}, "`crowd.accuracy` must be left out .* recorded people"),
        ({"seconds": 3.0}, "`crowd.seconds` must be left out .* a time for every"),
        (
            {"policy": "model", "automation_bias": 1.0},
            "`crowd.automation_bias` must be left out",
        ),
        ({"policy": "model", "activity_spread": 1.0}, "`crowd.activity_spread` must"),
    ],
)
def test_a_crowd_that_contradicts_its_recording_is_refused(replayed, crowd, words):
    replayed["crowd"] = {
        k: v for k, v in (replayed["crowd"] | crowd).items() if v is not None
    }
    with pytest.raises(SpecError, match=words):
        build_plan(convert(replayed))


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ({"name": "x", "kind": "relevance"}, "must hold answers of kind 'rating', got"),
        ({"name": "x", "kind": "verification"}, "`arm.kind` must be 'labelling', 'rel"),
        ({"name": "x", "kind": "importance"}, "`arm.feedback` must be 'marks'"),
        (
            {"name": "x", "kind": "importance", "feedback": "marks"},
            "must hold answers of kind 'marks', got",
        ),
        ({"name": "x", "kind": "labelling", "rounds": 3, "suggest": True}, "suggest"),
        ({"name": "x", "kind": "labelling", "rounds": 3, "asks": 2}, "2 times each"),
        (
            {"name": "x", "kind": "labelling", "rounds": 3, "people": 5},
            "workforce.size",
        ),
    ],
)
def test_an_arm_that_nobody_recorded_can_answer_is_refused(replayed, arm, words):
    replayed["arm"].append(arm)
    with pytest.raises(SpecError, match=words):
        build_plan(convert(replayed))


def test_people_of_a_recording_are_the_team(replayed):
    replayed["workforce"]["size"] = 3
    with pytest.raises(SpecError, match=r"`workforce.size` must be 4, the people of"):
        build_plan(convert(replayed))


def test_a_dispatch_that_would_need_gigabytes_is_refused(replayed, monkeypatch):
    monkeypatch.setattr("hitl_sim.study.recording.MOST_CELLS", 3 * 4 * 60)
    with pytest.raises(
        SpecError, match="`dispatch_size` must be <= 3 where 4 recorded peopl"
    ):
        build_plan(convert(replayed))
    replayed["dispatch_size"] = 3
    build_plan(convert(replayed))


def test_simulated_arms_need_a_recording_to_differ_from(tables):
    tables["arm"].append(SIMULATED)
    with pytest.raises(SpecError, match=r"`arm.simulated` must be false without"):
        convert(tables)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("item", "got 'x17' in .*; 1 of its 1797 items are not in the task"),
        ("answer", r"must name classes of task 'digits' \('0', .*got 'x17'"),
    ],
)
def test_what_does_not_belong_to_the_task_is_named(
    column, words, replayed, recording, digits
):
    labels = digits[1].labels
    plain = {"item": np.arange(labels.size), "answer": labels}[column]

    def corrupted(person, item):
        return ["x17" if i == 17 else str(plain[i]) for i in item]

    write(recording, labels, **{column: corrupted})
    with pytest.raises(SpecError, match=words):
        build_plan(convert(replayed))


def test_ratings_answer_arms_that_ask_what_is_relevant(replayed, recording, digits):
    labels = digits[1].labels
    rated = {
        "kind": lambda person, item: ["rating"] * item.size,
        "answer": lambda person, item: [str(2 * (i % 2)) for i in item],
    }
    write(recording, labels, **rated)
    arm = {"name": "relevance", "kind": "relevance", "questions": 50}
    replayed["arm"] = [replayed["arm"][0], arm]
    assert content_of(replayed).num_answers == 4 * labels.size
    info = digits[0]
    answers = load_recording(str(recording), info, "relevance").answers
    item = answers.key % info.num_items
    np.testing.assert_array_equal(answers.answer, 2 * (item % 2))
    write(recording, labels, **rated | {"answer": lambda person, item: item % 5})
    with pytest.raises(SpecError, match=r"rate items by 0 \(drop\), .*, got '3'"):
        build_plan(convert(replayed))


@pytest.mark.parametrize(
    ("item", "parts", "words"),
    [
        ("all", 16, None),
        ("all", 15, "one item with 16 parts, .* got 1 with 15"),
        ("each", 16, "one item with 16 parts, .* got 4 with 16"),
    ],
)
def test_marks_of_the_feature_groups_answer_arms_that_ask_which_matter(
    replayed, recording, digits, item, parts, words
):
    people = [f"p{a}" for a in range(4)]
    columns = {
        "annotator": people,
        "item": people if item == "each" else ["all"] * 4,
        "kind": ["marks"] * 4,
        "answer": ["0 3", "3", "none", None],
        "parts": [parts] * 4,
        "seconds": [9.0] * 4,
    }
    parquet.write_table(pa.table(columns), recording)
    arm = {"name": "importance", "kind": "importance", "feedback": "marks"}
    replayed["arm"] = [replayed["arm"][0], arm]
    replayed["task"]["digits"]["irrelevant"] = 0.2
    if words:
        with pytest.raises(SpecError, match=words):
            build_plan(convert(replayed))
        return
    assert content_of(replayed).num_answers == 4
    answers = load_recording(str(recording), digits[0], "marks").answers
    assert answers.answer.shape == (4, 16)
    assert np.flatnonzero(answers.answer[0]).tolist() == [0, 3]
    assert answers.answer[2].tolist() == [0] * 16
    assert answers.answer[3].tolist() == [-1] * 16


def test_a_recording_of_another_kind_is_refused(replayed, recording, digits):
    ratings = {"kind": lambda person, item: ["rating"] * item.size}
    write(recording, digits[1].labels, **ratings)
    with pytest.raises(
        SpecError, match=r"must hold answers of kind 'label', got .*'rat"
    ):
        build_plan(convert(replayed))


def test_refuse_names_the_first_item_that_too_few_have_answered(replayed, recording):
    item = np.tile(np.arange(1797), 4)
    person = np.repeat(np.arange(4), 1797)
    keep(recording, (item % 100 != 42) | (person > 1))
    with pytest.raises(SpecError, match="got 2 for item '42' and too few for 18 in"):
        build_plan(convert(replayed))
    for policy in ("restrict", "model"):
        replayed["crowd"]["policy"] = policy
        assert content_of(replayed).policy == policy


OWN = """
import jax.numpy as jnp

from hitl_sim import part
from hitl_sim.learn.intervention import Intervention
from hitl_sim.learn.intervention.base import even_steps, label_questions
from hitl_sim.learn.optimise import TrainSet


@part.intervention()
def first_ten(program, *, feedback="label"):
    num = 10

    def begin(key, setting):
        place = jnp.arange(num)
        return None, label_questions(setting, place, program.shape.num_classes)

    def training(setting, plan):
        pool = setting.split.pool
        label = jnp.zeros_like(pool.label) if plan is None else plan
        order = jnp.arange(program.shape.num_pool)
        return TrainSet(pool.features, label, order, jnp.int32(num))

    def absorb(setting, plan, answers):
        return setting.split.pool.label.at[:num].set(answers.answer[:, 0])

    return Intervention(
        program.shape.num_features, even_steps(program.train), begin, training, absorb,
        num_questions=num, feedback=feedback,
    )
"""


@pytest.fixture
def brought(replayed, tmp_path):
    """A study whose arm with people is an intervention of its own."""
    (tmp_path / "own.py").write_text(OWN)
    replayed["part"] = {"first_ten": {"source": f"{tmp_path}/own.py:first_ten"}}
    replayed["arm"][1] = {"name": "own", "kind": "first_ten", "question": "label"}
    return replayed


def test_an_intervention_of_one_s_own_is_answered_from_a_recording(brought, tmp_path):
    brought |= {"replicates": 2, "dispatch_size": 2}
    done = run_study(convert(brought), tmp_path / "out", 1)
    assert done.messages == ()
    rows = load_study(tmp_path / "out")[1].to_pylist()
    own = [row for row in rows if row["arm"] == "own"]
    assert [row["replayed"] for row in own] == [30, 30]
    assert [row["modelled"] for row in own] == [0, 0]
    assert [row["label_accuracy"] for row in own] == [1.0, 1.0]


def test_an_intervention_of_one_s_own_asks_what_a_recording_can_answer(
    brought, recording
):
    brought["arm"][1] |= {
        "question": "verification",
        "options": {"feedback": "verification"},
    }
    with pytest.raises(
        SpecError, match=r"`arm.question` must be one of 'label', .* wh"
    ):
        convert(brought)
    brought["arm"][1] |= {"question": "label", "options": {}}
    keep(recording, np.tile(np.arange(1797), 4) < 9)
    brought["crowd"]["policy"] = "restrict"
    with pytest.raises(
        SpecError, match=r"must not exceed the 9 items .* got 10 in all"
    ):
        build_plan(convert(brought))


def test_refuse_allows_no_items_that_are_made_up(replayed):
    replayed["task"]["digits"]["duplicate"] = 0.1
    with pytest.raises(SpecError, match="duplicate` must be 0, for nobody answered"):
        build_plan(convert(replayed))
    replayed["crowd"]["policy"] = "restrict"
    build_plan(convert(replayed))


def test_restrict_needs_as_many_recorded_items_as_there_are_questions(
    replayed, recording
):
    keep(recording, np.tile(np.arange(1797), 4) < 59)
    replayed["crowd"]["policy"] = "restrict"
    with pytest.raises(SpecError, match="not exceed the 59 items that 3 people"):
        build_plan(convert(replayed))


def test_a_swept_parameter_acts_on_simulated_arms_only_and_is_else_said_to_be_inert(
    replayed,
):
    replayed["axis"] = [{"field": "crowd.accuracy", "values": [0.6, 0.9]}]
    assert inert_axes(convert(replayed)) == {
        "crowd.accuracy": "recorded people answer as they did"
    }
    replayed["arm"].append(SIMULATED)
    assert inert_axes(convert(replayed)) == {}
    conditions = build_plan(convert(replayed)).conditions
    arms = [c.arm.name for c in conditions if c.content]
    assert arms.count("margin_labels") == 1
    assert arms.count("simulated") == 2
    replayed["axis"][0]["arms"] = ["margin_labels"]
    with pytest.raises(SpecError, match=r"`axis.arms` must name arms on which"):
        build_plan(convert(replayed))


def test_recordings_can_be_swept(replayed, recording, digits):
    other = recording.with_name("other.parquet")
    write(other, digits[1].labels, seconds=lambda person, item: item + 1.0)
    axis = {"field": "crowd.recording", "values": [str(recording), str(other)]}
    replayed["axis"] = [axis]
    plan = build_plan(convert(replayed))
    asked = [c for c in plan.conditions if c.content]
    assert {c.content.label for c in asked} == {"answers.parquet", "other.parquet"}
    assert len({c.content.recording.hash for c in asked}) == 2
    assert len(plan.groups) == 3


def test_a_path_is_read_from_the_study_files_folder(tmp_path, smoke_file, recording):
    text = smoke_file.read_text().replace(
        "[prices]", '[crowd]\nrecording = "answers.parquet"\npolicy = "model"\n[prices]'
    )
    study = tmp_path / "study.toml"
    arms = text.replace("questions = 100", "questions = 100\nsimulated = true")
    study.write_text(arms)
    assert load_spec(study).crowd.recording == str(recording)


@pytest.fixture(scope="module")
def studied(tmp_path_factory, digits):
    """Right people, replayed and simulated, run once; with one in four unanswered."""
    folder = tmp_path_factory.mktemp("studied")
    labels = digits[1].labels
    for name in ("whole", "part"):
        write(folder / f"{name}.parquet", labels)
    keep(folder / "part.parquet", np.tile(np.arange(labels.size) % 4 != 0, 4))
    smoke = Path(__file__).parents[2] / "experiments" / "smoke.toml"
    tables = tomllib.loads(smoke.read_text())
    task = tables["task"]["digits"]
    task |= {"irrelevant": 0.0, "duplicate": 0.0, "wrong_label": 0.0}
    labelling = {"kind": "labelling", "rounds": 3, "questions": 20}
    tables["arm"] = [
        tables["arm"][0],
        {"name": "recorded", **labelling},
        {"name": "perfect", "simulated": True, **labelling},
    ]
    tables["axis"] = [
        {
            "field": "crowd.recording",
            "values": [str(folder / f"{name}.parquet") for name in ("whole", "part")],
        }
    ]
    tables["workforce"] = {"size": 4, "break_s": 0.0}
    tables["crowd"] = {
        "population": "perfect",
        "recording": str(folder / "whole.parquet"),
        "policy": "model",
    }
    out = folder / "out"
    run_study(convert(tables), out, 1)
    return tables, out


@pytest.mark.study
class TestRun:
    """A study with recorded and simulated people, run in child processes."""

    def test_people_who_are_right_throughout_equal_simulated_ones_who_never_err(
        self, studied
    ):
        rows = load_study(studied[1])[1].to_pylist()
        curves = {}
        for row in rows:
            if row["arm"] != "control":
                at = row["replicate"], row["population"]
                curves[at] = row["validation_accuracy"]
        for replicate in range(4):
            mine = [c for (r, _), c in curves.items() if r == replicate]
            assert len(mine) == 3
            assert mine[0] == mine[1] == mine[2]

    def test_every_answer_is_counted_by_where_it_came_from(self, studied):
        rows = load_study(studied[1])[1].to_pylist()
        whole, part = (
            [r for r in rows if r["population"] == f"{name}.parquet, else perfect"]
            for name in ("whole", "part")
        )
        names = REPLAY_SCHEMA.names
        assert {tuple(r[n] for n in names) for r in whole} == {(180, 0, 0, 0)}
        for row in part:
            assert row["replayed"] + row["modelled"] == 180
            assert row["modelled"] % 3 == 0
        share = sum(r["modelled"] for r in part) / (180 * len(part))
        # 60 items of each run, a quarter of them unanswered
        assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / (60 * len(part)))
        others = [r for r in rows if r["arm"] in ("control", "perfect")]
        assert {r["replayed"] for r in others} == {None}

    def test_recorded_seconds_are_what_people_worked(self, studied):
        rows = load_study(studied[1])[1].to_pylist()
        worked = {
            r["worked_s"][-1]
            for r in rows
            if r["population"] == "whole.parquet, else perfect"
        }
        assert worked == {180 * SECONDS}

    def test_the_manifest_names_what_was_replayed(self, studied):
        manifest = json.loads((studied[1] / "manifest.json").read_text())
        entry = manifest["populations"]["whole.parquet, else perfect"]
        assert entry["recording"]["label"]["num_answers"] == 4 * 1797
        assert len(entry["recording"]["label"]["hash"]) == 64
        standing = "recorded (7,188 answers of 4 people); what nobody recorded: perfect"
        assert entry["status"]["label"].startswith(standing)

    def test_records_have_the_same_bytes_again_and_with_two_workers(
        self, studied, tmp_path
    ):
        tables, out = studied
        found = verify_study(out, 20, 1)
        assert found.unlike == ()
        assert found.files == found.total
        run_study(convert(tables), tmp_path, 2)
        for path in (out / "records").glob("*.parquet"):
            assert (tmp_path / "records" / path.name).read_bytes() == path.read_bytes()
        assert read_records(out).num_rows == 4 * 5

    def test_a_dry_run_sees_that_nothing_is_left(self, studied):
        plan = dry_run(convert(studied[0]), studied[1])
        assert plan.runs_left == 0
        assert plan.inert == {}
